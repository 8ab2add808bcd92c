import type { z } from 'zod'
import type { ServiceContext } from '../context.ts'
import { ServiceError } from '../errors.ts'
import { mutate } from '../gate.ts'
import { parseInput } from '../parse-input.ts'
import { findRestoreClusters } from '../restores/find-restore.ts'
import { getPhysicalRow, getPlan } from './find-physical.ts'
import { runbookOf } from './runbook.ts'
import { tickPhysicalSchema } from './schemas.ts'

/** Somebody has done a step of the runbook, or takes the tick back. Everybody sees who and when. */
export async function tickStep(context: ServiceContext, input: z.input<typeof tickPhysicalSchema>): Promise<void> {
  const { physicalId, step, done } = parseInput(tickPhysicalSchema, input)
  const row = await getPhysicalRow(context, physicalId)
  if (!runbookOf(getPlan(row)).some(({ key }) => key === step)) {
    throw new ServiceError('NOT_FOUND', `The runbook has no step ${step}`)
  }
  const cluster = (await findRestoreClusters(context, [row.clusterId])).get(row.clusterId)
  await mutate(
    context,
    {
      action: 'physical-restore.tick',
      cluster: cluster ? { id: cluster.id, name: cluster.name } : null,
      after: { physicalRestore: physicalId, step, done },
    },
    async (tx) => {
      if (!done) {
        await tx.physicalTick.deleteMany({ where: { physicalId, step } })
        return
      }
      const tick = {
        at: new Date(context.clock.now()),
        actorId: context.actor.id ?? 'system',
        actorName: context.actor.name,
      }
      // Who ticked it first stays.
      await tx.physicalTick.upsert({
        where: { physicalId_step: { physicalId, step } },
        create: { physicalId, step, ...tick },
        update: {},
        select: { step: true },
      })
    },
  )
}
