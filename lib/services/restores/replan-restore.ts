import type { LaterWrites } from '../../domain/restore/plan-undo.ts'
import { voidApprovals } from '../approvals/void-approvals.ts'
import type { ServiceContext } from '../context.ts'
import { ServiceError } from '../errors.ts'
import { mutate } from '../gate.ts'
import { assertAllowed, factsOf, findRestoreClusters, getRestoreRow } from './find-restore.ts'
import { enqueueRestoreJob } from './restore-job.ts'
import { canReplan } from './restore-rules.ts'
import { auditPathOf, withLaterWrites } from './restore-scope.ts'

/**
 * The same question asked again, of the tree as it is now. The old plan can no longer be confirmed. `laterWrites`: another choice of what
 * becomes of what others have written since; for an undo only.
 */
export async function replanRestore(
  context: ServiceContext,
  restoreId: string,
  laterWrites?: LaterWrites,
): Promise<{ readonly jobId: string }> {
  const row = await getRestoreRow(context, restoreId)
  const cluster = (await findRestoreClusters(context, [row.clusterId])).get(row.clusterId)
  const jobId = context.newId()
  await mutate(
    context,
    {
      action: 'restore.plan',
      cluster: cluster ? { id: cluster.id, name: cluster.name } : null,
      otherClusterId: row.otherClusterId,
      path: auditPathOf(row.scope),
      before: { restore: restoreId, plan: row.planHash },
      ...(laterWrites ? { after: { laterWrites } } : {}),
    },
    async (tx) => {
      const inside = { db: tx, clock: context.clock }
      const facts = await factsOf(inside, await getRestoreRow(inside, restoreId))
      assertAllowed(canReplan(facts), facts)
      const scope = laterWrites === undefined ? null : withLaterWrites(row.scope, laterWrites)
      if (laterWrites !== undefined && scope === null) {
        throw new ServiceError('INVALID_INPUT', 'Only an undo asks what becomes of later writes', {
          unaffected: 'nothing was planned',
        })
      }
      const nowMs = context.clock.now()
      await voidApprovals(context, tx, { subjectKind: 'restore', subjectId: restoreId }, 'The plan is made again')
      await tx.restore.updateMany({
        where: { id: restoreId, state: { in: ['planned', 'plan-failed'] } },
        data: {
          state: 'planning',
          planHash: null,
          finishedAt: null,
          jobId,
          ...(scope ? { scope } : {}),
        },
      })
      await enqueueRestoreJob(context, tx, {
        kind: 'plan-restore',
        id: jobId,
        nowMs,
        restore: row,
      })
    },
  )
  return { jobId }
}
