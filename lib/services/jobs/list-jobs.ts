import type { ServiceContext } from '../context.ts'
import { olderThan } from '../page-cursor.ts'
import { JOB_COLUMNS, type JobRow, toJobView } from './to-job-view.ts'
import type { JobState, JobView } from './views.ts'

/** A page of 200, and the one more that tells whether there are others. */
const LIMIT_MAX = 201

/** Newest first. */
export async function listJobs(
  context: Pick<ServiceContext, 'db'>,
  input: { readonly states?: readonly JobState[]; readonly limit?: number; readonly before?: string } = {},
): Promise<JobView[]> {
  const rows = await context.db.job.findMany({
    where: { ...(input.states ? { state: { in: [...input.states] } } : {}), ...olderThan(input.before) },
    orderBy: [{ createdAt: 'desc' }, { id: 'desc' }],
    take: Math.min(Math.max(input.limit ?? 50, 1), LIMIT_MAX),
    select: JOB_COLUMNS,
  })
  return toJobViews(context, rows)
}

export async function toJobViews(context: Pick<ServiceContext, 'db'>, rows: readonly JobRow[]): Promise<JobView[]> {
  const ids = [...new Set(rows.map((row) => row.clusterId).filter((id) => id !== null))]
  const clusters = await context.db.cluster.findMany({ where: { id: { in: ids } }, select: { id: true, name: true } })
  const names = new Map(clusters.map((cluster) => [cluster.id, cluster.name]))
  return rows.map((row) => toJobView(row, row.clusterId === null ? null : (names.get(row.clusterId) ?? null)))
}
