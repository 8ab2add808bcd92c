import { requestJobCancel } from '../../jobs/cancel-job.ts'
import { logJob } from '../../jobs/log-job.ts'
import type { ServiceContext } from '../context.ts'
import { mutate } from '../gate.ts'
import { endSubject } from './end-subject.ts'
import { assertTokenCovers, findJobSubject, toServiceError } from './find-job-subject.ts'

/** A waiting job ends at once; a running one when its worker has seen the wish. */
export async function cancelJob(context: ServiceContext, jobId: string): Promise<void> {
  const { job, cluster } = await findJobSubject(context, jobId)
  await assertTokenCovers(context, { job, cluster })
  await mutate(
    context,
    { action: 'job.cancel', cluster, before: { job: jobId, kind: job.kind, state: job.state } },
    async (tx, record) => {
      const nowMs = context.clock.now()
      const outcome = await requestJobCancel(tx, jobId, nowMs).catch((error: unknown) => {
        throw toServiceError(error)
      })
      record({ after: { outcome } })
      await logJob(tx, { jobId, level: 'warn', message: `Cancelled by ${context.actor.name}`, nowMs })
      if (outcome === 'cancelled') await endSubject(tx, { ...job, id: jobId, outcome: 'cancelled' }, nowMs)
    },
  )
}
