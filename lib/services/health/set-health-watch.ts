import type { z } from 'zod'
import { getClusterForWriting } from '../clusters/armed.ts'
import type { ServiceContext } from '../context.ts'
import { mutate } from '../gate.ts'
import { parseInput } from '../parse-input.ts'
import { setHealthWatchSchema } from './schemas.ts'

/** Whether and how often the servers of a cluster are looked at; the first look is at once. What was seen stays until it is old. */
export async function setHealthWatch(
  context: ServiceContext,
  input: z.input<typeof setHealthWatchSchema>,
): Promise<void> {
  const { clusterId, ...chosen } = parseInput(setHealthWatchSchema, input)
  const { id, name } = await getClusterForWriting(context, clusterId)
  const nextRunAt = new Date(context.clock.now())
  await mutate(
    context,
    { action: 'cluster.watch-health', cluster: { id, name }, after: chosen },
    async (tx, record) => {
      const before = await tx.healthWatch.findUnique({
        where: { clusterId: id },
        select: { enabled: true, everySeconds: true },
      })
      record({ before: before ?? { enabled: true } })
      await tx.healthWatch.upsert({
        where: { clusterId: id },
        create: { clusterId: id, ...chosen, nextRunAt },
        update: { ...chosen, nextRunAt },
        select: { clusterId: true },
      })
    },
  )
}
