import type { Clock } from '../../base/clock.ts'
import { CancelledError } from '../../base/errors.ts'
import type { Conflict } from './conflict.ts'
import { RestoreError } from './errors.ts'
import { type Attempt, toAttempt } from './internal/attempt.ts'
import { BatchRecord } from './internal/batch-record.ts'
import { assertWritable, BatchResolver, takeWritten } from './internal/batch-resolver.ts'
import { batchSteps, type Lane, type StepBatch } from './internal/batch-steps.ts'
import { CounterAdvancer, type CounterProgress, type CounterStep } from './internal/counter-advancer.ts'
import { RunState } from './internal/run-state.ts'
import { MULTI_OVERHEAD_BYTES } from './internal/step-operation.ts'
import { type JournalState, JournalWriter, type RunResult } from './journal.ts'
import type { ConflictPolicy, PlanStep, PlanSummary } from './plan.ts'
import type { JournalSink, RestoreTarget } from './ports.ts'

export interface ApplyLimits {
  /** Multis in flight at once. */
  readonly window: number
  readonly batchOperationsMax: number
  /** Encoded bytes of one multi; the server's own limit counts too. */
  readonly batchBytesMax: number
  readonly batchAclStepsMax: number
  /** How often a batch is read, judged and sent again before its steps count as contended. */
  readonly attemptsMax: number
}

export const APPLY_LIMITS: ApplyLimits = {
  window: 4,
  batchOperationsMax: 1000,
  batchBytesMax: 512 * 1024,
  batchAclStepsMax: 256,
  attemptsMax: 8,
}

export interface ApplyProgress {
  /** Steps settled so far, over all runs of this plan. */
  readonly applied: number
  readonly alreadyDone: number
  readonly skipped: number
  readonly conflicts: number
  readonly steps: number
  /** Last path of the batch settled last; null at the start. */
  readonly path: string | null
  /** While a sequence counter is advanced, which takes many transactions for one step. */
  readonly counter?: CounterProgress
}

export interface ApplyPlanInput {
  /** All steps of the plan in order, also on resume: settled ones are passed over. */
  readonly steps: AsyncIterable<readonly PlanStep[]>
  readonly summary: Pick<PlanSummary, 'plan' | 'steps' | 'onConflict'>
  readonly target: RestoreTarget
  readonly journal: JournalSink
  /** What the journal held before, to resume; null or absent for a new run. */
  readonly history?: JournalState | null
  /** Names the run in the journal. */
  readonly run: string
  /** Names this process in it; no other has the name. Default: the run's, which is right where there is only ever one. */
  readonly writer?: string
  /** With what a later process can end the session of `target`; kept in the journal. */
  readonly session?: string
  /** Default: the plan's. */
  readonly onConflict?: ConflictPolicy
  readonly onProgress?: (progress: ApplyProgress) => void
  readonly onConflictFound?: (conflict: Conflict) => void
  readonly clock: Clock
  /** Asked before each batch: true ends the run there, with what is in flight journalled, for a later one to go on. */
  readonly shouldPause?: () => Promise<boolean>
  /** Ends the run between batches; what is in flight is waited for and journalled. */
  readonly signal?: AbortSignal
  readonly limits?: Partial<ApplyLimits>
}

/** Over all runs of this plan so far. */
export interface ApplyReport {
  readonly applied: number
  /** Found done before anything was sent for them. */
  readonly alreadyDone: number
  readonly skipped: number
  /** The first thousand, overwritten ones included. */
  readonly conflicts: readonly Conflict[]
  readonly conflictCount: number
  /** Those that were not overwritten as the policy said: the first thousand, and their number. */
  readonly conflictsLeft: readonly Conflict[]
  readonly conflictsLeftCount: number
  /** A conflict ended the run; a resume goes on from there. */
  readonly stopped: boolean
  readonly cancelled: boolean
  /** It was asked to pause before its last batch. */
  readonly paused: boolean
}

/**
 * Carries a plan out: guarded multis, several in flight, journalled before and after. Nothing is sent twice without its guard.
 * Conflicts are returned. What the target or the journal throws is thrown once nothing is in flight any more, and the journal can
 * then be resumed. Throws RestoreError JOURNAL_MISMATCH, BAD_STEP, TARGET_READ_ONLY, ANSWERS_LOST.
 */
export async function applyPlan(input: ApplyPlanInput): Promise<ApplyReport> {
  return new PlanApplier(input).apply()
}

type MultiOutcome = Awaited<ReturnType<RestoreTarget['multi']>>

/** A multi that is on its way. */
interface Flight {
  readonly record: BatchRecord
  readonly attempts: readonly Attempt[]
  readonly answer: Promise<{ readonly outcome: MultiOutcome } | { readonly failure: unknown }>
}

class PlanApplier {
  private readonly input: ApplyPlanInput
  private readonly limits: ApplyLimits
  private readonly run: RunState
  private readonly resolver: BatchResolver
  private readonly counters: CounterAdvancer
  private readonly bytesMax: number
  private readonly flights: Flight[] = []
  private nextBatch: number
  private paused = false

  constructor(input: ApplyPlanInput) {
    const { target, signal } = input
    const history = input.history ?? null
    this.input = input
    this.limits = { ...APPLY_LIMITS, ...input.limits }
    this.bytesMax = target.requestBytesMax - MULTI_OVERHEAD_BYTES
    this.nextBatch = history?.nextBatch ?? 0
    this.run = new RunState({
      policy: input.onConflict ?? input.summary.onConflict,
      journal: new JournalWriter(input.journal, input.clock, input.writer ?? input.run),
      history,
      onConflictFound: input.onConflictFound,
      onSettled: (path) => input.onProgress?.(this.progress(path)),
    })
    const { run } = this
    const { attemptsMax } = this.limits
    this.resolver = new BatchResolver({ run, target, attemptsMax, signal })
    this.counters = new CounterAdvancer({
      run,
      target,
      attemptsMax,
      operationsMax: this.limits.batchOperationsMax,
      bytesMax: Math.min(this.limits.batchBytesMax, this.bytesMax),
      mayGoOn: () => this.mayGoOn(),
      onAdvance: (counter) => input.onProgress?.({ ...this.progress(counter.path), counter }),
    })
  }

  async apply(): Promise<ApplyReport> {
    const { history, summary, run: name } = this.input
    const { run } = this
    if (history && history.header.plan !== summary.plan) {
      throw new RestoreError('JOURNAL_MISMATCH', `The journal is of plan ${history.header.plan}, not ${summary.plan}`, {
        unaffected: 'nothing was written',
        remedy: 'give the journal of this plan, or start a new run with a new journal',
      })
    }
    if (history?.result === 'done') return this.report({ cancelled: false, paused: false })
    const { session = null } = this.input
    if (history) await run.journal.resume({ run: name, onConflict: run.policy }, session)
    else
      await run.journal.begin({ run: name, plan: summary.plan, steps: summary.steps, onConflict: run.policy }, session)
    this.input.onProgress?.(this.progress(null))
    try {
      await this.sendBatches()
    } catch (error) {
      for (const flight of this.flights.splice(0)) await this.salvage(flight)
      throw error
    }
    const settled = run.applied + run.alreadyDone + run.skipped
    const cancelled = !run.stopped && this.isCancelled() && settled < summary.steps
    const paused = !run.stopped && !cancelled && this.paused && settled < summary.steps
    const result: RunResult = run.stopped ? 'stopped' : cancelled ? 'cancelled' : paused ? 'paused' : 'done'
    const { applied, alreadyDone, skipped, conflictCount: conflicts } = run
    await run.journal.finish(result, { applied, alreadyDone, skipped, conflicts })
    return this.report({ cancelled, paused })
  }

  private async sendBatches(): Promise<void> {
    const { steps, target, history } = this.input
    const limits = {
      operationsMax: this.limits.batchOperationsMax,
      bytesMax: Math.min(this.limits.batchBytesMax, this.bytesMax),
      aclStepsMax: this.limits.batchAclStepsMax,
    }
    const state = {
      isSettled: (index: number) => history?.settled.has(index) ?? false,
      isDoubtful: (index: number) => history?.doubtful.has(index) ?? false,
    }
    let lane: Lane | null = null
    for await (const batch of batchSteps(steps, target, limits, state)) {
      // Deletes and ACLs must never overtake a write that is not settled.
      if (batch.lane !== lane) await this.drain()
      lane = batch.lane
      if (await this.mayGoOn()) await this.start(batch)
      if (this.isOver()) break
    }
    await this.drain()
  }

  private async mayGoOn(): Promise<boolean> {
    if (!this.isOver()) this.paused = (await this.input.shouldPause?.()) ?? false
    return !this.isOver()
  }

  private async start(batch: StepBatch): Promise<void> {
    const { target } = this.input
    const { steps, operations, lane, doubtful } = batch
    const record = new BatchRecord(this.nextBatch++, steps)
    if (lane === 'counter') {
      await this.counters.advance(record, steps.filter(isCounterStep), { doubtful })
      return
    }
    const isTooLarge = lane !== 'acl' && steps.length === 1 && this.sizeOf(steps[0]!) > target.aloneBytesMax
    if (lane === 'acl' || doubtful || isTooLarge || !(await this.doGuardsHold(steps))) {
      await this.drain()
      if (this.isOver()) return
      const refused = new Map(isTooLarge ? [[steps[0]!, 'TOO_LARGE' as const]] : [])
      await this.resolver.resolve(record, steps, { doubtful, refused })
      return
    }
    await this.run.writeIntent(record, target.lastZxidSeen())
    const attempts = steps.map((step, at) => toAttempt(step, null, operations[at]))
    // What waits for a connection when the run is called off is not sent any more; what is sent is waited for.
    const answer = target.multi(operations, { signal: this.input.signal }).then(
      (outcome) => ({ outcome }),
      (failure: unknown) => ({ failure }),
    )
    this.flights.push({ record, attempts, answer })
    if (this.flights.length >= this.limits.window) await this.settleOldest()
  }

  private sizeOf(step: PlanStep): number {
    const { operation } = toAttempt(step, null)
    return operation === null ? 0 : this.input.target.encodedSizeOf(operation)
  }

  /**
   * The version travels with the request; that the znode is still the same one (czxid) can only be seen by reading just before.
   * A create needs neither: that nothing is there is the server's own condition.
   */
  private async doGuardsHold(steps: readonly PlanStep[]): Promise<boolean> {
    const { target } = this.input
    if (steps.some((step) => this.run.isUnreachable(step))) return false
    const guarded = steps.filter((step) => step.step !== 'create')
    if (guarded.length === 0) return true
    const readings = await target.readMany(guarded.map((step) => step.path))
    return guarded.every((step, at) => this.run.judge(step, readings[at]!).kind === 'valid')
  }

  private async drain(): Promise<void> {
    while (this.flights.length > 0) await this.settleOldest()
  }

  private async settleOldest(): Promise<void> {
    const answer = await this.flights[0]!.answer
    if ('outcome' in answer && answer.outcome.kind === 'done')
      await this.settleDone(this.flights.shift()!, answer.outcome)
    else await this.settleTrouble()
  }

  private async settleDone(flight: Flight, outcome: Extract<MultiOutcome, { kind: 'done' }>): Promise<void> {
    const { zxid, stats } = outcome
    this.run.zxids.add(zxid)
    for (const [at, attempt] of flight.attempts.entries()) {
      takeWritten(this.run, flight.record, attempt, { zxid, stat: stats[at] ?? null })
    }
    await this.run.writeOutcome(flight.record, { durable: this.flights.length === 0 })
  }

  /** One went wrong: everything in flight is waited for and then judged in order, with nothing else going on. */
  private async settleTrouble(): Promise<void> {
    const flights = this.flights.splice(0)
    const answers = await Promise.all(flights.map((flight) => flight.answer))
    let failure: { readonly error: unknown } | null = null
    let isFirst = true
    for (const [at, flight] of flights.entries()) {
      const answer = answers[at]!
      // It was called off before it was sent.
      if ('failure' in answer && this.isCancelled() && answer.failure instanceof CancelledError)
        await this.run.writeOutcome(flight.record, { durable: false })
      // Without an outcome line the batch is doubtful, and a resume judges it.
      else if ('failure' in answer) failure ??= { error: answer.failure }
      else if (answer.outcome.kind === 'done') await this.settleDone(flight, answer.outcome)
      else if (failure === null && !this.isOver()) {
        // Only the first refusal speaks for itself; a later one may be no more than a parent that the first one held back.
        await this.resolveFlight(flight, answer.outcome, isFirst)
        isFirst = false
      } else if (answer.outcome.kind === 'refused') await this.run.writeOutcome(flight.record, { durable: false })
    }
    if (failure !== null) throw failure.error
  }

  private async resolveFlight(
    flight: Flight,
    outcome: Exclude<MultiOutcome, { kind: 'done' }>,
    isFirst: boolean,
  ): Promise<void> {
    const steps = flight.attempts.map((attempt) => attempt.step)
    if (outcome.kind === 'unknown') return this.resolver.resolve(flight.record, steps, { doubtful: true })
    assertWritable(outcome.code, outcome.message)
    const culprit = steps[outcome.index] ?? steps[0]!
    const refused = new Map(isFirst ? [[culprit, outcome.code]] : [])
    await this.resolver.resolve(flight.record, steps, { doubtful: false, refused })
  }

  /** After a failure: what was in flight is waited for, and what certainly happened is written down where that is still possible. */
  private async salvage(flight: Flight): Promise<void> {
    const answer = await flight.answer
    if (!('outcome' in answer) || answer.outcome.kind !== 'done') return
    // The error that brought us here is the one to tell; a journal that fails again leaves the batch doubtful.
    await this.settleDone(flight, answer.outcome).catch(() => undefined)
  }

  private isCancelled(): boolean {
    return this.input.signal?.aborted ?? false
  }

  private isOver(): boolean {
    return this.run.stopped || this.paused || this.isCancelled()
  }

  private progress(path: string | null): ApplyProgress {
    const { applied, alreadyDone, skipped, conflictCount: conflicts } = this.run
    return { applied, alreadyDone, skipped, conflicts, steps: this.input.summary.steps, path }
  }

  private report({ cancelled, paused }: Pick<ApplyReport, 'cancelled' | 'paused'>): ApplyReport {
    const { applied, alreadyDone, skipped, conflicts, conflictCount, conflictsLeft, overwrittenCount, stopped } =
      this.run
    const conflictsLeftCount = conflictCount - overwrittenCount
    return {
      applied,
      alreadyDone,
      skipped,
      conflicts,
      conflictCount,
      conflictsLeft,
      conflictsLeftCount,
      stopped,
      cancelled,
      paused,
    }
  }
}

function isCounterStep(step: PlanStep): step is CounterStep {
  return step.step === 'advanceCounter'
}
