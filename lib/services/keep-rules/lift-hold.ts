import type { z } from 'zod'
import { nameOfActor } from '../../base/actor-name.ts'
import type { ServiceContext } from '../context.ts'
import { ServiceError } from '../errors.ts'
import { mutate } from '../gate.ts'
import { parseInput } from '../parse-input.ts'
import { liftHoldSchema } from './schemas.ts'

/** For administrators: whoever places a hold must be able to rely on it. */
export async function liftHold(context: ServiceContext, input: z.input<typeof liftHoldSchema>): Promise<void> {
  const { holdId, reason } = parseInput(liftHoldSchema, input)
  const hold = await context.db.backupHold.findUnique({
    where: { id: holdId },
    select: {
      reason: true,
      placedByName: true,
      backup: { select: { id: true, clusterId: true, clusterName: true } },
    },
  })
  if (!hold) throw new ServiceError('NOT_FOUND', `There is no hold ${holdId}`)
  const { backup } = hold
  await mutate(
    context,
    {
      action: 'backup.lift-hold',
      cluster: { id: backup.clusterId, name: backup.clusterName },
      reason,
      before: { backup: backup.id, hold: holdId, heldBy: hold.placedByName, heldBecause: hold.reason },
    },
    async (tx) => {
      const { count } = await tx.backupHold.updateMany({
        where: { id: holdId, liftedAt: null },
        data: {
          liftedAt: new Date(context.clock.now()),
          liftedById: context.actor.id,
          liftedByName: nameOfActor(context.actor),
          liftReason: reason,
        },
      })
      if (count === 0) {
        throw new ServiceError('WRONG_STATE', 'This hold is lifted already', { unaffected: 'nothing was changed' })
      }
    },
  )
}
