import type { z } from 'zod'
import { nameOfActor } from '../../base/actor-name.ts'
import { getBackupRow } from '../backups/find-backup.ts'
import type { ServiceContext } from '../context.ts'
import { ServiceError } from '../errors.ts'
import { mutate } from '../gate.ts'
import { parseInput } from '../parse-input.ts'
import { noteInStores } from '../stores/catalog-note.ts'
import { placeHoldSchema } from './schemas.ts'

const DAY_MS = 86_400_000

/** A held backup stays, whatever rules and people say, until the day is over or an administrator lifts the hold. */
export async function placeHold(
  context: ServiceContext,
  input: z.input<typeof placeHoldSchema>,
): Promise<{ readonly holdId: string }> {
  const { backupId, reason, until: untilText } = parseInput(placeHoldSchema, input)
  const until = untilText === null ? null : parseUntil(untilText, context.clock.now())
  const backup = await getBackupRow(context, backupId)
  const holdId = context.newId()
  await mutate(
    context,
    {
      action: 'backup.hold',
      cluster: { id: backup.clusterId, name: backup.clusterName },
      reason,
      after: { backup: backupId, hold: holdId, until: until?.toISOString() ?? null },
    },
    async (tx) => {
      const { count } = await tx.backup.updateMany({
        where: { id: backupId, deletedAt: null },
        data: { removeAfter: null, removeReason: null, keepRevision: null },
      })
      if (count === 0) throw new ServiceError('NOT_FOUND', `There is no backup ${backupId}`)
      await tx.backupHold.create({
        data: {
          id: holdId,
          backupId,
          reason,
          placedById: context.actor.id,
          placedByName: nameOfActor(context.actor),
          placedAt: new Date(context.clock.now()),
          until,
        },
        select: { id: true },
      })
    },
  )
  await noteInStores(context, backupId)
  return { holdId }
}

/** A day lasts to its end, in UTC. */
function parseUntil(text: string, nowMs: number): Date {
  const ms = text.includes('T') ? Date.parse(text) : Date.parse(`${text}T00:00:00Z`) + DAY_MS
  const fault = Number.isNaN(ms) ? 'This is no day' : ms <= nowMs ? 'This day is over' : null
  if (fault === null) return new Date(ms)
  throw new ServiceError('INVALID_INPUT', `The hold cannot last until ${text}: ${fault.toLowerCase()}`, {
    unaffected: 'nothing was changed',
    details: { fields: { until: fault } },
  })
}
