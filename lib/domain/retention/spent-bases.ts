const DAY_MS = 86_400_000
/** Up to that age there is one for each day, beyond one for each week. */
const DAILY_MS = 14 * DAY_MS

export interface KeptBase {
  readonly zxid: bigint
  readonly takenAtMs: number
}

/**
 * Bases of archived logs that need not be kept, of `bases` in any order. Never the newest, and never the one that the oldest log is told from:
 * the newest at or before it. Between them one a day for two weeks, one a week before, the oldest of each: all moments stay within reach, old
 * ones at the cost of a longer replay. `logsFrom`: where the logs begin; null: there are none.
 */
export function findSpentBases<Base extends KeptBase>(
  bases: readonly Base[],
  { logsFrom, nowMs }: { readonly logsFrom: bigint | null; readonly nowMs: number },
): Base[] {
  const sorted = bases.toSorted((a, b) => (a.zxid < b.zxid ? -1 : a.zxid > b.zxid ? 1 : a.takenAtMs - b.takenAtMs))
  const floor = logsFrom === null ? -1 : sorted.findLastIndex(({ zxid }) => zxid < logsFrom)
  const seen = new Set<string>()
  return sorted.filter((base, i) => {
    const span = nowMs - base.takenAtMs <= DAILY_MS ? DAY_MS : 7 * DAY_MS
    const slot = `${span} ${Math.floor(base.takenAtMs / span)}`
    const isFirst = !seen.has(slot)
    if (i >= floor) seen.add(slot)
    if (i === sorted.length - 1 || i === floor) return false
    return i < floor || !isFirst
  })
}
