import { randomUUID } from 'node:crypto'
import type { WorkFolder } from '../../adapters/workfiles/work-files.ts'
import type { ClusterConnection, ClusterTarget } from '../../adapters/zookeeper/connection.ts'
import { countOf } from '../../base/count-of.ts'
import { CancelledError, isArkeeperError } from '../../base/errors.ts'
import { APPLY_LIMITS, type ApplyLimits, type ApplyReport, applyPlan } from '../../domain/restore/apply-plan.ts'
import type { Conflict } from '../../domain/restore/conflict.ts'
import { RestoreError } from '../../domain/restore/errors.ts'
import type { JournalState } from '../../domain/restore/journal.ts'
import type { ConflictPolicy } from '../../domain/restore/plan.ts'
import { assertPlanSteps } from '../../domain/restore/plan-hash.ts'
import { PreflightDemands } from '../../domain/restore/preflight.ts'
import { verifyRestore } from '../../domain/restore/verify-restore.ts'
import type { EngineContext } from '../context.ts'
import { assertSameTarget } from './assert-same-target.ts'
import { EngineError, RestoreCutShort } from './errors.ts'
import { fenceOff } from './fence-off.ts'
import { assertTargetWilling } from './preflight.ts'
import { type OnProgress, ProgressMeter } from './progress.ts'
import { RestoreDirectory, type RestoreReport, type SafetyRecord, type StoredPlan } from './restore-directory.ts'
import { takeTouchedBackup } from './take-touched-backup.ts'
import { TouchedScope } from './touched-scope.ts'

export interface ExecuteRestoreInput {
  /** A restore directory with a plan; with a journal, the run goes on. */
  readonly dir: string
  /** What `dir` is a copy of, where other hosts are to see it too. */
  readonly folder?: WorkFolder
  /** How to reach the cluster that the plan is for. */
  readonly target: ClusterTarget
  /** Folder in which the safety backup is made. */
  readonly safetyParentDir: string
  /** Hash that was confirmed; the plan in the directory must have it. Absent: whatever it has. */
  readonly confirmedPlan?: string
  /** Names this run in the journal. */
  readonly run: string
  readonly onConflict?: ConflictPolicy
  readonly onProgress?: OnProgress
  readonly onConflictFound?: (conflict: Conflict) => void
  /** Called with the complete safety backup before anything is written; `found` when a run that goes on has it from before. */
  readonly onSafety?: (safety: SafetyRecord, found: boolean) => Promise<void>
  /** Throws when another process may have taken the restore over. Asked before each batch. */
  readonly assertOwned?: () => void
  /** Asked before each batch: true ends the run there. A later call goes on. */
  readonly shouldPause?: () => Promise<boolean>
}

/**
 * Safety backup, then the steps, then the reading back. May be called again on the same directory after a crash at any instant: what the
 * journal or the live state shows as done is not done twice. Conflicts and differences are in the report; a cancel throws CancelledError
 * after what was in flight is journalled.
 */
export async function executeRestore(context: EngineContext, input: ExecuteRestoreInput): Promise<RestoreReport> {
  const startedAt = context.clock.now()
  const directory = new RestoreDirectory(input.dir, input.folder)
  const plan = await directory.readPlan()
  if (input.confirmedPlan !== undefined && input.confirmedPlan !== plan.summary.plan) {
    throw new EngineError('PLAN_DAMAGED', 'The plan on disk is not the one that was confirmed', {
      unaffected: 'nothing was written',
      remedy: 'plan again and confirm the new plan',
    })
  }
  const touched = new TouchedScope()
  const demands = new PreflightDemands()
  await directory.pinSteps()
  await assertPlanSteps(plan.summary, directory.readStepLines(), (step) => {
    touched.add(step.path)
    demands.add(step)
  })
  const connection = await context.zookeeper.connect(input.target, { signal: context.signal })
  try {
    const journal = await directory.readJournal()
    await assertSameTarget({ plan, journal }, input.target, connection)
    // A run that has begun goes by its journal: what it did already would be refused now.
    if (plan.summary.steps > 0 && journal === null)
      await assertTargetWilling(context, connection, demands, input.onConflict ?? plan.summary.onConflict)
    // Of nothing, no safety backup can be taken.
    if (plan.summary.steps > 0) await secure(context, input, directory, { plan, connection, touched })
    const report = await cutShortOnFailure(async () => {
      const applied =
        plan.summary.steps > 0 ? await apply(context, input, directory, plan, connection) : NOTHING_APPLIED
      const made = await conclude(context, input, directory, { plan, connection, applied, startedAt })
      input.assertOwned?.()
      await directory.writeReport(made)
      return made
    })
    if (report.cancelled) throw new CancelledError('The restore was cancelled; what was sent is journalled')
    return report
  } finally {
    await connection.close()
  }
}

const NOTHING_APPLIED: ApplyReport = {
  applied: 0,
  alreadyDone: 0,
  skipped: 0,
  conflicts: [],
  conflictCount: 0,
  conflictsLeft: [],
  conflictsLeftCount: 0,
  stopped: false,
  cancelled: false,
  paused: false,
}

/** From the first journal line on, a failure leaves a restore that can go on: whoever reads of it is told so, whatever it was. */
async function cutShortOnFailure<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work()
  } catch (error) {
    if (error instanceof CancelledError || error instanceof RestoreError) throw error
    throw new RestoreCutShort(isArkeeperError(error) ? error.code : 'INTERNAL', describe(error), {
      details: isArkeeperError(error) ? error.details : {},
      unaffected: 'what was written before is in the journal',
      remedy: 'resume the restore when the cause is gone, or undo what was written',
      cause: error,
    })
  }
}

function describe(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}

/** Nothing is written to the cluster before the safety backup is complete and its place is on disk. */
async function secure(
  context: EngineContext,
  input: ExecuteRestoreInput,
  directory: RestoreDirectory,
  run: { readonly plan: StoredPlan; readonly connection: ClusterConnection; readonly touched: TouchedScope },
): Promise<void> {
  const { plan, connection } = run
  let safety = await directory.findSafety()
  const hasBegun = hasSent(await directory.readJournal())
  if (safety === null && hasBegun) {
    throw new EngineError('RESTORE_DIR_INVALID', `${input.dir} has a journal but no record of its safety backup`, {
      unaffected: 'nothing more was written',
      remedy: 'compare the cluster with the source and plan again',
    })
  }
  // One that was taken for a start that came to nothing does not hold what others have written since, and this run may write over.
  const isFound = safety !== null && hasBegun
  if (!isFound) {
    const taken = await takeTouchedBackup(context, {
      connection,
      connectString: plan.connectString,
      clusterName: plan.clusterName,
      scope: run.touched.finish(),
      parentDir: input.safetyParentDir,
      note: `before the restore of ${plan.summary.source}`,
      onProgress: input.onProgress,
    })
    const former = safety
    try {
      input.assertOwned?.()
      // Asked when it is complete: what was sent afterwards is not in it, whoever sent it.
      const isTooLate = former !== null && hasSent(await directory.readJournal())
      const record = { dir: taken.dir, archiveBytes: taken.archiveBytes }
      safety = isTooLate ? former : await directory.writeSafety(record, { replaces: former })
    } finally {
      // Another process was first, and this one is of a later state.
      if (safety?.dir !== taken.dir) await context.archives.remove(taken.dir)
    }
  }
  if (safety !== null) await input.onSafety?.(safety, isFound)
}

/** Something of the run may have reached the cluster: its journal names a batch. */
function hasSent(journal: JournalState | null): boolean {
  return journal !== null && journal.nextBatch > 0
}

async function apply(
  context: EngineContext,
  input: ExecuteRestoreInput,
  directory: RestoreDirectory,
  plan: StoredPlan,
  connection: ClusterConnection,
): Promise<ApplyReport> {
  const meter = new ProgressMeter(context.clock, input.onProgress)
  const history = await fenceOff(context, input.target, directory)
  const journal = await directory.openJournal(input.assertOwned ?? (() => undefined))
  try {
    return await applyPlan({
      steps: directory.readStepBatches(),
      summary: plan.summary,
      target: connection,
      journal,
      history,
      run: input.run,
      writer: randomUUID().slice(0, 8),
      session: connection.sessionTicket,
      onConflict: input.onConflict,
      onProgress: ({ applied, alreadyDone, skipped, steps, counter }) =>
        counter
          ? meter.report(`Advancing the counter of ${counter.path}`, { done: counter.at, total: counter.to })
          : meter.report('Writing', { done: applied + alreadyDone + skipped, total: steps }),
      onConflictFound: input.onConflictFound,
      shouldPause: input.shouldPause,
      limits: batchLimits(context.restoreBatch),
      clock: context.clock,
      signal: context.signal,
    })
  } finally {
    await journal.close()
  }
}

function batchLimits(operationsMax: number | undefined): Partial<ApplyLimits> {
  if (operationsMax === undefined) return {}
  return {
    batchOperationsMax: operationsMax,
    batchAclStepsMax: Math.min(operationsMax, APPLY_LIMITS.batchAclStepsMax),
  }
}

const LISTED_MAX = 1000

async function conclude(
  context: EngineContext,
  input: ExecuteRestoreInput,
  directory: RestoreDirectory,
  run: { plan: StoredPlan; connection: ClusterConnection; applied: ApplyReport; startedAt: number },
): Promise<RestoreReport> {
  const { plan, connection, applied } = run
  const base = {
    plan: plan.summary.plan,
    applied: applied.applied,
    alreadyDone: applied.alreadyDone,
    skipped: applied.skipped,
    conflicts: applied.conflictsLeft.slice(0, LISTED_MAX).map(({ path, reason }) => ({ path, reason })),
    conflictCount: applied.conflictsLeftCount,
    overwritten: applied.conflicts
      .filter((conflict) => !applied.conflictsLeft.includes(conflict))
      .slice(0, LISTED_MAX)
      .map(({ path, reason }) => ({ path, reason })),
    overwrittenCount: applied.conflictCount - applied.conflictsLeftCount,
    stopped: applied.stopped,
    cancelled: applied.cancelled,
    paused: applied.paused,
  }
  const durationMs = () => Math.max(0, Math.round(context.clock.now() - run.startedAt))
  if (applied.stopped || applied.cancelled || applied.paused) {
    return { ...base, verified: null, differences: [], differenceCount: 0, fidelity: null, durationMs: durationMs() }
  }
  const meter = new ProgressMeter(context.clock, input.onProgress)
  // The session that wrote sees its own writes, whatever the server lags behind.
  const check = await verifyRestore({
    steps: directory.readStepBatches(),
    target: connection,
    onProgress: (done) => meter.report('Verifying', { done, total: plan.summary.steps }),
    signal: context.signal,
  })
  const differences: RestoreReport['differences'] = check.differences.map(({ path, reason }) => ({
    path,
    change: reason,
  }))
  // An ACL that the server hides is not proven to be the one that was written, nor is one whose owner nobody knows.
  const unproven = check.aclsHidden + check.aclsUnresolved
  if (check.aclsHidden > 0)
    differences.push({ path: plan.summary.targetPath, change: `${countOf(check.aclsHidden, 'ACL')} hidden` })
  if (check.aclsUnresolved > 0) {
    const what = `${countOf(check.aclsUnresolved, 'ACL')} of unknown identities`
    differences.push({ path: plan.summary.targetPath, change: what })
  }
  return {
    ...base,
    verified: check.equal && unproven === 0,
    differences,
    differenceCount: check.differenceCount + unproven,
    fidelity: {
      acls: { compared: check.aclsCompared, hidden: check.aclsHidden, unresolved: check.aclsUnresolved },
      counters: check.counters,
    },
    durationMs: durationMs(),
  }
}
