const DAY_MS = 86_400_000
/** Up to that age there is one for each day, beyond one for each week. */
const DAILY_MS = 14 * DAY_MS

export interface KeptBase {
  readonly zxid: bigint
  readonly takenAtMs: number
}

/**
 * Bases of archived logs that need not be kept, of `bases` in any order. Never the newest, and never the one that the oldest log is told from:
 * the newest at or before it. Behind each gap the first stays, since nothing before it leads across. Between them one a day for two weeks, one
 * a week before, the oldest of each: all moments stay within reach, old ones at the cost of a longer replay. `logsFrom`: where the logs begin;
 * null: there are none. `runOf`: how many gaps of the logs lie before a base.
 */
export function findSpentBases<Base extends KeptBase>(
  bases: readonly Base[],
  {
    logsFrom,
    runOf = () => 0,
    nowMs,
  }: { readonly logsFrom: bigint | null; readonly runOf?: (zxid: bigint) => number; readonly nowMs: number },
): Base[] {
  const sorted = bases.toSorted((a, b) => (a.zxid < b.zxid ? -1 : a.zxid > b.zxid ? 1 : a.takenAtMs - b.takenAtMs))
  const floor = logsFrom === null ? -1 : sorted.findLastIndex(({ zxid }) => zxid < logsFrom)
  const seen = new Set<string>()
  return sorted.filter((base, i) => {
    const span = nowMs - base.takenAtMs <= DAILY_MS ? DAY_MS : 7 * DAY_MS
    const run = runOf(base.zxid)
    const slots = [`${run} ${span} ${Math.floor(base.takenAtMs / span)}`, `${run}`]
    const isFirst = slots.some((slot) => !seen.has(slot))
    if (i >= floor) for (const slot of slots) seen.add(slot)
    if (i === sorted.length - 1 || i === floor) return false
    return i < floor || !isFirst
  })
}
