import { logJob } from '../../jobs/log-job.ts'
import { withdrawJob } from '../../jobs/withdraw-job.ts'
import type { ServiceContext } from '../context.ts'
import { mutate } from '../gate.ts'
import { assertAllowed, factsOf, findRestoreClusters, getRestoreRow } from './find-restore.ts'
import { canPause } from './restore-rules.ts'
import { auditPathOf } from './restore-scope.ts'

/**
 * Asks a run to pause before its next batch: what is on its way is waited for and journalled. The job then ends and gives its worker
 * free for other work, however long the pause is; to resume starts another one.
 */
export async function pauseRestore(context: ServiceContext, restoreId: string): Promise<void> {
  const row = await getRestoreRow(context, restoreId)
  const cluster = (await findRestoreClusters(context, [row.clusterId])).get(row.clusterId)
  await mutate(
    context,
    {
      action: 'restore.pause',
      cluster: cluster ? { id: cluster.id, name: cluster.name } : null,
      path: auditPathOf(row.scope),
      before: { restore: restoreId, state: row.state },
    },
    async (tx, record) => {
      const inside = { db: tx, clock: context.clock }
      const current = await getRestoreRow(inside, restoreId)
      const facts = await factsOf(inside, current)
      assertAllowed(canPause(facts), facts)
      const nowMs = context.clock.now()
      const { jobId } = current
      const hasNotBegun = current.state === 'queued' && jobId !== null && (await withdrawJob(tx, jobId, nowMs))
      await tx.restore.updateMany({
        where: { id: restoreId, state: current.state },
        data: hasNotBegun ? { state: 'paused', pausedAt: new Date(nowMs) } : { pauseRequestedAt: new Date(nowMs) },
      })
      record({ after: { outcome: hasNotBegun ? 'paused' : 'requested' } })
      const message = `${context.actor.name} asks it to pause`
      if (jobId !== null) await logJob(tx, { jobId, level: 'warn', message, nowMs })
    },
  )
}
