import type { ServiceContext } from '../context.ts'
import { getScheduleRow, SCHEDULE_COLUMNS } from './schedule-row.ts'
import { toScheduleView, toScheduleViews } from './to-schedule-views.ts'
import type { ScheduleView } from './views.ts'

const SCHEDULES_MAX = 2_000

/** Of one cluster, or of all that are seen, the one that is due next first. Those of removed clusters are left out. */
export async function listSchedules(
  context: Pick<ServiceContext, 'db' | 'clock'>,
  input: { readonly clusterId?: string } = {},
): Promise<ScheduleView[]> {
  const rows = await context.db.schedule.findMany({
    where: input.clusterId ? { clusterId: input.clusterId } : {},
    orderBy: [{ enabled: 'desc' }, { nextRunAt: 'asc' }, { id: 'asc' }],
    take: SCHEDULES_MAX,
    select: SCHEDULE_COLUMNS,
  })
  const clusters = await context.db.cluster.findMany({
    where: { id: { in: [...new Set(rows.map(({ clusterId }) => clusterId))] }, removedAt: null },
    select: { id: true },
  })
  return toScheduleViews(
    context,
    rows.filter(({ clusterId }) => clusters.some(({ id }) => id === clusterId)),
  )
}

/** Throws NOT_FOUND. */
export async function getSchedule(
  context: Pick<ServiceContext, 'db' | 'clock'>,
  scheduleId: string,
): Promise<ScheduleView> {
  return toScheduleView(context, await getScheduleRow(context, scheduleId))
}
