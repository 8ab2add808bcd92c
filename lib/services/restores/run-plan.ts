import { randomUUID } from 'node:crypto'
import type { WorkFolder } from '../../adapters/workfiles/work-files.ts'
import { countOf } from '../../base/count-of.ts'
import { formatErrorLine } from '../../base/errors.ts'
import { formatHex64 } from '../../base/hex64.ts'
import type { ChangeField } from '../../domain/diff/change.ts'
import type { ConflictPolicy, PlanSummary } from '../../domain/restore/plan.ts'
import type { ReadFrom } from '../../domain/snapshot/read-from.ts'
import type { TreeReader } from '../../domain/znode/ports.ts'
import type { JobPayload } from '../../jobs/definitions.ts'
import { voidApprovals } from '../approvals/void-approvals.ts'
import { getAdminTargets } from '../clusters/admin-servers.ts'
import { findReadOnlyFault, getClusterForWriting } from '../clusters/armed.ts'
import { getClusterTarget, type OpenableCluster } from '../clusters/open-cluster.ts'
import type { ServiceContext } from '../context.ts'
import { describeTreeRef } from '../diffs/describe-tree-ref.ts'
import { planFidelitySchema } from '../engine/fidelity-schema.ts'
import { planRestOf } from '../engine/plan-rest-of.ts'
import { planRestoreTo, type RestoreScope } from '../engine/plan-restore-to.ts'
import { planUndoFrom } from '../engine/plan-undo-from.ts'
import { ServiceError } from '../errors.ts'
import type { JobResult, JobRun } from '../jobs/job-run.ts'
import { parseZxid } from '../logs/list-znode-transactions.ts'
import { type OpenTree, openTree } from '../tree/open-tree.ts'
import { withWorkFolder } from '../work-folder.ts'
import { getRestoreRow, type RestoreRow } from './find-restore.ts'
import { openSafetyOf } from './open-safety-of.ts'
import { counterOptionsOf, parseRestoreOptions } from './restore-options.ts'
import { laterWritesOf, storedScopeSchema } from './restore-scope.ts'
import { runTxnUndo } from './run-txn-undo.ts'
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
  let readFrom: ReadFrom | null = null
  const onRead = (from: ReadFrom | undefined) => {
    readFrom = from ?? null
  }
  const summary = await withWorkFolder(context, { folder: row.dir, run }, (folder) =>
    makePlan(context, row, target, { payload, run, leftOut, folder, onRead }),
  )
  const view = { ...toPlanView(summary), readFrom, leftOut: [...leftOut.values()].map((each) => ({ ...each })) }
  for (const warning of view.warnings.slice(0, 20)) await run.log('warn', `${warning.path}: ${warning.message}`)
  return {
    result: { restoreId: row.id, plan: view.hash, steps: view.steps },
    message: `${countOf(view.creates, 'create')}, ${countOf(view.updates, 'update')}, ${countOf(view.deletes, 'delete')}, ${countOf(view.aclChanges, 'ACL change')}`,
    commit: async (tx) => {
      await voidApprovals(context, tx, { subjectKind: 'restore', subjectId: row.id }, 'The plan was made again')
      await tx.restore.updateMany({
        where: { id: row.id, state: 'planning' },
        data: { state: 'planned', planHash: view.hash, planSummary: toPlanJson(view) },
      })
    },
  }
}

/** As its column takes it: in arrays that may be written to. */
function toPlanJson(view: PlanView) {
  const leftOut = view.leftOut.map((rule) => ({ ...rule, fields: [...rule.fields] }))
  const warnings = view.warnings.map((warning) => ({ ...warning }))
  const fidelity = planFidelitySchema.nullable().parse(view.fidelity)
  return { ...view, leftOut, fidelity, warnings, deletions: [...view.deletions] }
}

/** Changes that one ignore rule keeps out of the plan. */
interface LeftOut {
  readonly pattern: string
  readonly fields: ChangeField[]
  readonly note: string
  changes: number
}

async function makePlan(
  context: ServiceContext,
  row: RestoreRow,
  target: OpenableCluster,
  work: {
    readonly payload: JobPayload<'plan-restore'>
    readonly run: JobRun
    readonly leftOut: Map<string, LeftOut>
    readonly folder: WorkFolder
    readonly onRead: OnRead
  },
): Promise<PlanSummary> {
  const scope = storedScopeSchema.parse(row.scope)
  const { run, folder, onRead } = work
  if (work.payload.lines === 'stale') return planRestOfRow(context, row, row, { target, run, folder, onRead })
  if (scope.kind === 'rest')
    return planRestOfRow(context, row, await getRestoreRow(context, scope.of), { target, run, folder, onRead })
  if (row.undoOfId !== null) return planUndo(context, row, row.undoOfId, { target, run, folder, onRead })
  if (scope.kind === 'undo' || scope.kind === 'edit')
    throw new ServiceError('WRONG_STATE', 'This restore does not say what is planned')
  if (scope.kind === 'transaction') {
    const zxid = parseZxid(scope.zxid)
    return runTxnUndo(context, row, { zxid, target, onConflict: policyOf(row), run, folder })
  }
  return plan(context, row, target, { scope, ...work })
}

/** `of`: whose steps are left; the row itself when its own plan waits. */
async function planRestOfRow(
  context: ServiceContext,
  row: RestoreRow,
  of: RestoreRow,
  work: PlanWork,
): Promise<PlanSummary> {
  const source = await openRestSource(context, row, work)
  try {
    const connection = await context.zookeeper.connect(work.target, { signal: context.signal })
    try {
      return await planRestOf(context, {
        restDir: await context.workFiles.fetch(of.dir),
        dir: work.folder.dir,
        folder: work.folder,
        connection,
        target: work.target,
        onConflict: policyOf(row),
        assertOwned: work.run.assertOwned,
        admins: await getAdminTargets(context, row.clusterId),
        source: source?.reader ?? null,
        onProgress: work.run.progress,
      })
    } finally {
      await connection.close()
    }
  } finally {
    await source?.close()
  }
}

type OnRead = (readFrom: ReadFrom | undefined) => void

interface PlanWork {
  readonly target: OpenableCluster
  readonly run: JobRun
  readonly folder: WorkFolder
  readonly onRead: OnRead
}

async function openSource(context: ServiceContext, row: RestoreRow): Promise<OpenTree> {
  const { ref } = await describeTreeRef(context, String(row.source))
  return openTree(context, ref, { from: row.sourceStoreId })
}

interface RestSource {
  readonly reader: Pick<TreeReader, 'get'>
  readonly close: () => Promise<unknown>
}

/** The steps hold nearly all that is needed; without the source, only what was deleted meanwhile cannot be created again. */
async function openRestSource(
  context: ServiceContext,
  row: RestoreRow,
  { run, onRead }: PlanWork,
): Promise<RestSource | null> {
  try {
    if (row.undoOfId !== null) {
      const safety = await openSafetyOf(context, await getRestoreRow(context, row.undoOfId), onRead)
      return safety && { reader: safety, close: () => safety.close() }
    }
    const tree = await openSource(context, row)
    onRead(tree.readFrom)
    return { reader: tree.reader, close: async () => tree.release() }
  } catch (error) {
    await run.log('warn', `The source cannot be read any more: ${formatErrorLine(error)}`)
    return null
  }
}

function policyOf(row: RestoreRow): ConflictPolicy {
  return row.onConflict === 'skip' || row.onConflict === 'overwrite' ? row.onConflict : 'stop'
}

async function plan(
  context: ServiceContext,
  row: RestoreRow,
  target: OpenableCluster,
  work: {
    readonly scope: RestoreScope
    readonly run: JobRun
    readonly leftOut: Map<string, LeftOut>
    readonly folder: WorkFolder
    readonly onRead: OnRead
  },
): Promise<PlanSummary> {
  const options = parseRestoreOptions(row.options)
  const tree = await openSource(context, row)
  work.onRead(tree.readFrom)
  try {
    const connection = await context.zookeeper.connect(target, { signal: context.signal })
    try {
      return await planRestoreTo(context, {
        source: tree.reader,
        connection,
        target,
        names: { source: row.sourceLabel, target: target.clusterName },
        salt: randomUUID(),
        scope: work.scope,
        mode: row.mode === 'create' || row.mode === 'mirror' ? row.mode : 'update',
        onConflict: policyOf(row),
        assertOwned: work.run.assertOwned,
        counters: counterOptionsOf(options),
        quotas: options.quotas,
        dir: work.folder.dir,
        folder: work.folder,
        admins: await getAdminTargets(context, row.clusterId),
        askTarget: findReadOnlyFault(await getClusterForWriting(context, row.clusterId), context.clock.now()) === null,
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
  work: PlanWork,
): Promise<PlanSummary> {
  const { target, run, folder, onRead } = work
  const done = await getRestoreRow(context, undoOfId)
  const connection = await context.zookeeper.connect(target, { signal: context.signal })
  try {
    return await planUndoFrom(context, {
      undoDir: await context.workFiles.fetch(done.dir),
      openSafety: () => openSafetyOf(context, done, onRead),
      dir: folder.dir,
      folder,
      connection,
      target,
      admins: await getAdminTargets(context, row.clusterId),
      onConflict: policyOf(row),
      assertOwned: run.assertOwned,
      laterWrites: laterWritesOf(row.scope),
      source: row.sourceLabel,
    })
  } finally {
    await connection.close()
  }
}

function toPlanView(summary: PlanSummary): Omit<PlanView, 'leftOut' | 'readFrom'> {
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
    laterWrites: summary.laterWrites ? { ...summary.laterWrites } : null,
    deletions: (summary.deletions ?? []).map((each) => ({ ...each })),
  }
}
