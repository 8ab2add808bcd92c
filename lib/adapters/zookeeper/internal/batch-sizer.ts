/** Bytes that one batched reply should stay near: large enough to spread its cost, small enough for even memory use. */
const REPLY_BYTES_TARGET = 256 * 1024
const FIRST_SIZE = 8
export const BATCH_SIZE_MAX = 64

/** How many reads to put into the next batch: starts small, doubles while replies stay small, shrinks at once when they grow. */
export class BatchSizer {
  private limit = FIRST_SIZE
  /** Expected bytes of one read's reply. */
  averageBytes = 512

  get size(): number {
    return Math.max(1, Math.min(this.limit, Math.floor(REPLY_BYTES_TARGET / this.averageBytes)))
  }

  get bytesTarget(): number {
    return REPLY_BYTES_TARGET
  }

  observe(reads: number, bytes: number): void {
    if (reads === 0) return
    const average = bytes / reads
    // Growth is believed at once and decline slowly: a batch of large values costs memory, one of small values only time.
    this.averageBytes =
      average > this.averageBytes ? Math.max(64, average) : Math.max(64, this.averageBytes * 0.75 + average * 0.25)
    if (reads >= this.limit) this.limit = Math.min(BATCH_SIZE_MAX, this.limit * 2)
  }
}
