import type { Conflict, ConflictReason, ConflictResolution } from '../conflict.ts'
import type { BatchOutcome, Rewritten } from '../journal.ts'
import type { PlanStep } from '../plan.ts'
import { IndexRanges } from './index-ranges.ts'

/** What has become of the steps of one batch so far; turned into one outcome line at the end. */
export class BatchRecord {
  readonly batch: number
  readonly from: number
  readonly to: number
  readonly lastPath: string
  intentWritten = false
  readonly conflicts: Conflict[] = []
  private readonly applied = new Map<bigint | null, IndexRanges>()
  private readonly already = new IndexRanges()
  private readonly skipped = new IndexRanges()
  private readonly rewritten: Rewritten[] = []

  constructor(batch: number, steps: readonly PlanStep[]) {
    this.batch = batch
    this.from = steps[0]!.index
    this.to = steps.at(-1)!.index + 1
    this.lastPath = steps.at(-1)!.path
  }

  addApplied(index: number, zxid: bigint | null): void {
    let ranges = this.applied.get(zxid)
    if (ranges === undefined) {
      ranges = new IndexRanges()
      this.applied.set(zxid, ranges)
    }
    ranges.add(index)
  }

  addAlready(index: number): void {
    this.already.add(index)
  }

  addRewritten(state: Rewritten): void {
    this.rewritten.push(state)
  }

  addConflict(step: PlanStep, reason: ConflictReason, resolution: ConflictResolution): Conflict {
    const conflict = { index: step.index, path: step.path, reason, resolution }
    this.conflicts.push(conflict)
    if (resolution === 'skipped') this.skipped.add(step.index)
    return conflict
  }

  toOutcome(): BatchOutcome {
    return {
      batch: this.batch,
      applied: [...this.applied].map(([zxid, ranges]) => ({ zxid, ranges: ranges.list() })),
      already: this.already.list(),
      skipped: this.skipped.list(),
      conflicts: this.conflicts,
      rewritten: this.rewritten,
    }
  }
}
