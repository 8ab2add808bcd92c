import { getClusterForWriting } from '../clusters/armed.ts'
import type { ServiceContext } from '../context.ts'
import { DRILL_EVERY_HOURS, DRILL_LIMIT_MINUTES } from './schemas.ts'
import type { DrillScheduleView, DrillTurn } from './views.ts'

const TURNS: readonly DrillTurn[] = ['started', 'proved-already', 'failed-already', 'no-backup', 'at-work']

/** Throws NOT_FOUND for a cluster that is not there. */
export async function getDrillSchedule(context: ServiceContext, clusterId: string): Promise<DrillScheduleView> {
  const { id } = await getClusterForWriting(context, clusterId)
  const row = await context.db.drillSchedule.findUnique({ where: { clusterId: id } })
  return {
    enabled: row?.enabled ?? false,
    everyHours: row?.everyHours ?? DRILL_EVERY_HOURS.default,
    limitMinutes: row?.limitMinutes ?? DRILL_LIMIT_MINUTES.default,
    nextRunAt: row?.enabled ? row.nextRunAt.toISOString() : null,
    lastRunAt: row?.lastRunAt?.toISOString() ?? null,
    lastTurn: TURNS.find((known) => known === row?.lastOutcome) ?? null,
    fault: await context.scratch.findFault(),
  }
}
