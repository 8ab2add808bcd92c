import type { WriteRate } from './snapshot-trigger.ts'

export interface WriteMeasure {
  readonly txns: number
  /** Of those, what changes znodes: not sessions that come and go, not errors. */
  readonly changes: number
  /** With frame and checksum, without the log's padding. */
  readonly bytes: number
  /** By the leader's clock; equal for a single transaction. */
  readonly firstMs: number
  readonly lastMs: number
  /** Mean between the first and the last transaction; null where that is no time at all. */
  readonly mean: WriteRate | null
  /** Of the minute with the most bytes. */
  readonly busiestMinute: { readonly atMs: number; readonly txns: number; readonly bytes: number }
}

const MINUTE_MS = 60_000
/** Ten weeks of minutes; beyond it only the mean goes on. */
const MINUTES_MAX = 100_000

/** Adds up transactions of logs in any order. */
export class WriteMeter {
  #txns = 0
  #changes = 0
  #bytes = 0
  #firstMs = Number.POSITIVE_INFINITY
  #lastMs = Number.NEGATIVE_INFINITY
  readonly #minutes = new Map<number, { txns: number; bytes: number }>()

  add(txn: { readonly timeMs: number; readonly bytes: number; readonly isChange: boolean }): void {
    this.#txns++
    if (txn.isChange) this.#changes++
    this.#bytes += txn.bytes
    if (txn.timeMs < this.#firstMs) this.#firstMs = txn.timeMs
    if (txn.timeMs > this.#lastMs) this.#lastMs = txn.timeMs
    const minute = Math.floor(txn.timeMs / MINUTE_MS)
    const known = this.#minutes.get(minute)
    if (known) {
      known.txns++
      known.bytes += txn.bytes
    } else if (this.#minutes.size < MINUTES_MAX) this.#minutes.set(minute, { txns: 1, bytes: txn.bytes })
  }

  /** Null where nothing was added. */
  measure(): WriteMeasure | null {
    if (this.#txns === 0) return null
    const spanMs = this.#lastMs - this.#firstMs
    let busiest = { atMs: this.#firstMs, txns: 0, bytes: -1 }
    for (const [minute, { txns, bytes }] of this.#minutes) {
      if (bytes > busiest.bytes) busiest = { atMs: minute * MINUTE_MS, txns, bytes }
    }
    return {
      txns: this.#txns,
      changes: this.#changes,
      bytes: this.#bytes,
      firstMs: this.#firstMs,
      lastMs: this.#lastMs,
      mean: spanMs > 0 ? { txnsPerMs: this.#txns / spanMs, bytesPerMs: this.#bytes / spanMs } : null,
      busiestMinute: busiest,
    }
  }
}
