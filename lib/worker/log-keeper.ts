import { setTimeout as pause } from 'node:timers/promises'
import { formatErrorLine } from '../base/errors.ts'
import type { ServiceContext } from '../services/context.ts'
import { runDueLogs } from '../services/logs/run-due-logs.ts'

const POLL_MS = 2_000
/** After a failure of the database. */
const BACK_OFF_MS = 10_000

/**
 * Keeps the transaction logs of the clusters that ask for it, beside the jobs: it is due all the time, and a job a minute would bury
 * those that people have started.
 */
export class LogKeeper {
  readonly #contextFor: (signal: AbortSignal) => ServiceContext
  readonly #owner: string
  readonly #stopping = new AbortController()
  #running: Promise<void> | null = null

  constructor(contextFor: (signal: AbortSignal) => ServiceContext, owner: string) {
    this.#contextFor = contextFor
    this.#owner = owner
  }

  start(): void {
    this.#running ??= this.#run()
  }

  /** Resolves when a run that was under way has ended; what it had not written yet is written by the next one. */
  async stop(): Promise<void> {
    this.#stopping.abort()
    await this.#running
  }

  async #run(): Promise<void> {
    const { signal } = this.#stopping
    while (!signal.aborted) {
      let waitMs = POLL_MS
      const context = this.#contextFor(signal)
      try {
        if (await runDueLogs(context, this.#owner)) waitMs = 0
      } catch (error) {
        context.log.error({ error: formatErrorLine(error) }, 'Which logs are due cannot be asked')
        waitMs = BACK_OFF_MS
      }
      if (waitMs > 0) await pause(waitMs, undefined, { signal }).catch(() => undefined)
    }
  }
}
