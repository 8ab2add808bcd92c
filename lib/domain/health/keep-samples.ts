const MINUTE_MS = 60_000
const HOUR_MS = 60 * MINUTE_MS
const DAY_MS = 24 * HOUR_MS

/** How long samples of a tier are kept. Thinning is deleting: every row says from the start how long it stays. */
export const KEPT_MS = { 0: 2 * DAY_MS, 1: 14 * DAY_MS, 2: 90 * DAY_MS } as const
export type SampleTier = keyof typeof KEPT_MS
/** The distance of samples that stay, by tier. */
export const STEP_MS = { 0: MINUTE_MS, 1: 10 * MINUTE_MS, 2: HOUR_MS } as const

/** The first look in an hour stays for months, the first in ten minutes for weeks, the others for days. */
export function tierOfLook(previousMs: number | null, atMs: number): SampleTier {
  const isFirstIn = (spanMs: number) =>
    previousMs === null || Math.floor(previousMs / spanMs) !== Math.floor(atMs / spanMs)
  if (isFirstIn(STEP_MS[2])) return 2
  return isFirstIn(STEP_MS[1]) ? 1 : 0
}

export interface Remarkable {
  readonly ok: boolean
  readonly fault: string | null
  readonly role: string | null
  readonly version: string | null
  readonly digestMismatches: number | null
}

/** A change that a chart of months must not lose: such a row is kept as long as any. */
export function isTurn(previous: Remarkable | null, now: Remarkable): boolean {
  if (previous === null) return true
  return (
    previous.ok !== now.ok ||
    previous.fault !== now.fault ||
    previous.role !== now.role ||
    previous.version !== now.version ||
    (now.digestMismatches ?? 0) > (previous.digestMismatches ?? 0)
  )
}
