import { randomUUID } from 'node:crypto'
import { setTimeout as pause } from 'node:timers/promises'
import { isDatabaseAway } from '../adapters/database/errors.ts'
import type { Prisma } from '../adapters/database/generated/client.ts'
import { formatErrorLine } from '../base/errors.ts'
import { withLogFields } from '../base/log-fields.ts'
import type { ClaimedJob } from '../jobs/claim-job.ts'
import { BEAT_MS, isJobKind, JOB_DEFINITIONS, LEASE_MS } from '../jobs/definitions.ts'
import { JobError } from '../jobs/errors.ts'
import type { JobOutcome } from '../jobs/settle-job.ts'
import { triesAgain } from '../services/backups/tries-again.ts'
import type { Log } from '../services/context.ts'
import type { ErrorView } from '../services/error-view.ts'
import { describeFailure } from '../services/jobs/describe-failure.ts'
import type { JobResult, JobRun } from '../services/jobs/job-run.ts'
import type { JobProgress } from '../services/jobs/views.ts'
import { goesOnLater } from '../services/restores/goes-on-later.ts'
import type { Queue } from './queue.ts'

const PROGRESS_MS = 500
const SETTLE_ATTEMPTS_MAX = 4
const SETTLE_PAUSE_MS = 300

/** Why the work was told to end. */
type StopReason = 'cancel' | 'shutdown' | 'lost' | 'timeout'

export type WorkOnJob = (job: ClaimedJob, run: JobRun, signal: AbortSignal) => Promise<JobResult>

/** One claimed job from its first beat to its end: settled, given back, or lost to another worker. Never throws. */
export class RunningJob {
  readonly #queue: Queue
  readonly #job: ClaimedJob
  readonly #log: Log
  readonly #abort = new AbortController()
  #stopped: StopReason | null = null
  /** On this process's monotonic clock, which nobody sets … */
  #leaseUntil: number
  /** … and on the host's, which goes on while the machine sleeps: the lease is over when either says so. */
  #leaseUntilOnWall: number
  #leaseTimer: NodeJS.Timeout | undefined
  #latest: JobProgress | null = null

  constructor(queue: Queue, job: ClaimedJob, log: Log, claimedAt: number) {
    this.#queue = queue
    this.#job = job
    this.#log = log
    this.#leaseUntil = claimedAt + LEASE_MS
    this.#leaseUntilOnWall = Date.now() - (performance.now() - claimedAt) + LEASE_MS
  }

  get kind(): string {
    return this.#job.kind
  }

  /** The worker stops: the work is aborted and the job given back. */
  shutDown(): void {
    this.#stop('shutdown')
  }

  run(work: WorkOnJob): Promise<void> {
    const { id, kind, attempts } = this.#job
    return withLogFields({ jobId: id, kind, attempt: attempts }, () => this.#run(work))
  }

  async #run(work: WorkOnJob): Promise<void> {
    const { kind } = this.#job
    const timeoutMs = isJobKind(kind) ? JOB_DEFINITIONS[kind].timeoutMs : LEASE_MS
    const timers = [
      setInterval(() => this.#guard('heartbeat', this.#beat()), BEAT_MS),
      setInterval(() => this.#guard('progress', this.#flush()), PROGRESS_MS),
    ]
    const timeout = setTimeout(() => this.#stop('timeout'), timeoutMs)
    this.#watchLease()
    try {
      const result = await work(this.#job, this.#toRun(), this.#abort.signal)
      await this.#succeed(result)
    } catch (error) {
      await this.#fail(error)
    } finally {
      for (const timer of timers) clearInterval(timer)
      clearTimeout(timeout)
      clearTimeout(this.#leaseTimer)
    }
  }

  /** Whatever the work waits for, it is told when the lease runs out: a write that waits for a connection must not go out later. */
  #watchLease(): void {
    clearTimeout(this.#leaseTimer)
    this.#leaseTimer = setTimeout(() => this.#stop('lost'), Math.max(0, this.#leaseUntil - performance.now()))
  }

  #isLeaseOver(): boolean {
    return performance.now() >= this.#leaseUntil || Date.now() >= this.#leaseUntilOnWall
  }

  #toRun(): JobRun {
    return {
      job: this.#job,
      progress: (progress) => {
        this.#latest = progress
      },
      log: (level, message) => this.#queue.log(this.#job.id, level, message),
      assertOwned: () => {
        if (!this.#isLeaseOver() && this.#stopped !== 'lost') return
        this.#stop('lost')
        throw new JobError('LEASE_LOST', 'This worker was silent for too long and no longer owns the job')
      },
    }
  }

  async #beat(): Promise<void> {
    const [sentAt, sentAtOnWall] = [performance.now(), Date.now()]
    const beat = await this.#queue.beat(this.#job)
    if (!beat.owned) this.#stop('lost')
    else {
      this.#leaseUntil = sentAt + LEASE_MS
      this.#leaseUntilOnWall = sentAtOnWall + LEASE_MS
      this.#watchLease()
      if (beat.cancelRequested) this.#stop('cancel')
    }
  }

  async #flush(): Promise<void> {
    const progress = this.#latest
    if (!progress) return
    this.#latest = null
    await this.#queue.progress(this.#job, progress)
  }

  /** A beat or a progress line that fails once is tried again by the next; the lease decides when it is too late. */
  #guard(what: string, promise: Promise<void>): void {
    promise.catch((error: unknown) => {
      this.#log.warn({ job: this.#job.id, error: formatErrorLine(error) }, `The ${what} of a job failed`)
      if (this.#isLeaseOver()) this.#stop('lost')
    })
  }

  #stop(reason: StopReason): void {
    if (this.#stopped === null || reason === 'lost') this.#stopped = reason
    this.#abort.abort(reason)
  }

  async #succeed(result: JobResult): Promise<void> {
    // A line of progress is not worth the work that it is about.
    await this.#flush().catch((error: unknown) => {
      this.#log.warn({ job: this.#job.id, error: formatErrorLine(error) }, 'The progress of a job failed')
    })
    const outcome = toOutcome(result)
    const end = await this.#settleResult(outcome, result)
    if (end === 'settled') {
      await this.#say(result.failure ? 'error' : result.halted ? 'warn' : 'info', result.message)
      return
    }
    this.#log.warn({ job: this.#job.id }, 'A job was lost to another worker; its result is thrown away')
    await this.#discard(result)
  }

  /**
   * Hours of work must not be lost to a database that is busy for a moment: tried again while the lease holds. An attempt whose answer
   * was lost may have been carried out, which the row tells; only what is known not to be in the catalog is thrown away.
   */
  async #settleResult(outcome: JobOutcome, result: JobResult): Promise<'settled' | 'lost'> {
    for (let attempt = 1; ; attempt++) {
      try {
        if (await this.#queue.settle(this.#job, outcome, result.commit)) return 'settled'
        return attempt > 1 && (await this.#queue.hasSucceeded(this.#job)) ? 'settled' : 'lost'
      } catch (error) {
        if (attempt >= SETTLE_ATTEMPTS_MAX || this.#isLeaseOver()) {
          if (!(await this.#queue.hasSucceeded(this.#job))) await this.#discard(result)
          throw error
        }
        this.#log.warn(
          { job: this.#job.id, error: formatErrorLine(error) },
          'A job could not be settled; it is tried again',
        )
        await pause(SETTLE_PAUSE_MS * attempt)
      }
    }
  }

  async #discard(result: JobResult): Promise<void> {
    try {
      await result.discard?.()
    } catch (error) {
      this.#log.error(
        { job: this.#job.id, error: formatErrorLine(error) },
        'The result of a lost job could not be removed',
      )
    }
  }

  async #fail(error: unknown): Promise<void> {
    try {
      await this.#settleFailure(error)
    } catch (settleError) {
      // The lease runs out by itself and the sweep ends the job.
      this.#log.error({ job: this.#job.id, error: formatErrorLine(settleError) }, 'A failed job could not be settled')
    }
  }

  async #settleFailure(error: unknown): Promise<void> {
    const { id, kind } = this.#job
    switch (this.#stopped) {
      case 'lost':
        this.#log.warn({ job: id, kind }, 'A job was lost to another worker')
        return
      case 'shutdown':
        if (await this.#queue.release(this.#job))
          await this.#say('warn', 'The worker is stopped; the job waits for another one')
        else await this.#settleCancelled()
        return
      case 'cancel':
        await this.#settleCancelled()
        return
      case 'timeout':
        await this.#settleAs({
          code: 'TIMEOUT',
          message: 'the job took longer than its limit and was ended',
          unaffected: 'nothing unfinished is in the catalog',
          remedy: 'see its log for what it waited for, then retry',
        })
        return
      case null: {
        const away = findAway(this.#job, error)
        if (away !== null && this.#job.attempts < this.#job.attemptsMax) {
          this.#log.warn({ job: id, kind, error: formatErrorLine(error) }, `${away}; the job waits`)
          if (await this.#queue.postpone(this.#job)) await this.#say('warn', `${away}; the job goes on by itself`)
          else await this.#settleCancelled()
          return
        }
        const errorId = randomUUID().slice(0, 8)
        const view = describeFailure(error, errorId)
        this.#log.error({ job: id, kind, errorId, err: error instanceof Error ? error : String(error) }, 'A job failed')
        await this.#settleAs(view)
      }
    }
  }

  /** Also when the wish came after the last beat: a job that is given back would go on with it. Writes nothing when it is not owned. */
  async #settleCancelled(): Promise<void> {
    if (await this.#queue.settle(this.#job, { state: 'cancelled', error: null })) await this.#say('warn', 'Cancelled')
  }

  async #settleAs(view: ErrorView): Promise<void> {
    if (!(await this.#queue.settle(this.#job, { state: 'failed', error: toJson(view) }))) return
    await this.#say('error', [view.message, view.unaffected, view.remedy].filter(Boolean).join(' — '))
  }

  #say(level: 'info' | 'warn' | 'error', message: string): Promise<void> {
    return this.#queue.log(this.#job.id, level, message)
  }
}

/** What is gone and may come back, in words; null for any other failure. */
function findAway(job: ClaimedJob, error: unknown): string | null {
  if (isDatabaseAway(error)) return 'The database could not be used for a while'
  const isLost = (job.kind === 'run-restore' && goesOnLater(error, job.attempts)) || triesAgain(job, error)
  return isLost ? `The cluster was lost (${formatErrorLine(error)})` : null
}

function toOutcome({ failure, halted, result }: JobResult): JobOutcome {
  if (failure) return { state: 'failed', error: toJson(failure) }
  if (halted) return { state: 'cancelled', error: toJson(halted) }
  return { state: 'succeeded', result }
}

function toJson(view: ErrorView): Prisma.InputJsonObject {
  const { code, message, unaffected, remedy, id } = view
  return {
    code,
    message,
    ...(unaffected ? { unaffected } : {}),
    ...(remedy ? { remedy } : {}),
    ...(id ? { id } : {}),
  }
}
