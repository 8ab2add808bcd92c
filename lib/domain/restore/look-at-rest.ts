import { throwIfAborted } from '../../base/errors.ts'
import { isWithin, parentPath, ROOT } from '../znode/path.ts'
import type { ZnodeReading } from '../znode/ports.ts'
import type { ConflictReason } from './conflict.ts'
import type { JournalState } from './journal.ts'
import { judgeStep } from './judge-step.ts'
import type { PlanStep } from './plan.ts'
import type { RestoreTarget } from './ports.ts'

/** A step that is not carried out yet, beside the live state of now. */
export interface RestLine {
  readonly step: PlanStep
  readonly live: ZnodeReading
  /** valid: its guard holds. done: the live state is as wanted. stale: it would be a conflict, for `reason`. */
  readonly verdict: 'valid' | 'done' | 'stale'
  readonly reason: ConflictReason | null
}

export interface LookAtRestInput {
  /** All steps of the plan in order; asked for twice. */
  readonly steps: () => AsyncIterable<readonly PlanStep[]>
  /** Of the run so far; null when there was none. What it applied or found done is passed over, what it skipped is not. */
  readonly journal: JournalState | null
  readonly live: Pick<RestoreTarget, 'readMany'>
  /** Index of the first step to look at. */
  readonly from?: number
  readonly signal?: AbortSignal
}

const READ_AT_ONCE = 500
/** Data that the plan wants in one round of reads, bytes. */
const BYTES_AT_ONCE = 4 * 1024 * 1024

/**
 * What is left of a plan, judged by the live tree as a run would judge it, in the plan's order, some hundred lines at once. What earlier
 * steps of the plan will have done by then counts. Memory: paths whose ACL or counter the plan sets after it has created them.
 */
export async function* lookAtRest(input: LookAtRestInput): AsyncGenerator<readonly RestLine[], void, void> {
  const isLeft = leftBy(input.journal)
  const look = new RestLook(input, await findLate(input.steps()))
  let round: PlanStep[] = []
  let bytes = 0
  for await (const steps of input.steps()) {
    for (const step of steps) {
      if (!isLeft(step.index)) continue
      if (step.index < (input.from ?? 0)) {
        look.pass(step)
        continue
      }
      round.push(step)
      bytes += step.step === 'create' || step.step === 'setData' ? (step.data?.length ?? 0) : 0
      if (round.length < READ_AT_ONCE && bytes < BYTES_AT_ONCE) continue
      yield await look.judge(round)
      round = []
      bytes = 0
    }
  }
  if (round.length > 0) yield await look.judge(round)
}

/** Not carried out, as far as the journal knows. */
function leftBy(journal: JournalState | null): (index: number) => boolean {
  if (journal === null) return () => true
  const skipped = new Set(journal.conflicts.filter(({ resolution }) => resolution === 'skipped').map((c) => c.index))
  return (index) => !journal.settled.has(index) || (skipped.has(index) && journal.findApplied(index) === null)
}

/** Znodes that take their final ACL, or their counter, after the plan has created them. */
async function findLate(steps: AsyncIterable<readonly PlanStep[]>): Promise<Set<string>> {
  const late = new Set<string>()
  for await (const some of steps) for (const step of some) if (isLate(step)) late.add(step.path)
  return late
}

/** An ACL or a counter that is set once the plan has created its znode. */
function isLate(step: PlanStep): boolean {
  return step.step !== 'create' && step.expect.kind === 'absent'
}

class RestLook {
  private readonly input: LookAtRestInput
  private readonly late: ReadonlySet<string>
  /** Of them, those that a step left of the plan creates. */
  private readonly toCreate = new Set<string>()
  /** Creates on the way to the path at hand. */
  private readonly created: string[] = []
  /** Deletes directly below a path that is still to come: children go first. */
  private readonly deletedBelow = new Map<string, number>()

  constructor(input: LookAtRestInput, late: ReadonlySet<string>) {
    this.input = input
    this.late = late
  }

  /** Takes note of a step that was looked at before. */
  pass(step: PlanStep): void {
    if (step.step === 'create') this.enter(step.path)
    if (step.step === 'delete') this.countDelete(step.path, true)
  }

  async judge(steps: readonly PlanStep[]): Promise<RestLine[]> {
    const { live, signal } = this.input
    throwIfAborted(signal)
    const parents = this.findParents(steps)
    const paths = [...steps.map((step) => step.path), ...parents]
    const readings = await live.readMany(paths, { signal })
    const parentReadings = new Map(parents.map((path, at) => [path, readings[steps.length + at]!]))
    return steps.map((step, at) => this.judgeOne(step, readings[at]!, parentReadings))
  }

  /** Parents that no step left of the plan creates, each once. */
  private findParents(steps: readonly PlanStep[]): string[] {
    const wanted = new Set<string>()
    const open = [...this.created]
    for (const { step, path } of steps) {
      if (step !== 'create') continue
      while (open.length > 0 && !isWithin(path, open.at(-1)!)) open.pop()
      if (open.at(-1) !== parentPath(path) && parentPath(path) !== ROOT) wanted.add(parentPath(path))
      open.push(path)
    }
    return [...wanted]
  }

  private judgeOne(step: PlanStep, live: ZnodeReading, parents: ReadonlyMap<string, ZnodeReading>): RestLine {
    const { journal } = this.input
    if (isLate(step) && live.kind === 'missing' && this.toCreate.has(step.path))
      return { step, live, verdict: 'valid', reason: null }
    const isOwn = (czxid: bigint) => journal?.zxids.has(czxid) ?? false
    const verdict = judgeStep(step, live, isOwn)
    const reason = verdict.kind === 'conflict' ? verdict.reason : this.findFaultAround(step, live, parents)
    if (step.step === 'delete') this.countDelete(step.path, live.kind === 'found')
    if (verdict.kind === 'done') return { step, live, verdict: 'done', reason: null }
    return { step, live, verdict: reason === null ? 'valid' : 'stale', reason }
  }

  private findFaultAround(
    step: PlanStep,
    live: ZnodeReading,
    parents: ReadonlyMap<string, ZnodeReading>,
  ): ConflictReason | null {
    if (step.step === 'create') {
      if (live.kind !== 'missing') return null
      const parent = this.enter(step.path) ? undefined : parents.get(parentPath(step.path))
      if (parent?.kind === 'missing') return 'parent-missing'
      return parent?.kind === 'found' && parent.znode.kind === 'ephemeral' ? 'ephemeral-parent' : null
    }
    if (step.step !== 'delete' || live.kind !== 'found') return null
    return live.numChildren > (this.deletedBelow.get(step.path) ?? 0) ? 'not-empty' : null
  }

  /** True when the plan creates the parent, too. */
  private enter(path: string): boolean {
    while (this.created.length > 0 && !isWithin(path, this.created.at(-1)!)) this.created.pop()
    const isBelow = this.created.at(-1) === parentPath(path)
    this.created.push(path)
    if (this.late.has(path)) this.toCreate.add(path)
    return isBelow
  }

  private countDelete(path: string, isThere: boolean): void {
    this.deletedBelow.delete(path)
    if (!isThere) return
    const parent = parentPath(path)
    this.deletedBelow.set(parent, (this.deletedBelow.get(parent) ?? 0) + 1)
  }
}
