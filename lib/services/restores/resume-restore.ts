import { noticeExpired, requireApproval } from '../approvals/require-approval.ts'
import type { ServiceContext } from '../context.ts'
import { ServiceError } from '../errors.ts'
import { mutate } from '../gate.ts'
import { assertMayCopy } from './assert-may-copy.ts'
import { assertAllowed, factsOf, findRestoreClusters, getRestoreRow, toSubject } from './find-restore.ts'
import { enqueueRestoreJob } from './restore-job.ts'
import { canResume } from './restore-rules.ts'
import { auditPathOf } from './restore-scope.ts'

/** Goes on with a run that was cut short; its journal says where, and each step that is left keeps its guard. */
export async function resumeRestore(context: ServiceContext, restoreId: string): Promise<{ readonly jobId: string }> {
  const row = await getRestoreRow(context, restoreId)
  const cluster = (await findRestoreClusters(context, [row.clusterId])).get(row.clusterId)
  const jobId = context.newId()
  await noticeExpired(context, toSubject(row))
  await assertMayCopy(context, 'restore.resume', row)
  await mutate(
    context,
    {
      action: 'restore.resume',
      cluster: cluster ? { id: cluster.id, name: cluster.name } : null,
      otherClusterId: row.otherClusterId,
      path: auditPathOf(row.scope),
      reason: row.reason,
      before: { restore: restoreId, state: row.state },
    },
    async (tx) => {
      const inside = { db: tx, clock: context.clock }
      const current = await getRestoreRow(inside, restoreId)
      const facts = await factsOf(inside, current)
      assertAllowed(canResume(facts), facts)
      // The same plan goes on while its approval holds; afterwards a second person is asked anew.
      await requireApproval(context, tx, toSubject(current))
      const { count } = await tx.restore.updateMany({
        where: { id: restoreId, state: current.state },
        data: { state: 'queued', finishedAt: null, pausedAt: null, pauseRequestedAt: null, jobId },
      })
      if (count === 0)
        throw new ServiceError('WRONG_STATE', 'Somebody else was faster', { unaffected: 'nothing was written' })
      await enqueueRestoreJob(context, tx, {
        kind: 'run-restore',
        id: jobId,
        nowMs: context.clock.now(),
        restore: row,
      })
    },
  )
  return { jobId }
}
