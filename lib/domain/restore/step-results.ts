import type { Conflict, ConflictReason } from './conflict.ts'
import type { JournalState } from './journal.ts'

/** What became of one step, by the journal. */
export const STEP_RESULTS = [
  'applied',
  /** The live state was as wanted before anything was sent. */
  'already-done',
  /** A conflict that the policy passed over. */
  'skipped',
  /** The conflict that ended the run; a resume looks again. */
  'conflict',
  /** Written over a state that the plan did not expect. */
  'overwritten',
  /** Sent, and no answer: the live state tells, or a resume. */
  'in-doubt',
  'not-reached',
] as const
export type StepResultKind = (typeof STEP_RESULTS)[number]

export interface StepResult {
  readonly kind: StepResultKind
  /** Transaction that wrote it, where known. */
  readonly zxid: bigint | null
  readonly reason: ConflictReason | null
}

/** Results of a plan's steps, one lookup each. Memory: the journal's ranges and its conflicts. */
export class StepResults {
  private readonly journal: JournalState | null
  private readonly conflicts: ReadonlyMap<number, Conflict>
  private readonly steps: number

  /** `journal` null: the plan was not run. */
  constructor(journal: JournalState | null, steps: number) {
    this.journal = journal
    this.steps = steps
    const { conflicts = [], stopped = [] } = journal ?? {}
    this.conflicts = new Map([...conflicts, ...stopped].map((conflict) => [conflict.index, conflict]))
  }

  of(index: number): StepResult {
    const { journal } = this
    if (journal === null) return NOT_REACHED
    const applied = journal.findApplied(index)
    const reason = this.conflicts.get(index)?.reason ?? null
    if (applied !== null) return { kind: reason === null ? 'applied' : 'overwritten', zxid: applied.zxid, reason }
    if (journal.settled.has(index)) return { kind: reason === null ? 'already-done' : 'skipped', zxid: null, reason }
    if (reason !== null) return { kind: 'conflict', zxid: null, reason }
    return journal.doubtful.has(index) ? IN_DOUBT : NOT_REACHED
  }

  counts(): Readonly<Record<StepResultKind, number>> {
    const { applied = 0, alreadyDone = 0, skipped = 0 } = this.journal?.totals() ?? {}
    let overwritten = 0
    let conflict = 0
    for (const index of this.conflicts.keys()) {
      const { kind } = this.of(index)
      if (kind === 'overwritten') overwritten++
      if (kind === 'conflict') conflict++
    }
    const doubtful = this.journal?.doubtful.count() ?? 0
    return {
      applied: applied - overwritten,
      'already-done': alreadyDone,
      skipped,
      conflict,
      overwritten,
      'in-doubt': doubtful,
      'not-reached': Math.max(0, this.steps - applied - alreadyDone - skipped - conflict - doubtful),
    }
  }
}

const NOT_REACHED: StepResult = { kind: 'not-reached', zxid: null, reason: null }
const IN_DOUBT: StepResult = { kind: 'in-doubt', zxid: null, reason: null }
