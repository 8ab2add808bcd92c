import { requestJobCancel } from '../../jobs/cancel-job.ts'
import { logJob } from '../../jobs/log-job.ts'
import { voidApprovals } from '../approvals/void-approvals.ts'
import type { ServiceContext } from '../context.ts'
import { mutate } from '../gate.ts'
import { toServiceError } from '../jobs/find-job-subject.ts'
import { assertAllowed, factsOf, findRestoreClusters, getRestoreRow } from './find-restore.ts'
import { canCancel } from './restore-rules.ts'
import { auditPathOf } from './restore-scope.ts'

/** A plan, or a run that is paused, is dropped at once; a run that is on its way ends after the batch that is on its way, and can be resumed or undone. */
export async function cancelRestore(context: ServiceContext, restoreId: string): Promise<void> {
  const row = await getRestoreRow(context, restoreId)
  const cluster = (await findRestoreClusters(context, [row.clusterId])).get(row.clusterId)
  await mutate(
    context,
    {
      action: 'restore.cancel',
      cluster: cluster ? { id: cluster.id, name: cluster.name } : null,
      path: auditPathOf(row.scope),
      before: { restore: restoreId, state: row.state },
    },
    async (tx) => {
      const inside = { db: tx, clock: context.clock }
      const current = await getRestoreRow(inside, restoreId)
      const facts = await factsOf(inside, current)
      assertAllowed(canCancel(facts), facts)
      const nowMs = context.clock.now()
      let ended = current.state === 'planned' || current.state === 'paused'
      if (!ended && current.jobId !== null) {
        const outcome = await requestJobCancel(tx, current.jobId, nowMs).catch((error: unknown) => {
          throw toServiceError(error)
        })
        await logJob(tx, { jobId: current.jobId, level: 'warn', message: `Cancelled by ${context.actor.name}`, nowMs })
        ended = outcome === 'cancelled'
      }
      if (ended) {
        await voidApprovals(context, tx, { subjectKind: 'restore', subjectId: restoreId }, 'The restore was cancelled')
        await tx.restore.updateMany({
          where: { id: restoreId, state: current.state },
          data: { state: 'cancelled', finishedAt: new Date(nowMs), pausedAt: null, pauseRequestedAt: null },
        })
      }
    },
  )
}
