import type { z } from 'zod'
import { nameOfActor } from '../../base/actor-name.ts'
import { getBackupRow } from '../backups/find-backup.ts'
import type { ServiceContext } from '../context.ts'
import { ServiceError } from '../errors.ts'
import { mutate } from '../gate.ts'
import { parseInput } from '../parse-input.ts'
import { noteInStores } from '../stores/catalog-note.ts'
import { liftHoldSchema } from './schemas.ts'

/** For administrators: whoever places a hold must be able to rely on it. One hold of a backup, or all that stand. */
export async function liftHold(context: ServiceContext, input: z.input<typeof liftHoldSchema>): Promise<void> {
  const { backupId, holdId, reason } = parseInput(liftHoldSchema, input)
  const backup = await getBackupRow(context, backupId)
  const cluster = { id: backup.clusterId, name: backup.clusterName }
  await mutate(
    context,
    { action: 'backup.lift-hold', cluster, reason, before: { backup: backupId } },
    async (tx, record) => {
      const where = { backupId, liftedAt: null, ...(holdId === null ? {} : { id: holdId }) }
      const holds = await tx.backupHold.findMany({
        where,
        orderBy: [{ placedAt: 'asc' }, { id: 'asc' }],
        select: { id: true, reason: true, placedByName: true },
      })
      record({
        before: {
          holds: holds.map(({ id }) => id),
          heldBy: holds.map(({ placedByName }) => placedByName),
          heldBecause: holds.map((hold) => hold.reason),
        },
      })
      const { count } = await tx.backupHold.updateMany({
        where,
        data: {
          liftedAt: new Date(context.clock.now()),
          liftedById: context.actor.id,
          liftedByName: nameOfActor(context.actor),
          liftReason: reason,
        },
      })
      if (count === 0) {
        throw new ServiceError('WRONG_STATE', 'No such hold stands', {
          unaffected: 'nothing was changed',
          remedy: 'see the holds on the page of the backup: it may be lifted already',
        })
      }
    },
  )
  await noteInStores(context, backup.id)
}
