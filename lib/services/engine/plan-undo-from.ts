import type { AdminTarget } from '../../adapters/adminserver/admin-server.ts'
import type { WorkFolder } from '../../adapters/workfiles/work-files.ts'
import type { ClusterConnection, ClusterTarget } from '../../adapters/zookeeper/connection.ts'
import type { ConflictPolicy, PlanSummary } from '../../domain/restore/plan.ts'
import { type LaterWrites, planUndo } from '../../domain/restore/plan-undo.ts'
import type { EngineContext } from '../context.ts'
import { PlanGuards } from '../guards/plan-guards.ts'
import { EngineError } from './errors.ts'
import { fenceOff } from './fence-off.ts'
import { identitiesOf } from './identities.ts'
import { LaterWritesFile } from './later-writes-file.ts'
import { type OpenedSafety, openSafety } from './open-safety.ts'
import { RestoreDirectory } from './restore-directory.ts'

export interface PlanUndoFromInput {
  /** See PlanRestoreToInput. */
  readonly assertOwned?: () => void
  /** Restore directory of the run to take back. */
  readonly undoDir: string
  /** What was there before it; default: as its directory says. */
  readonly openSafety?: () => Promise<OpenedSafety | null>
  /** Restore directory to make. */
  readonly dir: string
  /** What `dir` is a copy of, where other hosts are to see it too. */
  readonly folder?: WorkFolder
  readonly connection: ClusterConnection
  readonly target: ClusterTarget
  readonly onConflict: ConflictPolicy
  /** See PlanRestoreToInput. */
  readonly admins?: readonly AdminTarget[]
  /** What becomes of what others have written since; default: it is left as it is. */
  readonly laterWrites?: LaterWrites
  /** In words: `undo of …`. */
  readonly source: string
}

/** The inverse of what a run has carried out, as a plan like any other: nothing is written to the cluster. */
export async function planUndoFrom(context: EngineContext, input: PlanUndoFromInput): Promise<PlanSummary> {
  const done = new RestoreDirectory(input.undoDir)
  const { summary, clusterName } = await done.readPlan()
  const journal = await fenceOff(context, input.target, done)
  const safety = await (input.openSafety?.() ?? openSafety(context, done))
  if (journal === null || safety === null) {
    await safety?.close()
    throw new EngineError('NOTHING_TO_UNDO', `The restore in ${input.undoDir} has not written anything`, {
      unaffected: 'nothing was planned',
    })
  }
  try {
    const guards = await PlanGuards.open(context)
    const plan = await new RestoreDirectory(input.dir, input.folder).writePlan(input.assertOwned)
    const later = await LaterWritesFile.create(input.dir)
    try {
      const planned = await planUndo({
        steps: done.readStepBatches(),
        summary,
        journal,
        safety,
        live: input.connection,
        sink: guards.sink(plan),
        onConflict: input.onConflict,
        laterWrites: input.laterWrites,
        onLaterWrite: (write) => later.add(write),
        source: input.source,
        plannedAtMs: context.clock.now(),
        identities: identitiesOf(input.target),
        signal: context.signal,
      })
      await later.finish()
      const { connection, target, admins } = input
      const cluster = { connection, connectString: target.connectString, tls: target.tls, admins }
      const { warnings } = await guards.finish(context, cluster, null)
      const undo = { ...planned, warnings: guards.join(warnings, planned.warnings) }
      await plan.finish({
        summary: undo,
        connectString: input.target.connectString,
        clusterName,
        undoOf: input.undoDir,
      })
      return undo
    } catch (error) {
      await plan.abandon()
      await later.abandon()
      throw error
    }
  } finally {
    await safety.close()
  }
}
