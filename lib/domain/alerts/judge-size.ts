export interface BackupSize {
  readonly znodes: number
  readonly bytes: number
}

export interface SizeVerdict {
  readonly what: 'znodes' | 'bytes'
  readonly now: number
  /** Of the earlier ones. */
  readonly median: number
  /** `now` in percent of the median, rounded down. */
  readonly percent: number
}

/** Fewer say nothing: the second backup of a cluster that is being filled is larger, and one that is emptied smaller. */
export const EARLIER_LEAST = 3

/**
 * Whether the newest backup holds less than `percent` of the median of the earlier ones of the same scope; null when it does not, or when
 * there are too few to tell. The worse of both is told.
 */
export function judgeSize(newest: BackupSize, earlier: readonly BackupSize[], percent: number): SizeVerdict | null {
  if (earlier.length < EARLIER_LEAST) return null
  const verdicts = (['znodes', 'bytes'] as const).flatMap((what): SizeVerdict[] => {
    const median = medianOf(earlier.map((each) => each[what]))
    if (median <= 0) return []
    const now = newest[what]
    return now * 100 < median * percent ? [{ what, now, median, percent: Math.floor((now * 100) / median) }] : []
  })
  return verdicts.sort((a, b) => a.percent - b.percent)[0] ?? null
}

/** Of an even number the lower one of the middle, so that it is a number that was there. */
export function medianOf(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b)
  return sorted[Math.floor((sorted.length - 1) / 2)] ?? 0
}
