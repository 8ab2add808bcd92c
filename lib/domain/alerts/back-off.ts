const FIRST_MS = 30_000
export const BACK_OFF_MAX_MS = 3_600_000
/** With the waits between them about seven hours: whoever repairs a receiver in the morning still gets the notices of the night. */
export const TRIES_MAX = 14

/** When a notice is sent again after so many failures; null: it is given up. */
export function nextTry(failures: number, nowMs: number): number | null {
  if (failures >= TRIES_MAX) return null
  return nowMs + Math.min(FIRST_MS * 2 ** Math.max(0, failures - 1), BACK_OFF_MAX_MS)
}
