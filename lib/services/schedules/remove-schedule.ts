import type { z } from 'zod'
import { findCluster } from '../clusters/find-cluster.ts'
import type { ServiceContext } from '../context.ts'
import { mutate } from '../gate.ts'
import { parseInput } from '../parse-input.ts'
import { factsOf, getScheduleRow } from './schedule-row.ts'
import { removeScheduleSchema } from './schemas.ts'

/** No runs from now on. Its backups and the history of its runs stay; one that waits or runs goes on. */
export async function removeSchedule(
  context: ServiceContext,
  input: z.input<typeof removeScheduleSchema>,
): Promise<void> {
  const { scheduleId } = parseInput(removeScheduleSchema, input)
  const row = await getScheduleRow(context, scheduleId)
  const cluster = await findCluster(context, row.clusterId)
  await mutate(
    context,
    { action: 'schedule.remove', cluster, before: { schedule: scheduleId, ...factsOf(row) } },
    async (tx) => {
      await tx.schedule.deleteMany({ where: { id: scheduleId } })
    },
  )
}
