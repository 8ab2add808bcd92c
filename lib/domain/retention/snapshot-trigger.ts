/** Three ends of a random draw, in whatever unit the field says. */
export interface Spread {
  readonly min: number
  readonly expected: number
  readonly max: number
}

export interface TriggerSettings {
  readonly snapCount: number
  /** 0 or less: no trigger by size. */
  readonly snapSizeLimitKb: number
  readonly preAllocKb: number
}

export interface Triggers {
  /** Transactions since the log was rolled after which the next snapshot comes. */
  readonly txns: Spread
  /** Bytes written to the log since it was rolled; null where the size does not count. */
  readonly bytes: Spread | null
  /**
   * The size that counts is that of the file, padding included. With half the limit below one preallocation the first transaction of a log
   * is already too much, sometimes or always: a snapshot at nearly every transaction.
   */
  readonly isSizeLimitBelowPadding: boolean
}

const LOG_HEAD_BYTES = 16
/** A log is padded again when fewer bytes than these are left. */
const PADDING_AHEAD_BYTES = 4096

/** SyncRequestProcessor.shouldSnapshot: `> half + random(0 .. half - 1)`, drawn anew after each snapshot. There is no trigger by time. */
export function findTriggers(settings: TriggerSettings): Triggers {
  const half = Math.floor(Math.max(2, Math.trunc(settings.snapCount)) / 2)
  const txns = { min: half + 1, expected: Math.round(half + (half - 1) / 2 + 1), max: 2 * half }
  const halfBytes = Math.floor((settings.snapSizeLimitKb * 1024) / 2)
  if (halfBytes <= 0) return { txns, bytes: null, isSizeLimitBelowPadding: false }
  const preAllocBytes = Math.max(0, settings.preAllocKb) * 1024
  const written = (threshold: number) => writtenWhenFileExceeds(threshold, preAllocBytes)
  const bytes = {
    min: written(halfBytes),
    expected: written(halfBytes + Math.floor((halfBytes - 1) / 2)),
    max: written(2 * halfBytes - 1),
  }
  return { txns, bytes, isSizeLimitBelowPadding: preAllocBytes > 0 && bytes.min === 0 }
}

/** Bytes in a log at the moment when its padded file grows beyond the threshold. */
function writtenWhenFileExceeds(threshold: number, preAllocBytes: number): number {
  if (preAllocBytes === 0) return threshold + 1
  const paddings = Math.max(1, Math.floor((threshold - LOG_HEAD_BYTES) / preAllocBytes) + 1)
  return paddings === 1 ? 0 : Math.max(0, (paddings - 1) * preAllocBytes + LOG_HEAD_BYTES - PADDING_AHEAD_BYTES)
}

export interface SinceRoll {
  readonly txns: number
  readonly bytes: number
}

export interface WriteRate {
  readonly txnsPerMs: number
  readonly bytesPerMs: number
}

/**
 * Milliseconds from now to the next snapshot, when writing goes on at this rate: whichever trigger is first. `sinceRoll` zero gives the time
 * from one snapshot to the next. Null at a rate of zero: a quiet server makes none.
 */
export function timesTo(
  triggers: Triggers,
  rate: WriteRate,
  sinceRoll: SinceRoll = { txns: 0, bytes: 0 },
): Spread | null {
  const timeOf = (end: keyof Spread): number => {
    const byTxns = until(triggers.txns[end], sinceRoll.txns, rate.txnsPerMs)
    const byBytes = triggers.bytes === null ? byTxns : until(triggers.bytes[end], sinceRoll.bytes, rate.bytesPerMs)
    return Math.min(byTxns, byBytes)
  }
  const times = { min: timeOf('min'), expected: timeOf('expected'), max: timeOf('max') }
  return Number.isFinite(times.max) && Number.isFinite(times.min) ? times : null
}

function until(threshold: number, done: number, perMs: number): number {
  const left = Math.max(0, threshold - done)
  return left === 0 ? 0 : perMs > 0 ? left / perMs : Number.POSITIVE_INFINITY
}
