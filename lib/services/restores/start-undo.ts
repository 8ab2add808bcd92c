import type { LaterWrites } from '../../domain/restore/plan-undo.ts'
import type { ServiceContext } from '../context.ts'
import { mutate } from '../gate.ts'
import { assertAllowed, factsOf, findRestoreClusters, getRestoreRow, type RestoreRow } from './find-restore.ts'
import { beginRestore } from './restore-job.ts'
import { canPlanAnew, canUndo } from './restore-rules.ts'
import { auditPathOf, describeScope, storedScopeSchema } from './restore-scope.ts'

/**
 * A new restore that takes another one back: planned from its journal and safety backup, then confirmed like any other. What others have
 * written since is left as it is, unless `laterWrites` says otherwise. `again`: the undo that came to a part only and is planned once more.
 */
export async function startUndo(
  context: ServiceContext,
  restoreId: string,
  options: { readonly laterWrites?: LaterWrites; readonly again?: string } = {},
): Promise<{ readonly restoreId: string; readonly jobId: string }> {
  const row = await getRestoreRow(context, restoreId)
  const cluster = (await findRestoreClusters(context, [row.clusterId])).get(row.clusterId)
  const undoId = context.newId()
  const jobId = context.newId()
  await mutate(
    context,
    {
      action: 'restore.undo',
      cluster: cluster ? { id: cluster.id, name: cluster.name } : null,
      path: auditPathOf(row.scope),
      before: { restore: restoreId, state: row.state },
      after: {
        restore: undoId,
        ...(options.laterWrites === 'overwrite' ? { laterWrites: 'overwrite' } : {}),
        ...(options.again ? { again: options.again } : {}),
      },
    },
    async (tx) => {
      const inside = { db: tx, clock: context.clock }
      const current = await getRestoreRow(inside, restoreId)
      const facts = await factsOf(inside, current)
      if (options.again === undefined) assertAllowed(canUndo(facts), facts)
      else {
        const undo = await factsOf(inside, await getRestoreRow(inside, options.again))
        assertAllowed(canPlanAnew(undo), undo)
        assertAllowed(canUndo({ ...facts, undoneById: null }), facts)
      }
      const nowMs = context.clock.now()
      await beginRestore(
        context,
        tx,
        { restoreId: undoId, jobId, nowMs },
        {
          clusterId: current.clusterId,
          source: current.mode === 'edit' ? String(current.source) : `backup:${current.safetyBackupId}`,
          sourceLabel: labelOf(current),
          scope: { kind: 'undo', laterWrites: options.laterWrites ?? 'keep' },
          mode: 'mirror',
          onConflict: 'stop',
          undoOfId: restoreId,
        },
      )
    },
  )
  return { restoreId: undoId, jobId }
}

function labelOf(row: RestoreRow): string {
  if (row.mode === 'edit') return `undo of an edit: ${describeScope(storedScopeSchema.parse(row.scope))}`
  // Only of the cluster itself: whoever may undo here need not know of the other one.
  if (row.otherClusterId !== null) return 'undo of a restore from another cluster'
  return `undo of the restore of ${row.sourceLabel}`
}
