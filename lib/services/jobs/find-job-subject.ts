import { JobError } from '../../jobs/errors.ts'
import type { ServiceContext } from '../context.ts'
import { ServiceError } from '../errors.ts'

export interface JobSubject {
  readonly job: { readonly kind: string; readonly state: string; readonly subjectId: string | null }
  readonly cluster: { readonly id: string; readonly name: string } | null
}

export async function findJobSubject(context: Pick<ServiceContext, 'db'>, jobId: string): Promise<JobSubject> {
  const job = await context.db.job.findUnique({
    where: { id: jobId },
    select: { kind: true, state: true, subjectId: true, clusterId: true },
  })
  if (!job) throw new ServiceError('NOT_FOUND', `There is no job ${jobId}`)
  const cluster =
    job.clusterId === null
      ? null
      : await context.db.cluster.findUnique({ where: { id: job.clusterId }, select: { id: true, name: true } })
  return { job, cluster }
}

/** The queue's own refusals in the words of the services. */
export function toServiceError(error: unknown): unknown {
  if (!(error instanceof JobError)) return error
  const code = error.code === 'JOB_NOT_FOUND' ? 'NOT_FOUND' : 'WRONG_STATE'
  return new ServiceError(code, error.message, { unaffected: error.unaffected, cause: error })
}
