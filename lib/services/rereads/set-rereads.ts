import type { z } from 'zod'
import { getClusterForWriting } from '../clusters/armed.ts'
import type { ServiceContext } from '../context.ts'
import { mutate } from '../gate.ts'
import { parseInput } from '../parse-input.ts'
import { setRereadsSchema } from './schemas.ts'

const MEGABYTE = 1_000_000

/** How the archives of a cluster are read again by the clock; the first turn is at once. */
export async function setRereads(context: ServiceContext, input: z.input<typeof setRereadsSchema>): Promise<void> {
  const { clusterId, megabytesPerDayMax, ...chosen } = parseInput(setRereadsSchema, input)
  const { id, name } = await getClusterForWriting(context, clusterId)
  const now = new Date(context.clock.now())
  await mutate(
    context,
    { action: 'backup.schedule-reread', cluster: { id, name }, after: { ...chosen, megabytesPerDayMax } },
    async (tx, record) => {
      const before = await tx.rereadSchedule.findUnique({
        where: { clusterId: id },
        select: { enabled: true, everyDays: true, fromHour: true, toHour: true, timeZone: true, bytesPerDayMax: true },
      })
      record({ before })
      const data = {
        ...chosen,
        bytesPerDayMax: megabytesPerDayMax === null ? null : BigInt(megabytesPerDayMax) * BigInt(MEGABYTE),
        nextRunAt: now,
      }
      await tx.rereadSchedule.upsert({
        where: { clusterId: id },
        create: { clusterId: id, ...data, dayStartedAt: now },
        update: data,
        select: { clusterId: true },
      })
    },
  )
}
