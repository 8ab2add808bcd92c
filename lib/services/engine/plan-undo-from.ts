import type { AdminTarget } from '../../adapters/adminserver/admin-server.ts'
import type { WorkFolder } from '../../adapters/workfiles/work-files.ts'
import type { ClusterConnection, ClusterTarget } from '../../adapters/zookeeper/connection.ts'
import type { ConflictPolicy, PlanSummary, PlanWarning } from '../../domain/restore/plan.ts'
import { type LaterWrites, type PlanUndoInput, planUndo } from '../../domain/restore/plan-undo.ts'
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
    const undone = { steps: done.readStepBatches(), summary, journal, safety }
    return await writeUndoPlan(context, { ...input, clusterName, undoOf: input.undoDir }, undone)
  } finally {
    await safety.close()
  }
}

export type WriteUndoPlanInput = Omit<PlanUndoFromInput, 'undoDir' | 'openSafety'> & {
  readonly clusterName: string
  /** Restore directory of the run that is taken back; null: what is taken back was none of ours. */
  readonly undoOf: string | null
}

/** What was known to stay before anything was planned, and why. */
export interface NotPlanned {
  readonly warnings?: readonly PlanWarning[]
  readonly skipped?: Readonly<Record<string, number>>
}

/** The plan of an undo in its restore directory, with what others have written since beside it. */
export async function writeUndoPlan(
  context: EngineContext,
  input: WriteUndoPlanInput,
  undone: Pick<PlanUndoInput, 'steps' | 'summary' | 'journal' | 'safety' | 'words'> & NotPlanned,
): Promise<PlanSummary> {
  const guards = await PlanGuards.open(context)
  const plan = await new RestoreDirectory(input.dir, input.folder).writePlan(input.assertOwned)
  const later = await LaterWritesFile.create(input.dir)
  try {
    const planned = await planUndo({
      ...undone,
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
    const { connection, target, admins, clusterName, undoOf } = input
    const cluster = { connection, connectString: target.connectString, tls: target.tls, admins }
    const { warnings } = await guards.finish(context, cluster, null)
    const skipped = { ...planned.skipped }
    for (const [why, count] of Object.entries(undone.skipped ?? {})) skipped[why] = (skipped[why] ?? 0) + count
    const told = [...planned.warnings, ...(undone.warnings ?? [])]
    const undo = { ...planned, skipped, warnings: guards.join(warnings, told) }
    await plan.finish({ summary: undo, connectString: target.connectString, clusterName, undoOf })
    return undo
  } catch (error) {
    await plan.abandon()
    await later.abandon()
    throw error
  }
}
