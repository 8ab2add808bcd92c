import type { z } from 'zod'
import { getClusterForWriting } from '../clusters/armed.ts'
import type { ServiceContext } from '../context.ts'
import { ServiceError } from '../errors.ts'
import { assertActorCan, type Mutation, mutate } from '../gate.ts'
import { parseInput } from '../parse-input.ts'
import { ALL_CLUSTERS, proveKeySchema } from './schemas.ts'
import { listIdentities, parseIdentity } from './unlock.ts'

/**
 * Encrypts something new to the public key and opens it with the private one: what nobody can open is no backup. A key that is pasted is
 * used for this alone and kept nowhere.
 */
export async function proveKey(context: ServiceContext, input: z.input<typeof proveKeySchema>): Promise<void> {
  const { clusterId, recipientId, identity } = parseInput(proveKeySchema, input)
  const { id, name } = await getClusterForWriting(context, clusterId)
  await assertActorCan(context, { action: 'encryption.prove', cluster: { id, name } })
  const row = await context.db.encryptionRecipient.findUnique({
    where: { id: recipientId },
    select: { scope: true, recipient: true },
  })
  if (!row || (row.scope !== id && row.scope !== ALL_CLUSTERS)) {
    throw new ServiceError('NOT_FOUND', 'There is no such key in the list', { unaffected: 'nothing was changed' })
  }
  const { recipient } = row
  const identities = identity === undefined ? await listIdentities(context) : await parseIdentity(context, identity)
  const way = identity === undefined ? 'with a key at hand' : 'with a pasted key'
  const mutation: Mutation = { action: 'encryption.prove', cluster: { id, name }, after: { key: recipient, way } }
  const opened = await Promise.all(identities.map((one) => context.age.opens(recipient, one)))
  await mutate(context, mutation, async (tx) => {
    if (!opened.includes(true)) {
      const what = identity === undefined ? 'No private key at hand' : 'This private key does not'
      const message =
        identity === undefined
          ? `${what} opens what is encrypted to ${recipient}`
          : `${what} open what is encrypted to ${recipient}`
      throw new ServiceError('INVALID_INPUT', message, {
        unaffected: 'nothing was changed',
        remedy: 'paste the private key that belongs to it; if nobody has it, remove the key from the list at once',
        details: { fields: { identity: message } },
      })
    }
    await tx.encryptionRecipient.updateMany({
      where: { recipient },
      data: { provedAt: new Date(context.clock.now()), provedById: context.actor.id },
    })
  })
}
