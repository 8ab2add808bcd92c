import type { TxnEntry } from '../../../../domain/txnlog/entry.ts'
import type { ObservedBatch } from '../../observer.ts'

const BATCH_ENTRIES_MAX = 1000
/** About what holding one costs beside its own bytes, of which there may be next to none. */
export const ENTRY_BYTES = 200

/** What came and was not read yet, in order; one reader. What came before an error or UPTODATE is given before it. */
export class TxnQueue {
  #entries: TxnEntry[] = []
  #bytes = 0
  /** How many of the entries lie in front of UPTODATE; null while it has not come. */
  #beforeSync: number | null = null
  #synced = false
  #receivedAt = 0
  #error: unknown = null
  #isClosed = false
  #wake: (() => void) | null = null

  /** Bytes that wait. */
  get bytes(): number {
    return this.#bytes
  }

  push(entry: TxnEntry, at: number): void {
    this.#entries.push(entry)
    this.#bytes += entry.end - entry.start + ENTRY_BYTES
    this.#receivedAt = at
    this.#notify()
  }

  /** UPTODATE. */
  sync(at: number): void {
    this.#beforeSync = this.#entries.length
    this.#receivedAt = at
    this.#notify()
  }

  /** After what is in it already. */
  fail(error: unknown): void {
    this.#error ??= error
    this.#notify()
  }

  close(): void {
    this.#isClosed = true
    this.#entries = []
    this.#bytes = 0
    this.#notify()
  }

  async *read(): AsyncGenerator<ObservedBatch, void, void> {
    for (;;) {
      if (this.#isClosed) return
      const batch = this.#take()
      if (batch) yield batch
      else if (this.#error !== null) throw this.#error
      else
        await new Promise<void>((resolve) => {
          this.#wake = resolve
        })
    }
  }

  #take(): ObservedBatch | null {
    const limit = Math.min(this.#entries.length, this.#beforeSync ?? BATCH_ENTRIES_MAX, BATCH_ENTRIES_MAX)
    const isSync = this.#beforeSync === limit
    if (limit === 0 && !isSync) return null
    const entries = this.#entries.splice(0, limit)
    for (const { start, end } of entries) this.#bytes -= end - start + ENTRY_BYTES
    if (this.#beforeSync !== null) this.#beforeSync = isSync ? null : this.#beforeSync - limit
    if (isSync) this.#synced = true
    return { entries, synced: this.#synced, receivedAt: this.#receivedAt }
  }

  #notify(): void {
    this.#wake?.()
    this.#wake = null
  }
}
