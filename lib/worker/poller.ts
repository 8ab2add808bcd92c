import { setTimeout as pause } from 'node:timers/promises'
import { formatErrorLine } from '../base/errors.ts'
import type { ServiceContext } from '../services/context.ts'

const POLL_MS = 2_000
/** After a failure of the database. */
const BACK_OFF_MS = 10_000

export interface PollerOptions {
  readonly contextFor: (signal: AbortSignal) => ServiceContext
  /** Does one thing that is due; false when nothing is. */
  readonly runDue: (context: ServiceContext) => Promise<boolean>
  /** For the log when it cannot be asked. */
  readonly fault: string
}

/** Asks again and again whether something is due by the clock, beside the jobs, until it is stopped. */
export class Poller {
  readonly #options: PollerOptions
  readonly #stopping = new AbortController()
  #running: Promise<void> | null = null

  constructor(options: PollerOptions) {
    this.#options = options
  }

  start(): void {
    this.#running ??= this.#run()
  }

  /** Resolves when what was under way has ended. */
  async stop(): Promise<void> {
    this.#stopping.abort()
    await this.#running
  }

  async #run(): Promise<void> {
    const { contextFor, runDue, fault } = this.#options
    const { signal } = this.#stopping
    while (!signal.aborted) {
      let waitMs = POLL_MS
      const context = contextFor(signal)
      try {
        if (await runDue(context)) waitMs = 0
      } catch (error) {
        context.log.error({ error: formatErrorLine(error) }, fault)
        waitMs = BACK_OFF_MS
      }
      if (waitMs > 0) await pause(waitMs, undefined, { signal }).catch(() => undefined)
    }
  }
}
