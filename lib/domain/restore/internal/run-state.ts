import { parentPath, ROOT } from '../../znode/path.ts'
import type { ZnodeReading } from '../../znode/ports.ts'
import type { Conflict, ConflictReason } from '../conflict.ts'
import type { JournalState, JournalWriter } from '../journal.ts'
import { judgeStep, type StepVerdict } from '../judge-step.ts'
import type { ConflictPolicy, PlanStep } from '../plan.ts'
import type { BatchRecord } from './batch-record.ts'

const CONFLICTS_LISTED_MAX = 1000

/** What one run knows about itself: totals, conflicts, its own transactions, and whether it is to go on. */
export class RunState {
  readonly policy: ConflictPolicy
  readonly journal: JournalWriter
  applied = 0
  alreadyDone = 0
  skipped = 0
  readonly conflicts: Conflict[] = []
  conflictCount = 0
  /** Of them, what was overwritten as the policy said: settled, and nothing that is left to anyone. */
  overwrittenCount = 0
  readonly conflictsLeft: Conflict[] = []
  /** A conflict ended the run. */
  stopped = false
  /** Transactions of this run: a znode that one of them created is ours. */
  readonly zxids: Set<bigint>
  /** Paths that stay missing, because their create was given up: nothing can be created below them. */
  private readonly missing = new Set<string>()
  private readonly onConflictFound: ((conflict: Conflict) => void) | undefined
  private readonly onSettled: (path: string) => void

  constructor(options: {
    policy: ConflictPolicy
    journal: JournalWriter
    history: JournalState | null
    onConflictFound: ((conflict: Conflict) => void) | undefined
    onSettled: (path: string) => void
  }) {
    this.policy = options.policy
    this.journal = options.journal
    this.onConflictFound = options.onConflictFound
    this.onSettled = options.onSettled
    this.zxids = new Set(options.history?.zxids)
    if (options.history === null) return
    Object.assign(this, options.history.totals())
    for (const conflict of options.history.conflicts) this.list(conflict)
  }

  judge(step: PlanStep, live: ZnodeReading): StepVerdict {
    return judgeStep(step, live, (czxid) => this.zxids.has(czxid))
  }

  isUnreachable(step: PlanStep): boolean {
    if (this.missing.size === 0 || step.step === 'setData' || step.step === 'delete') return false
    for (let at = parentPath(step.path); at !== ROOT; at = parentPath(at)) if (this.missing.has(at)) return true
    return this.missing.has(step.path)
  }

  addConflict(
    record: BatchRecord,
    step: PlanStep,
    conflict: { reason: ConflictReason; resolution: Conflict['resolution'] },
  ): void {
    const { reason, resolution } = conflict
    const listed = record.addConflict(step, reason, resolution)
    this.list(listed)
    this.onConflictFound?.(listed)
    if (resolution === 'stopped') this.stopped = true
    if (resolution !== 'skipped' || step.step !== 'create') return
    if (reason === 'parent-missing') this.missing.add(parentPath(step.path))
    if (reason !== 'exists' && reason !== 'ephemeral' && reason !== 'unreadable') this.missing.add(step.path)
  }

  async writeIntent(record: BatchRecord, zxid: bigint): Promise<void> {
    await this.journal.intent({ batch: record.batch, from: record.from, to: record.to, zxid })
    record.intentWritten = true
  }

  /** `durable`: when no later intent is about to make it so. */
  async writeOutcome(record: BatchRecord, options: { durable: boolean }): Promise<void> {
    const outcome = record.toOutcome()
    await this.journal.outcome(outcome, options)
    for (const { ranges } of outcome.applied) for (const [from, to] of ranges) this.applied += to - from
    for (const [from, to] of outcome.already) this.alreadyDone += to - from
    for (const [from, to] of outcome.skipped) this.skipped += to - from
    this.onSettled(record.lastPath)
  }

  private list(conflict: Conflict): void {
    this.conflictCount++
    if (this.conflicts.length < CONFLICTS_LISTED_MAX) this.conflicts.push(conflict)
    // Where nothing may be overwritten, what was all the same (created anew in the instant before the write) is for people to look at.
    if (conflict.resolution === 'overwritten' && this.policy === 'overwrite') this.overwrittenCount++
    else if (this.conflictsLeft.length < CONFLICTS_LISTED_MAX) this.conflictsLeft.push(conflict)
  }
}
