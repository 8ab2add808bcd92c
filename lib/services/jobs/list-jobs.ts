import { invariant } from '../../base/invariant.ts'
import type { ServiceContext } from '../context.ts'
import { ServiceError } from '../errors.ts'
import { JOB_COLUMNS, type JobRow, toJobView } from './to-job-view.ts'
import type { JobLogLineView, JobState, JobView } from './views.ts'

const LIMIT_MAX = 200
const LOG_LINES_MAX = 500

/** Newest first. */
export async function listJobs(
  context: Pick<ServiceContext, 'db'>,
  input: { readonly states?: readonly JobState[]; readonly limit?: number } = {},
): Promise<JobView[]> {
  const rows = await context.db.job.findMany({
    where: input.states ? { state: { in: [...input.states] } } : {},
    orderBy: [{ createdAt: 'desc' }, { id: 'desc' }],
    take: Math.min(Math.max(input.limit ?? 50, 1), LIMIT_MAX),
    select: JOB_COLUMNS,
  })
  return toViews(context, rows)
}

export async function getJob(
  context: Pick<ServiceContext, 'db'>,
  jobId: string,
): Promise<JobView & { readonly log: readonly JobLogLineView[] }> {
  const row = await context.db.job.findUnique({ where: { id: jobId }, select: JOB_COLUMNS })
  if (!row) throw new ServiceError('NOT_FOUND', `There is no job ${jobId}`)
  const [view] = await toViews(context, [row])
  invariant(view, 'one row gives one view')
  const lines = await context.db.jobLog.findMany({
    where: { jobId },
    orderBy: { id: 'desc' },
    take: LOG_LINES_MAX,
    select: { at: true, level: true, message: true },
  })
  return {
    ...view,
    log: lines.reverse().map((line) => ({
      at: line.at.toISOString(),
      level: line.level === 'error' || line.level === 'warn' ? line.level : 'info',
      message: line.message,
    })),
  }
}

async function toViews(context: Pick<ServiceContext, 'db'>, rows: readonly JobRow[]): Promise<JobView[]> {
  const ids = [...new Set(rows.map((row) => row.clusterId).filter((id) => id !== null))]
  const clusters = await context.db.cluster.findMany({ where: { id: { in: ids } }, select: { id: true, name: true } })
  const names = new Map(clusters.map((cluster) => [cluster.id, cluster.name]))
  return rows.map((row) => toJobView(row, row.clusterId === null ? null : (names.get(row.clusterId) ?? null)))
}
