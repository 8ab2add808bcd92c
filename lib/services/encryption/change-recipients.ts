import type { z } from 'zod'
import { isArkeeperError } from '../../base/errors.ts'
import { getClusterForWriting } from '../clusters/armed.ts'
import type { ServiceContext } from '../context.ts'
import { ServiceError } from '../errors.ts'
import { assertActorCan, type Mutation, mutate } from '../gate.ts'
import { parseInput } from '../parse-input.ts'
import { ALL_CLUSTERS, addRecipientSchema, RECIPIENTS_MAX, removeRecipientSchema } from './schemas.ts'

/** Adds a public key that new archives are encrypted to once encryption is on. */
export async function addRecipient(
  context: ServiceContext,
  input: z.input<typeof addRecipientSchema>,
): Promise<{ readonly recipientId: string }> {
  const { clusterId, forAll, label, ...given } = parseInput(addRecipientSchema, input)
  const cluster = await getClusterForWriting(context, clusterId)
  const scope = forAll ? ALL_CLUSTERS : cluster.id
  // Before the key is looked at: what it says of it is for who may choose it.
  await assertActorCan(context, mutationOf(scope, cluster, {}))
  const recipient = parseKey(context, given.recipient)
  const recipientId = context.newId()
  await mutate(context, mutationOf(scope, cluster, { added: recipient, label }), async (tx) => {
    const known = await tx.encryptionRecipient.findMany({ where: { scope }, select: { recipient: true } })
    const all = [...known.map((row) => row.recipient), recipient]
    if (known.some((row) => row.recipient === recipient)) throw fault('This key is in the list already')
    if (all.length > RECIPIENTS_MAX) throw fault(`There are ${RECIPIENTS_MAX} keys already; that is the most`)
    parseKeys(context, all)
    await tx.encryptionRecipient.create({
      data: {
        id: recipientId,
        scope,
        recipient,
        label,
        createdById: context.actor.id,
        createdAt: new Date(context.clock.now()),
      },
      select: { id: true },
    })
  })
  return { recipientId }
}

/** New archives are not encrypted to it any more; those that are there still are. The last one goes only when encryption is off. */
export async function removeRecipient(
  context: ServiceContext,
  input: z.input<typeof removeRecipientSchema>,
): Promise<void> {
  const { clusterId, recipientId } = parseInput(removeRecipientSchema, input)
  const cluster = await getClusterForWriting(context, clusterId)
  const row = await context.db.encryptionRecipient.findUnique({
    where: { id: recipientId },
    select: { scope: true, recipient: true },
  })
  if (row?.scope !== ALL_CLUSTERS) await assertActorCan(context, mutationOf(cluster.id, cluster, {}))
  if (!row || (row.scope !== cluster.id && row.scope !== ALL_CLUSTERS)) {
    throw new ServiceError('NOT_FOUND', 'There is no such key in the list', { unaffected: 'nothing was changed' })
  }
  const { scope, recipient } = row
  await mutate(context, mutationOf(scope, cluster, { removed: recipient }), async (tx) => {
    await tx.encryptionRecipient.deleteMany({ where: { id: recipientId } })
    const left = await tx.encryptionRecipient.count({ where: { scope } })
    const choice = await tx.encryptionChoice.findUnique({ where: { scope }, select: { mode: true } })
    if (left > 0 || choice?.mode !== 'own') return
    throw new ServiceError('WRONG_STATE', 'This is the last key: new backups would be plain without a word', {
      unaffected: 'nothing was changed',
      remedy: 'add another key first, or turn encryption off',
    })
  })
}

function mutationOf(
  scope: string,
  cluster: { readonly id: string; readonly name: string },
  after: { readonly [fact: string]: string },
): Mutation {
  return scope === ALL_CLUSTERS
    ? { action: 'encryption.set-default', after }
    : { action: 'encryption.set', cluster: { id: cluster.id, name: cluster.name }, after }
}

function parseKey(context: ServiceContext, text: string): string {
  return parseKeys(context, [text])[0] ?? text
}

function parseKeys(context: ServiceContext, texts: readonly string[]): string[] {
  try {
    return context.age.parseRecipients(texts)
  } catch (error) {
    if (!isArkeeperError(error)) throw error
    throw fault(error.message, error)
  }
}

function fault(message: string, cause?: unknown): ServiceError {
  return new ServiceError('INVALID_INPUT', message, {
    cause,
    unaffected: 'nothing was changed',
    details: { fields: { recipient: message } },
  })
}
