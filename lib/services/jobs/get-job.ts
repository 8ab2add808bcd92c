import { invariant } from '../../base/invariant.ts'
import type { ServiceContext } from '../context.ts'
import { ServiceError } from '../errors.ts'
import { toJobViews } from './list-jobs.ts'
import { JOB_COLUMNS } from './to-job-view.ts'
import type { JobLogLineView, JobView } from './views.ts'

const LOG_LINES_MAX = 500

export async function getJob(
  context: Pick<ServiceContext, 'db'>,
  jobId: string,
): Promise<JobView & { readonly log: readonly JobLogLineView[] }> {
  const row = await context.db.job.findUnique({ where: { id: jobId }, select: JOB_COLUMNS })
  if (!row) throw new ServiceError('NOT_FOUND', `There is no job ${jobId}`)
  const [view] = await toJobViews(context, [row])
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
