import { JobError } from '../../jobs/errors.ts'
import type { ServiceContext } from '../context.ts'
import { ServiceError } from '../errors.ts'
import { type Action, assertActorCan, type Mutation } from '../gate.ts'
import { isOverall } from '../policy.ts'
import type { JobKind } from './views.ts'

export interface JobSubject {
  readonly job: { readonly kind: string; readonly state: string; readonly subjectId: string | null }
  readonly cluster: { readonly id: string; readonly name: string } | null
  /** A second one that it reads. */
  readonly otherClusterId: string | null
}

export async function findJobSubject(context: Pick<ServiceContext, 'db'>, jobId: string): Promise<JobSubject> {
  const job = await context.db.job.findUnique({
    where: { id: jobId },
    select: { kind: true, state: true, subjectId: true, clusterId: true, otherClusterId: true },
  })
  if (!job) throw new ServiceError('NOT_FOUND', `There is no job ${jobId}`)
  const cluster =
    job.clusterId === null
      ? null
      : await context.db.cluster.findUnique({ where: { id: job.clusterId }, select: { id: true, name: true } })
  return { job, cluster, otherClusterId: job.otherClusterId }
}

/** What a job does in the name of whoever asked for it. */
export const ACTION_OF_JOB: Readonly<Record<JobKind, Action>> = {
  backup: 'backup.start',
  import: 'backup.import',
  verify: 'backup.verify',
  copy: 'backup.copy',
  rescan: 'backup.rescan',
  reencrypt: 'encryption.rotate',
  drill: 'backup.drill',
  'remove-backups': 'backup.remove',
  diff: 'diff.start',
  search: 'search.start',
  'prepare-moment': 'moment.prepare',
  'plan-restore': 'restore.plan',
  'run-restore': 'restore.run',
  'migrate-proof': 'migration.round',
  'physical-restore': 'physical-restore.run',
}

/** An action of no cluster takes none. */
export function mutationOf(
  action: Action,
  subject: Pick<Mutation, 'after' | 'otherClusterId'> & { readonly cluster: JobSubject['cluster'] },
): Mutation {
  return isOverall(action) ? { ...subject, action, cluster: null } : { ...subject, action }
}

/** A token ends and repeats only what it could have started. */
export async function assertTokenCovers(
  context: ServiceContext,
  { job, cluster }: Pick<JobSubject, 'job' | 'cluster'>,
): Promise<void> {
  if (!context.actor.token) return
  const action = Object.entries(ACTION_OF_JOB).find(([kind]) => kind === job.kind)?.[1]
  await assertActorCan(context, mutationOf(action ?? 'physical-restore.run', { cluster }))
}

/** The queue's own refusals in the words of the services. */
export function toServiceError(error: unknown): unknown {
  if (!(error instanceof JobError)) return error
  const code = error.code === 'JOB_NOT_FOUND' ? 'NOT_FOUND' : 'WRONG_STATE'
  return new ServiceError(code, error.message, { unaffected: error.unaffected, cause: error })
}
