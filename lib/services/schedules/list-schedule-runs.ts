import { formatCursor, parseCursor } from '../backups/list-backups.ts'
import type { ServiceContext } from '../context.ts'
import { toRunViews } from './to-run-views.ts'
import type { ScheduleRunView } from './views.ts'

const LIMIT_MAX = 200

export interface ListScheduleRunsInput {
  readonly clusterId?: string
  /** Of this schedule only, which may be removed. */
  readonly scheduleId?: string
  /** `next` of the page before. */
  readonly before?: string | null
  readonly limit?: number
}

/** What became of the times of schedules, the latest first. `next` is null at the end. */
export async function listScheduleRuns(
  context: Pick<ServiceContext, 'db'>,
  input: ListScheduleRunsInput,
): Promise<{ readonly runs: readonly ScheduleRunView[]; readonly next: string | null }> {
  const limit = Math.min(Math.max(input.limit ?? 50, 1), LIMIT_MAX)
  const cursor = input.before ? parseCursor(input.before) : null
  const rows = await context.db.scheduleRun.findMany({
    where: {
      ...(input.clusterId ? { clusterId: input.clusterId } : {}),
      ...(input.scheduleId ? { scheduleId: input.scheduleId } : {}),
      ...(cursor
        ? { OR: [{ createdAt: { lt: cursor.takenAt } }, { createdAt: cursor.takenAt, id: { lt: cursor.id } }] }
        : {}),
    },
    orderBy: [{ createdAt: 'desc' }, { id: 'desc' }],
    take: limit + 1,
  })
  const page = rows.slice(0, limit)
  const last = page.at(-1)
  return {
    runs: await toRunViews(context, page),
    next: rows.length > limit && last ? formatCursor({ takenAt: last.createdAt, id: last.id }) : null,
  }
}
