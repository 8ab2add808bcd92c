import type { Clock } from '../../base/clock.ts'

/** How far long work is. Rates and the time left are computed from the current stage only. */
export interface EngineProgress {
  /** Present tense, for people. */
  readonly stage: string
  readonly done: number
  /** Null when nothing gives one. */
  readonly total: number | null
  readonly bytes: number
  readonly ratePerSecond: number
  /** Null without a total, and during the first second. */
  readonly etaMs: number | null
}

export type OnProgress = (progress: EngineProgress) => void

/** Turns counters into progress. A guess of the total that turns out too small is dropped rather than shown as more than all. */
export class ProgressMeter {
  readonly #clock: Clock
  readonly #onProgress: OnProgress | undefined
  #stage = ''
  #startedAtMs = 0
  #doneAtStart = 0

  constructor(clock: Clock, onProgress: OnProgress | undefined) {
    this.#clock = clock
    this.#onProgress = onProgress
  }

  report(stage: string, counters: { done: number; total?: number | null; bytes?: number }): void {
    if (!this.#onProgress) return
    const now = this.#clock.now()
    if (stage !== this.#stage) {
      this.#stage = stage
      this.#startedAtMs = now
      this.#doneAtStart = counters.done
    }
    const elapsedMs = now - this.#startedAtMs
    const ratePerSecond = elapsedMs > 0 ? ((counters.done - this.#doneAtStart) * 1000) / elapsedMs : 0
    const given = counters.total ?? null
    const total = given !== null && given >= counters.done ? given : null
    const etaMs =
      total !== null && ratePerSecond > 0 && elapsedMs >= 1000
        ? Math.round(((total - counters.done) * 1000) / ratePerSecond)
        : null
    this.#onProgress({
      stage,
      done: counters.done,
      total,
      bytes: counters.bytes ?? 0,
      ratePerSecond: Math.round(ratePerSecond),
      etaMs,
    })
  }
}
