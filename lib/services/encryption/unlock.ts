import type { z } from 'zod'
import type { AgeIdentity } from '../../adapters/age/identities.ts'
import { isArkeeperError } from '../../base/errors.ts'
import { getClusterForWriting } from '../clusters/armed.ts'
import type { ServiceContext } from '../context.ts'
import { ServiceError } from '../errors.ts'
import { assertActorCan, mutate } from '../gate.ts'
import { parseInput } from '../parse-input.ts'
import { lockSchema, unlockSchema } from './schemas.ts'

const MINUTE_MS = 60_000

/**
 * Keeps private keys for a while, sealed, for every process of the installation: what is encrypted to them can be read until then, of
 * whatever cluster, by whom the roles let. The audit names the public keys; the private ones are shown and logged nowhere.
 */
export async function unlock(context: ServiceContext, input: z.input<typeof unlockSchema>): Promise<void> {
  const { clusterId, identity, minutes } = parseInput(unlockSchema, input)
  const { id, name } = await getClusterForWriting(context, clusterId)
  await assertActorCan(context, { action: 'encryption.unlock', cluster: { id, name } })
  const identities = await parseIdentity(context, identity)
  const nowMs = context.clock.now()
  const endsAt = new Date(nowMs + minutes * MINUTE_MS)
  const after = { keys: identities.map(({ recipient }) => recipient), until: endsAt.toISOString() }
  await mutate(context, { action: 'encryption.unlock', cluster: { id, name }, after }, async (tx) => {
    for (const { secret, recipient } of identities) {
      await tx.keyUnlock.deleteMany({ where: { clusterId: id, recipient } })
      await tx.keyUnlock.create({
        data: {
          id: context.newId(),
          clusterId: id,
          recipient,
          secret: context.secrets.seal(secret),
          endsAt,
          unlockedById: context.actor.id,
          unlockedByName: context.actor.name,
          createdAt: new Date(nowMs),
        },
        select: { id: true },
      })
    }
  })
}

/** Before its time. What is being read goes on to its end; nothing new is opened. */
export async function lock(context: ServiceContext, input: z.input<typeof lockSchema>): Promise<void> {
  const { clusterId, unlockId } = parseInput(lockSchema, input)
  const { id, name } = await getClusterForWriting(context, clusterId)
  await assertActorCan(context, { action: 'encryption.lock', cluster: { id, name } })
  const row = await context.db.keyUnlock.findFirst({
    where: { id: unlockId, clusterId: id },
    select: { recipient: true },
  })
  if (!row) throw new ServiceError('NOT_FOUND', 'This key is locked already', { unaffected: 'nothing was changed' })
  await mutate(
    context,
    { action: 'encryption.lock', cluster: { id, name }, after: { key: row.recipient } },
    async (tx) => {
      await tx.keyUnlock.deleteMany({ where: { id: unlockId } })
    },
  )
}

/** Removes what is over; true when there was something. By the worker, again and again. */
export async function sweepUnlocks(context: ServiceContext): Promise<boolean> {
  const over = { endsAt: { lte: new Date(context.clock.now()) } }
  const row = await context.db.keyUnlock.findFirst({ where: over, orderBy: [{ endsAt: 'asc' }, { id: 'asc' }] })
  if (!row) return false
  const cluster = await context.db.cluster.findUnique({
    where: { id: row.clusterId },
    select: { id: true, name: true },
  })
  await mutate(
    context,
    { action: 'encryption.lock', cluster, after: { key: row.recipient }, reason: 'its time is over' },
    async (tx) => {
      await tx.keyUnlock.deleteMany({ where: { id: row.id } })
    },
  )
  return true
}

type KeyContext = Pick<ServiceContext, 'db' | 'secrets' | 'clock' | 'age'>

/** Every private key that is at hand: of the machine, and unlocked. For the archive port alone. */
export async function listIdentities(context: KeyContext): Promise<AgeIdentity[]> {
  const rows = await context.db.keyUnlock.findMany({
    where: { endsAt: { gt: new Date(context.clock.now()) } },
    select: { recipient: true, secret: true },
    orderBy: [{ createdAt: 'asc' }, { id: 'asc' }],
  })
  const unlocked = rows.map(({ recipient, secret }) => ({ recipient, secret: context.secrets.open(secret) }))
  // A file that cannot be read must not lock out what a person has unlocked; what is wrong with it is on the page.
  const machine = await context.age.machineIdentities().catch((error: unknown) => {
    if (unlocked.length === 0 || !isArkeeperError(error)) throw error
    return []
  })
  return [...machine, ...unlocked]
}

export async function parseIdentity(context: Pick<ServiceContext, 'age'>, text: string): Promise<AgeIdentity[]> {
  try {
    return await context.age.parseIdentities(text)
  } catch (error) {
    if (!isArkeeperError(error)) throw error
    throw new ServiceError('INVALID_INPUT', error.message, {
      unaffected: 'nothing was kept',
      details: { fields: { identity: error.message } },
    })
  }
}
