import { logJob } from '../../jobs/log-job.ts'
import { requeueJob } from '../../jobs/retry-job.ts'
import { noticeExpired, requireApproval } from '../approvals/require-approval.ts'
import type { ServiceContext } from '../context.ts'
import { ServiceError } from '../errors.ts'
import { assertActorCan, mutate, type Transaction } from '../gate.ts'
import { revivePhysical } from '../physical/retry-physical.ts'
import { assertAllowed, factsOf, getRestoreRow, toSubject } from '../restores/find-restore.ts'
import { canResume } from '../restores/restore-rules.ts'
import { reviveSubject } from './end-subject.ts'
import { assertTokenCovers, findJobSubject, toServiceError } from './find-job-subject.ts'
import { getJob } from './get-job.ts'
import type { JobView } from './views.ts'

/** Queues a failed or cancelled job again, as the person who asked for it first. A restore goes on from its journal. */
export async function retryJob(context: ServiceContext, jobId: string): Promise<JobView> {
  const { job, cluster, otherClusterId } = await findJobSubject(context, jobId)
  await assertTokenCovers(context, { job, cluster })
  // Runs as who asked for it first: that must not lend an operator the rights of an administrator.
  if (job.kind === 'physical-restore') await assertActorCan(context, { action: 'physical-restore.confirm', cluster })
  if (job.kind === 'run-restore') {
    await noticeExpired(context, toSubject(await getRestoreRow(context, job.subjectId ?? '')))
  }
  await mutate(
    context,
    { action: 'job.retry', cluster, otherClusterId, before: { job: jobId, kind: job.kind, state: job.state } },
    async (tx) => {
      const nowMs = context.clock.now()
      if (job.kind === 'run-restore' || job.kind === 'plan-restore')
        await assertRestoreWaitsFor(context, tx, job, jobId)
      await requeueJob(tx, jobId, nowMs).catch((error: unknown) => {
        throw toServiceError(error)
      })
      if (job.kind === 'physical-restore') await revivePhysical(context, tx, { jobId, physicalId: job.subjectId ?? '' })
      else await reviveSubject(tx, { ...job, id: jobId })
      await logJob(tx, { jobId, level: 'info', message: `Queued again by ${context.actor.name}`, nowMs })
    },
  )
  return getJob(context, jobId)
}

/** A restore goes on under the same rules as on its own page, and only with its latest job. */
async function assertRestoreWaitsFor(
  context: ServiceContext,
  tx: Transaction,
  job: { readonly kind: string; readonly subjectId: string | null },
  jobId: string,
): Promise<void> {
  const inside = { db: tx, clock: context.clock }
  const row = await getRestoreRow(inside, job.subjectId ?? '')
  if (row.jobId !== jobId) {
    throw new ServiceError('WRONG_STATE', 'A later job works on this restore', { unaffected: 'nothing was changed' })
  }
  const facts = await factsOf(inside, row)
  if (job.kind !== 'run-restore') return
  assertAllowed(canResume(facts), facts)
  await requireApproval(context, tx, toSubject(row))
}
