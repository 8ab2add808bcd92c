import type { z } from 'zod'
import { drawHistory, HISTORY_RANGES } from '../../domain/health/series.ts'
import { getClusterForWriting } from '../clusters/armed.ts'
import type { ServiceContext } from '../context.ts'
import { parseInput } from '../parse-input.ts'
import { SAMPLE_COLUMNS } from './sample-columns.ts'
import { HEALTH_EVERY_SECONDS, healthHistorySchema } from './schemas.ts'
import type { HealthHistoryView } from './views.ts'

/** The looks of a range that ends now, drawn on one axis. Throws NOT_FOUND. */
export async function getHealthHistory(
  context: Pick<ServiceContext, 'db' | 'clock'>,
  input: z.input<typeof healthHistorySchema>,
): Promise<HealthHistoryView> {
  const { clusterId, range } = parseInput(healthHistorySchema, input)
  const { id } = await getClusterForWriting(context, clusterId)
  const watch = await context.db.healthWatch.findUnique({ where: { clusterId: id }, select: { everySeconds: true } })
  const nowMs = context.clock.now()
  const { spanMs, leastTier, bucketMs } = HISTORY_RANGES[range]
  const rows = await context.db.healthSample.findMany({
    // One part more, so that the first difference of a counter has something before it.
    where: { clusterId: id, at: { gte: new Date(nowMs - spanMs - bucketMs) }, tier: { gte: leastTier } },
    orderBy: [{ at: 'asc' }, { server: 'asc' }],
    select: SAMPLE_COLUMNS,
  })
  const everyMs = (watch?.everySeconds ?? HEALTH_EVERY_SECONDS.default) * 1000
  const looks = rows.map(({ at, ...row }) => ({ ...row, atMs: at.getTime() }))
  return { range, ...drawHistory(looks, { range, nowMs, everyMs }) }
}
