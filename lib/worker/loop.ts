import { setTimeout as pause } from 'node:timers/promises'
import { formatErrorLine } from '../base/errors.ts'
import { BEAT_MS, isOneAWorker } from '../jobs/definitions.ts'
import type { Log } from '../services/context.ts'
import type { Queue } from './queue.ts'
import { RunningJob, type WorkOnJob } from './run-job.ts'

const POLL_MS = 300
const SWEEP_MS = 3_000
/** After a failure of the queue itself, for example a locked database. */
const BACK_OFF_MS = 2_000

export interface LoopOptions {
  readonly queue: Queue
  readonly work: WorkOnJob
  readonly log: Log
  /** Called when jobs of a dead worker were found: what it left half-written is to be removed. */
  readonly onSwept: () => Promise<void>
  /** Jobs at once in this process. */
  readonly slots: number
}

/** Claims jobs while there is a free slot, until it is stopped. */
export class WorkerLoop {
  readonly #options: LoopOptions
  readonly #running = new Map<RunningJob, Promise<void>>()
  readonly #stopping = new AbortController()
  #sweptAt = Number.NEGATIVE_INFINITY
  #seenAt = Number.NEGATIVE_INFINITY

  constructor(options: LoopOptions) {
    this.#options = options
  }

  /** Ends when `stop` was called; failures of the queue are logged and tried again. */
  async run(): Promise<void> {
    while (!this.#stopping.signal.aborted) {
      let waitMs = POLL_MS
      try {
        await this.#housekeep()
        if (await this.#claim()) waitMs = 0
      } catch (error) {
        this.#options.log.error({ error: formatErrorLine(error) }, 'The queue cannot be reached')
        waitMs = BACK_OFF_MS
      }
      if (waitMs > 0) await this.#wait(waitMs)
    }
  }

  /** No more claims; what runs is aborted and given back. Resolves when all is given back, or after `timeoutMs`. */
  async stop(timeoutMs: number): Promise<void> {
    this.#stopping.abort()
    for (const job of this.#running.keys()) job.shutDown()
    const all = Promise.all(this.#running.values())
    const limit = new AbortController()
    await Promise.race([all, pause(timeoutMs, undefined, { signal: limit.signal }).catch(() => undefined)])
    limit.abort()
  }

  async #housekeep(): Promise<void> {
    const { queue, log } = this.#options
    const now = performance.now()
    if (now - this.#seenAt >= BEAT_MS) {
      await queue.seen()
      this.#seenAt = now
    }
    if (now - this.#sweptAt >= SWEEP_MS) {
      const swept = await queue.sweep()
      for (const job of swept) log.warn({ ...job }, 'A job of a worker that stopped')
      if (swept.length > 0) await this.#options.onSwept()
      this.#sweptAt = now
    }
  }

  async #claim(): Promise<boolean> {
    const { queue, work, log, slots } = this.#options
    if (this.#running.size >= slots) return false
    const claimedAt = performance.now()
    const job = await queue.claim([...this.#running.keys()].map(({ kind }) => kind).filter(isOneAWorker))
    if (!job) return false
    log.info({ job: job.id, kind: job.kind, attempt: job.attempts }, 'A job begins')
    const running = new RunningJob(queue, job, log, claimedAt)
    const done = running.run(work).finally(() => {
      this.#running.delete(running)
      log.info({ job: job.id, kind: job.kind }, 'A job ended')
    })
    this.#running.set(running, done)
    if (this.#stopping.signal.aborted) running.shutDown()
    return true
  }

  async #wait(ms: number): Promise<void> {
    await pause(ms, undefined, { signal: this.#stopping.signal }).catch(() => undefined)
  }
}
