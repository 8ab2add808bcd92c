import type { z } from 'zod'
import { getClusterForWriting } from '../clusters/armed.ts'
import type { ServiceContext } from '../context.ts'
import { mutate } from '../gate.ts'
import { parseInput } from '../parse-input.ts'
import { setDrillScheduleSchema } from './schemas.ts'

/** Drills of a cluster's newest good backup, by the clock; the first turn is at once. The limit holds for drills by hand, too. */
export async function setDrillSchedule(
  context: ServiceContext,
  input: z.input<typeof setDrillScheduleSchema>,
): Promise<void> {
  const { clusterId, ...chosen } = parseInput(setDrillScheduleSchema, input)
  const { id, name } = await getClusterForWriting(context, clusterId)
  const nextRunAt = new Date(context.clock.now())
  await mutate(
    context,
    { action: 'backup.schedule-drill', cluster: { id, name }, after: chosen },
    async (tx, record) => {
      const before = await tx.drillSchedule.findUnique({
        where: { clusterId: id },
        select: { enabled: true, everyHours: true, limitMinutes: true },
      })
      record({ before: before ?? { enabled: false } })
      await tx.drillSchedule.upsert({
        where: { clusterId: id },
        create: { clusterId: id, ...chosen, nextRunAt },
        update: { ...chosen, nextRunAt },
        select: { clusterId: true },
      })
    },
  )
}
