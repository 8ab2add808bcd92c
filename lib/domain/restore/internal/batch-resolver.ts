import type { ZnodeReading } from '../../znode/ports.ts'
import type { ConflictReason } from '../conflict.ts'
import { RestoreError } from '../errors.ts'
import type { PlanStep } from '../plan.ts'
import type { RefusalCode, RestoreTarget, WriteOutcome, WrittenStat } from '../ports.ts'
import { type Attempt, reasonOf, toAttempt, toOverwrite } from './attempt.ts'
import type { BatchRecord } from './batch-record.ts'
import { impliedState } from './implied-state.ts'
import type { RunState } from './run-state.ts'

export interface ResolveOptions {
  /** A request for these steps may have been carried out: what is found done was done by us. */
  readonly doubtful: boolean
  /** What the server refused before this. */
  readonly refused?: ReadonlyMap<PlanStep, RefusalCode>
}

const ACLS_IN_FLIGHT = 32

/** Settles one batch the careful way: read, judge, send what is still valid, look again. Nothing else is in flight meanwhile. */
export class BatchResolver {
  private readonly run: RunState
  private readonly target: RestoreTarget
  private readonly attemptsMax: number
  private readonly signal: AbortSignal | undefined
  /** Overwritten creates whose data is written and whose ACL is not, yet. */
  private readonly half = new Map<PlanStep, { readonly attempt: Attempt; readonly zxid: bigint }>()

  constructor(options: { run: RunState; target: RestoreTarget; attemptsMax: number; signal: AbortSignal | undefined }) {
    this.run = options.run
    this.target = options.target
    this.attemptsMax = options.attemptsMax
    this.signal = options.signal
  }

  /**
   * Ends with an outcome in the journal, or without one when an answer is missing for good: the batch is doubtful then.
   * Throws what the target and the journal throw; the batch is doubtful then, too.
   */
  async resolve(record: BatchRecord, steps: readonly PlanStep[], options: ResolveOptions): Promise<void> {
    const { run } = this
    const unsure = new Set<PlanStep>(options.doubtful ? steps : [])
    let refused: ReadonlyMap<PlanStep, RefusalCode> = options.refused ?? new Map()
    let pending = steps
    let oneByOne = false
    for (let tries = 1; pending.length > 0 && !this.signal?.aborted; tries++) {
      const readings = await this.target.readMany(pending.map((step) => step.path))
      const attempts = this.judgeAll(record, pending, {
        readings,
        unsure,
        refused,
        contended: tries > this.attemptsMax,
      })
      pending = attempts.map(({ step }) => step)
      if (run.stopped || pending.length === 0) break
      // What no other try can mend would be refused once for each step; such a batch goes on step by step.
      oneByOne ||= [...refused].some(([step, code]) => reasonOf(code, step) !== null)
      if (!record.intentWritten) await run.writeIntent(record, this.target.lastZxidSeen())
      const round = new Round()
      if (attempts[0]!.step.step === 'setAcl') await this.sendAcls(record, attempts, round)
      else if (oneByOne) for (const attempt of attempts) await this.sendMulti(record, [attempt], round)
      else await this.sendMulti(record, attempts, round)
      for (const step of round.unknown) unsure.add(step)
      refused = round.refused
      pending = pending.filter((step) => !round.settled.has(step))
    }
    if (pending.some((step) => unsure.has(step))) return
    await run.writeOutcome(record, { durable: true })
  }

  /** The steps to send; the others are settled in the record, or they stopped the run. */
  private judgeAll(
    record: BatchRecord,
    steps: readonly PlanStep[],
    known: {
      readings: readonly ZnodeReading[]
      unsure: ReadonlySet<PlanStep>
      refused: ReadonlyMap<PlanStep, RefusalCode>
      contended: boolean
    },
  ): Attempt[] {
    const { run } = this
    const { readings, unsure, refused } = known
    const ours = findOwnCreations(steps, readings, { unsure, run })
    const attempts: Attempt[] = []
    for (const [at, step] of steps.entries()) {
      const live = readings[at]!
      const code = refused.get(step)
      const refusal = code === undefined ? null : reasonOf(code, step)
      const verdict = run.judge(step, live)
      const isOwnCreation =
        unsure.has(step) && step.step === 'create' && live.kind === 'found' && ours.has(live.znode.stat.czxid)
      if (verdict.kind === 'done' || isOwnCreation) {
        if (unsure.has(step)) this.takeSeen(record, step, live)
        else record.addAlready(step.index)
      } else if (run.isUnreachable(step)) {
        this.decide(record, step, { reason: 'parent-missing', live: null })
      } else if (refusal !== null) {
        this.decide(record, step, { reason: refusal, live: null })
      } else if (verdict.kind === 'conflict') {
        const attempt = this.decide(record, step, { reason: verdict.reason, live: known.contended ? null : live })
        if (attempt !== null) attempts.push(attempt)
      } else if (known.contended) {
        if (unsure.has(step)) throw answersLost(this.attemptsMax)
        this.decide(record, step, { reason: 'contended', live: null })
      } else {
        attempts.push(toAttempt(step, live))
      }
    }
    return attempts
  }

  /** What the policy makes of a conflict; `live` is the state that may be overwritten, null where that would not help. */
  private decide(
    record: BatchRecord,
    step: PlanStep,
    conflict: { reason: ConflictReason; live: ZnodeReading | null },
  ): Attempt | null {
    const { reason, live } = conflict
    const { policy } = this.run
    const attempt = policy === 'overwrite' && live !== null ? toOverwrite(step, live, reason) : null
    // An overwrite is told of when it has happened.
    if (attempt !== null) return attempt
    const half = this.half.get(step)
    if (half !== undefined) {
      // The data is written and stays so; only the ACL was given up.
      takeWritten(this.run, record, { ...half.attempt, leaves: withoutAclStep(half.attempt) }, { ...half, stat: null })
      return null
    }
    this.run.addConflict(record, step, { reason, resolution: policy === 'stop' ? 'stopped' : 'skipped' })
    return null
  }

  private async sendMulti(record: BatchRecord, attempts: readonly Attempt[], round: Round): Promise<void> {
    if (this.run.stopped) return
    const inMulti = attempts.filter((attempt) => attempt.operation !== null)
    if (inMulti.length > 0) {
      const outcome = await this.target.multi(
        inMulti.map((attempt) => attempt.operation!),
        { signal: this.signal },
      )
      if (outcome.kind !== 'done') {
        round.addMiss(outcome, inMulti)
        return
      }
      this.run.zxids.add(outcome.zxid)
      for (const [at, attempt] of inMulti.entries()) {
        if (attempt.acl === null)
          this.take(record, attempt, { zxid: outcome.zxid, stat: outcome.stats[at] ?? null }, round)
        else {
          // Half of the step is done; if the other half fails, what is found there later is ours.
          round.unknown.add(attempt.step)
          this.half.set(attempt.step, { attempt, zxid: outcome.zxid })
        }
      }
    }
    await this.sendAcls(
      record,
      attempts.filter((attempt) => attempt.acl !== null),
      round,
    )
  }

  private async sendAcls(record: BatchRecord, attempts: readonly Attempt[], round: Round): Promise<void> {
    for (let at = 0; at < attempts.length && !this.run.stopped; at += ACLS_IN_FLIGHT) {
      const sent = attempts.slice(at, at + ACLS_IN_FLIGHT)
      const answers = await Promise.allSettled(
        sent.map(({ step, acl }) => this.target.setAcl(step.path, acl!.acl, acl!.aversion, { signal: this.signal })),
      )
      for (const [i, answer] of answers.entries()) {
        if (answer.status === 'rejected') throw answer.reason
        const { value: outcome } = answer
        const attempt = sent[i]!
        if (outcome.kind !== 'done') round.addMiss(outcome, [attempt])
        else this.take(record, attempt, { zxid: outcome.zxid, stat: outcome.stat }, round)
      }
    }
  }

  private take(
    record: BatchRecord,
    attempt: Attempt,
    written: { zxid: bigint; stat: WrittenStat | null },
    round: Round,
  ): void {
    round.settled.add(attempt.step)
    round.unknown.delete(attempt.step)
    takeWritten(this.run, record, attempt, written)
  }

  /** A step whose answer was lost, or may have been, and whose result is there. */
  private takeSeen(record: BatchRecord, step: PlanStep, live: ZnodeReading): void {
    if (live.kind !== 'found') {
      record.addApplied(step.index, null)
      return
    }
    const { czxid, mzxid, version, aversion } = live.znode.stat
    const zxid = step.step === 'create' ? czxid : step.step === 'setData' ? mzxid : null
    if (step.step === 'create') this.run.zxids.add(czxid)
    record.addApplied(step.index, zxid)
    const implied = impliedState(step, zxid)
    const differs =
      (implied.czxid !== null && implied.czxid !== czxid) ||
      (implied.version !== null && implied.version !== version) ||
      (implied.aversion !== null && implied.aversion !== aversion)
    if (differs) record.addRewritten({ index: step.index, czxid, version, aversion })
  }
}

function withoutAclStep({ leaves, acl }: Attempt): Attempt['leaves'] {
  return leaves === null || acl === null ? leaves : { ...leaves, aversion: acl.aversion }
}

/** What one round of requests brought. */
class Round {
  readonly settled = new Set<PlanStep>()
  readonly refused = new Map<PlanStep, RefusalCode>()
  readonly unknown = new Set<PlanStep>()

  addMiss<T>(outcome: Exclude<WriteOutcome<T>, { kind: 'done' }>, sent: readonly Attempt[]): void {
    if (outcome.kind === 'unknown') {
      for (const { step } of sent) this.unknown.add(step)
      return
    }
    assertWritable(outcome.code, outcome.message)
    const culprit = sent[outcome.index] ?? sent[0]
    if (culprit) this.refused.set(culprit.step, outcome.code)
  }
}

/** Notes a step that was carried out. A foreign czxid in the answer: the znode was created anew in the instant after it was read. */
export function takeWritten(
  run: RunState,
  record: BatchRecord,
  attempt: Attempt,
  written: { zxid: bigint; stat: WrittenStat | null },
): void {
  const { step, czxid, leaves, overwrites } = attempt
  const { zxid, stat } = written
  record.addApplied(step.index, zxid)
  const isOther = stat !== null && czxid !== null && stat.czxid !== czxid
  if (isOther) {
    record.addRewritten({
      index: step.index,
      czxid: stat.czxid,
      version: stat.version,
      aversion: leaves?.aversion ?? 0,
    })
    run.addConflict(record, step, { reason: 'recreated', resolution: 'overwritten' })
    if (run.policy === 'stop') run.stopped = true
    return
  }
  if (leaves !== null && czxid !== null) record.addRewritten({ index: step.index, czxid, ...leaves })
  if (overwrites !== null) run.addConflict(record, step, { reason: overwrites, resolution: 'overwritten' })
}

export function assertWritable(code: RefusalCode, message: string): void {
  if (code !== 'NOT_READ_ONLY') return
  throw new RestoreError('TARGET_READ_ONLY', `The server takes no writes now: ${message}`, {
    unaffected: 'what was written before is in the journal',
    remedy: 'resume the run when the cluster has its quorum again',
  })
}

/**
 * czxids of znodes that a lost batch of ours created: two of its creates share the transaction. A third one that someone has
 * changed since is told from a stranger's by it.
 */
function findOwnCreations(
  steps: readonly PlanStep[],
  readings: readonly ZnodeReading[],
  known: { unsure: ReadonlySet<PlanStep>; run: RunState },
): Set<bigint> {
  const ours = new Set<bigint>()
  for (const [at, step] of steps.entries()) {
    const live = readings[at]!
    if (step.step !== 'create' || live.kind !== 'found' || !known.unsure.has(step)) continue
    if (known.run.judge(step, live).kind === 'done') ours.add(live.znode.stat.czxid)
  }
  return ours
}

export function answersLost(tries: number): RestoreError {
  return new RestoreError(
    'ANSWERS_LOST',
    `The connection was lost ${tries} times before the same writes were answered`,
    {
      unaffected: 'what was written before is in the journal',
      remedy: 'resume the run when the connection is stable',
    },
  )
}
