import { join } from 'node:path'
import { voidApprovals } from '../approvals/void-approvals.ts'
import type { ServiceContext } from '../context.ts'
import { ServiceError } from '../errors.ts'
import { mutate } from '../gate.ts'
import { assertAllowed, factsOf, findRestoreClusters, getRestoreRow, type RestoreRow } from './find-restore.ts'
import { enqueueRestoreJob } from './restore-job.ts'
import { parseRestoreOptions } from './restore-options.ts'
import { canReplanStale } from './restore-rules.ts'
import { auditPathOf, describeScope, storedScopeSchema } from './restore-scope.ts'

/**
 * Plans the stale steps of a restore against the live tree as it is now; the other steps stay as planned, and what was applied is not
 * planned again. A plan that waits gets a new hash, which is to be confirmed anew; the rest of a run becomes a restore of its own, because
 * what was written and how it ended stays on record.
 */
export async function replanStale(
  context: ServiceContext,
  restoreId: string,
): Promise<{ readonly restoreId: string; readonly jobId: string }> {
  const row = await getRestoreRow(context, restoreId)
  const cluster = (await findRestoreClusters(context, [row.clusterId])).get(row.clusterId)
  const jobId = context.newId()
  const isPlan = row.state === 'planned'
  const plannedId = isPlan ? restoreId : context.newId()
  await mutate(
    context,
    {
      action: 'restore.plan',
      cluster: cluster ? { id: cluster.id, name: cluster.name } : null,
      otherClusterId: row.otherClusterId,
      path: auditPathOf(row.scope),
      before: { restore: restoreId, plan: row.planHash },
      after: { restore: plannedId, lines: 'stale' },
    },
    async (tx) => {
      const inside = { db: tx, clock: context.clock }
      const current = await getRestoreRow(inside, restoreId)
      const facts = await factsOf(inside, current)
      assertAllowed(canReplanStale(facts), facts)
      const nowMs = context.clock.now()
      if (isPlan) {
        await voidApprovals(context, tx, { subjectKind: 'restore', subjectId: restoreId }, 'The plan is made again')
        const { count } = await tx.restore.updateMany({
          where: { id: restoreId, state: 'planned', planHash: row.planHash },
          data: { state: 'planning', planHash: null, finishedAt: null, jobId },
        })
        if (count === 0)
          throw new ServiceError('WRONG_STATE', 'Somebody else was faster', { unaffected: 'nothing was planned' })
      } else {
        await tx.restore.create({ data: toRest(context, current, { plannedId, jobId, nowMs }), select: { id: true } })
      }
      await enqueueRestoreJob(context, tx, {
        kind: 'plan-restore',
        id: jobId,
        nowMs,
        restore: { ...row, id: plannedId },
        lines: isPlan ? 'stale' : 'all',
      })
    },
  )
  return { restoreId: plannedId, jobId }
}

function toRest(
  context: ServiceContext,
  row: RestoreRow,
  ids: { readonly plannedId: string; readonly jobId: string; readonly nowMs: number },
) {
  const scope = storedScopeSchema.parse(row.scope)
  const label = scope.kind === 'rest' ? scope.label : describeScope(scope)
  return {
    id: ids.plannedId,
    clusterId: row.clusterId,
    otherClusterId: row.otherClusterId,
    source: String(row.source),
    sourceLabel: row.sourceLabel,
    sourceStoreId: row.sourceStoreId,
    scope: { kind: 'rest', of: row.id, label, path: auditPathOf(row.scope) },
    mode: row.mode,
    onConflict: row.onConflict,
    options: parseRestoreOptions(row.options),
    dir: join('restores', ids.plannedId),
    // What takes the rest of an undo back is an undo of the same restore.
    undoOfId: row.undoOfId,
    createdById: context.actor.id ?? 'system',
    createdAt: new Date(ids.nowMs),
    jobId: ids.jobId,
  }
}
