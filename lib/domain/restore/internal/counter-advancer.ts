import type { ZnodeReading } from '../../znode/ports.ts'
import type { ConflictReason } from '../conflict.ts'
import { COUNTER_UNITS_AT_ONCE } from '../fidelity.ts'
import type { PlanStep } from '../plan.ts'
import type { RestoreTarget, WriteOperation } from '../ports.ts'
import { reasonOf } from './attempt.ts'
import type { BatchRecord } from './batch-record.ts'
import { answersLost, assertWritable } from './batch-resolver.ts'
import { counterPair } from './counter-operations.ts'
import type { RunState } from './run-state.ts'

export type CounterStep = Extract<PlanStep, { step: 'advanceCounter' }>

export interface CounterProgress {
  readonly path: string
  /** Where its counter is now, and where it is to be. */
  readonly at: number
  readonly to: number
}

interface Open {
  readonly step: CounterStep
  readonly counter: number
}

/**
 * Advances counters multi by multi, each guarded by the counter that was just read, so that none goes beyond its target whoever else
 * creates children meanwhile. What is done is told by the live counter alone, so a lost answer or a killed process costs one read.
 */
export class CounterAdvancer {
  private readonly run: RunState
  private readonly target: RestoreTarget
  private readonly attemptsMax: number
  private readonly operationsMax: number
  private readonly bytesMax: number
  private readonly mayGoOn: () => Promise<boolean>
  private readonly onAdvance: ((progress: CounterProgress) => void) | undefined

  constructor(options: {
    run: RunState
    target: RestoreTarget
    attemptsMax: number
    /** Of one multi; never more than COUNTER_UNITS_AT_ONCE pairs. */
    operationsMax: number
    bytesMax: number
    /** Asked before each multi but the first of a batch. */
    mayGoOn: () => Promise<boolean>
    onAdvance: ((progress: CounterProgress) => void) | undefined
  }) {
    this.run = options.run
    this.target = options.target
    this.attemptsMax = options.attemptsMax
    this.operationsMax = Math.min(options.operationsMax, 2 * COUNTER_UNITS_AT_ONCE)
    this.bytesMax = options.bytesMax
    this.mayGoOn = options.mayGoOn
    this.onAdvance = options.onAdvance
  }

  /** Ends with an outcome in the journal, or without one when it ends before its time: a resume goes on from the live counter then. */
  async advance(
    record: BatchRecord,
    steps: readonly CounterStep[],
    { doubtful }: { doubtful: boolean },
  ): Promise<void> {
    const { run, target } = this
    /** Steps of which something was or may have been sent, with the last transaction known. */
    const sent = new Map<CounterStep, bigint | null>(doubtful ? steps.map((step) => [step, null]) : [])
    const overwritten = new Set<CounterStep>()
    let refused: { readonly step: CounterStep; readonly reason: ConflictReason } | null = null
    let pending = steps
    let inVain = 0
    for (let rounds = 0; pending.length > 0; rounds++) {
      if (rounds > 0 && !(await this.mayGoOn())) break
      const readings = await target.readMany(pending.map((step) => step.path))
      const open: Open[] = []
      for (const [at, step] of pending.entries()) {
        const counter = this.settle(record, step, readings[at]!, { sent, overwritten, refused })
        if (counter !== null) open.push({ step, counter })
        if (run.stopped) break
      }
      pending = open.map(({ step }) => step)
      if (run.stopped || open.length === 0) break
      const { operations, owners } = this.fill(open)
      if (!record.intentWritten) await run.writeIntent(record, target.lastZxidSeen())
      const outcome = await target.multi(operations)
      refused = null
      inVain = outcome.kind === 'done' ? 0 : inVain + 1
      if (outcome.kind === 'refused') {
        assertWritable(outcome.code, outcome.message)
        const step = owners[outcome.index] ?? owners[0]!
        // A child that is not there by the expected name: somebody has moved the counter, and it is looked at again.
        const reason = outcome.code === 'NODE_EXISTS' ? 'exists' : reasonOf(outcome.code, step)
        if (reason !== null) refused = { step, reason }
        else if (inVain > this.attemptsMax) refused = { step, reason: 'contended' }
      } else {
        const zxid = outcome.kind === 'done' ? outcome.zxid : null
        for (const step of new Set(owners)) sent.set(step, zxid ?? sent.get(step) ?? null)
        if (zxid !== null) run.zxids.add(zxid)
        else if (inVain > this.attemptsMax) throw answersLost(inVain)
      }
    }
    // What was sent for a step that is not at its end makes the batch doubtful: the counter tells a resume what came of it.
    if (!run.stopped && pending.some((step) => sent.has(step))) return
    await run.writeOutcome(record, { durable: true })
  }

  /** The live counter of a step that is to go on; null when it is settled, one way or the other. */
  private settle(
    record: BatchRecord,
    step: CounterStep,
    live: ZnodeReading,
    known: {
      sent: ReadonlyMap<CounterStep, bigint | null>
      overwritten: Set<CounterStep>
      refused: { readonly step: CounterStep; readonly reason: ConflictReason } | null
    },
  ): number | null {
    const { run } = this
    const { policy } = run
    const verdict = run.judge(step, live)
    const counter = live.kind === 'found' ? live.znode.stat.cversion : 0
    if (live.kind === 'found') this.onAdvance?.({ path: step.path, at: counter, to: step.to })
    if (verdict.kind === 'done') {
      if (known.sent.has(step)) record.addApplied(step.index, known.sent.get(step) ?? null)
      else record.addAlready(step.index)
      return null
    }
    const isOther = verdict.kind === 'conflict' && verdict.reason === 'recreated'
    const reason = run.isUnreachable(step)
      ? 'parent-missing'
      : known.refused?.step === step
        ? known.refused.reason
        : verdict.kind === 'conflict' && !(isOther && policy === 'overwrite')
          ? verdict.reason
          : null
    if (reason !== null) {
      run.addConflict(record, step, { reason, resolution: policy === 'stop' ? 'stopped' : 'skipped' })
      return null
    }
    if (isOther && !known.overwritten.has(step)) {
      known.overwritten.add(step)
      run.addConflict(record, step, { reason: 'recreated', resolution: 'overwritten' })
    }
    return counter
  }

  /** As many pairs as one multi takes, step after step. `owners`: whose each operation is. */
  private fill(open: readonly Open[]): { operations: WriteOperation[]; owners: CounterStep[] } {
    const operations: WriteOperation[] = []
    const owners: CounterStep[] = []
    let bytes = 0
    for (const { step, counter } of open) {
      for (let at = counter; at < step.to; at++) {
        const pair = counterPair(step.path, at)
        bytes += pair.reduce((sum, operation) => sum + this.target.encodedSizeOf(operation), 0)
        const isFull = operations.length + 2 > this.operationsMax || bytes > this.bytesMax
        if (operations.length > 0 && isFull) return { operations, owners }
        operations.push(...pair)
        owners.push(step, step)
      }
    }
    return { operations, owners }
  }
}
