import { join } from 'node:path'
import { countOf } from '../../base/count-of.ts'
import { formatHex64 } from '../../base/hex64.ts'
import type { ChangeField } from '../../domain/diff/change.ts'
import type { PlanSummary } from '../../domain/restore/plan.ts'
import type { JobPayload } from '../../jobs/definitions.ts'
import { voidApprovals } from '../approvals/void-approvals.ts'
import { getAdminTargets } from '../clusters/admin-servers.ts'
import { getClusterTarget, type OpenableCluster } from '../clusters/open-cluster.ts'
import type { ServiceContext } from '../context.ts'
import { describeTreeRef } from '../diffs/describe-tree-ref.ts'
import { planFidelitySchema } from '../engine/fidelity-schema.ts'
import { planRestoreTo } from '../engine/plan-restore-to.ts'
import { planUndoFrom } from '../engine/plan-undo-from.ts'
import { ServiceError } from '../errors.ts'
import type { JobResult, JobRun } from '../jobs/job-run.ts'
import { openTree } from '../tree/open-tree.ts'
import { getRestoreRow, type RestoreRow } from './find-restore.ts'
import { counterOptionsOf, parseRestoreOptions } from './restore-options.ts'
import { storedScopeSchema } from './restore-scope.ts'
import type { PlanView } from './views.ts'

/** The work of a plan job. Reads both trees and writes the plan into the restore's folder, nothing else. */
export async function runPlan(
  context: ServiceContext,
  payload: JobPayload<'plan-restore'>,
  run: JobRun,
): Promise<JobResult> {
  const row = await getRestoreRow(context, payload.restoreId)
  if (row.state !== 'planning') throw new ServiceError('WRONG_STATE', `The restore is ${row.state}`)
  const target = await getClusterTarget(context, row.clusterId)
  await run.log('info', `Planning the restore of ${row.sourceLabel} to ${target.clusterName}`)
  const leftOut = new Map<string, LeftOut>()
  const summary =
    row.undoOfId === null
      ? await plan(context, row, target, { run, leftOut })
      : await planUndo(context, row, row.undoOfId, target)
  const view = { ...toPlanView(summary), leftOut: [...leftOut.values()].map((each) => ({ ...each })) }
  const fidelity = planFidelitySchema.nullable().parse(summary.fidelity)
  for (const warning of view.warnings.slice(0, 20)) await run.log('warn', `${warning.path}: ${warning.message}`)
  return {
    result: { restoreId: row.id, plan: view.hash, steps: view.steps },
    message: `${countOf(view.creates, 'create')}, ${countOf(view.updates, 'update')}, ${countOf(view.deletes, 'delete')}, ${countOf(view.aclChanges, 'ACL change')}`,
    commit: async (tx) => {
      await voidApprovals(context, tx, { subjectKind: 'restore', subjectId: row.id }, 'The plan was made again')
      await tx.restore.updateMany({
        where: { id: row.id, state: 'planning' },
        data: {
          state: 'planned',
          planHash: view.hash,
          planSummary: { ...view, fidelity, warnings: view.warnings.map((warning) => ({ ...warning })) },
        },
      })
    },
  }
}

/** Changes that one ignore rule keeps out of the plan. */
interface LeftOut {
  readonly pattern: string
  readonly fields: ChangeField[]
  readonly note: string
  changes: number
}

async function plan(
  context: ServiceContext,
  row: RestoreRow,
  target: OpenableCluster,
  work: { readonly run: JobRun; readonly leftOut: Map<string, LeftOut> },
): Promise<PlanSummary> {
  const scope = storedScopeSchema.parse(row.scope)
  if (scope.kind === 'undo') throw new ServiceError('WRONG_STATE', 'This undo does not say of what')
  const options = parseRestoreOptions(row.options)
  const tree = await openTree(context, (await describeTreeRef(context, String(row.source))).ref)
  try {
    const connection = await context.zookeeper.connect(target, { signal: context.signal })
    try {
      return await planRestoreTo(context, {
        source: tree.reader,
        connection,
        target,
        names: { source: row.sourceLabel, target: target.clusterName },
        scope,
        mode: row.mode === 'create' || row.mode === 'mirror' ? row.mode : 'update',
        onConflict: row.onConflict === 'skip' || row.onConflict === 'overwrite' ? row.onConflict : 'stop',
        counters: counterOptionsOf(options),
        quotas: options.quotas,
        dir: join(context.paths.workDir, row.dir),
        admins: await getAdminTargets(context, row.clusterId),
        onProgress: work.run.progress,
        onLeftOut: ({ id, pattern, fields, note }) => {
          const known = work.leftOut.get(id)
          if (known) known.changes++
          else work.leftOut.set(id, { pattern, fields: [...fields], note, changes: 1 })
        },
      })
    } finally {
      await connection.close()
    }
  } finally {
    await tree.release()
  }
}

async function planUndo(
  context: ServiceContext,
  row: RestoreRow,
  undoOfId: string,
  target: OpenableCluster,
): Promise<PlanSummary> {
  const done = await getRestoreRow(context, undoOfId)
  const connection = await context.zookeeper.connect(target, { signal: context.signal })
  try {
    return await planUndoFrom(context, {
      undoDir: join(context.paths.workDir, done.dir),
      dir: join(context.paths.workDir, row.dir),
      connection,
      target,
      admins: await getAdminTargets(context, row.clusterId),
      onConflict: row.onConflict === 'skip' || row.onConflict === 'overwrite' ? row.onConflict : 'stop',
      source: row.sourceLabel,
    })
  } finally {
    await connection.close()
  }
}

function toPlanView(summary: PlanSummary): Omit<PlanView, 'leftOut'> {
  const { creates, updates, deletes, aclChanges, steps, dataBytes, skipped, warnings, fidelity } = summary
  return {
    hash: summary.plan,
    creates,
    updates,
    deletes,
    aclChanges,
    steps,
    dataBytes,
    skipped: { ...skipped },
    warnings: warnings.map((warning) => ({ ...warning })),
    plannedAtZxid: formatHex64(summary.plannedAtZxid),
    plannedAt: new Date(summary.plannedAtMs).toISOString(),
    fidelity,
  }
}
