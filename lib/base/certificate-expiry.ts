import { countOf } from './count-of.ts'

const DAY_MS = 86_400_000
/** From here on somebody has to be told: most authorities need days, and people holidays. */
export const EXPIRES_SOON_DAYS = 30

/** `expires in 12 days`, `expired 3 days ago`; never a date alone, which nobody compares with today. */
export function describeExpiry(validTo: number, nowMs: number): string {
  const days = Math.floor(Math.abs(validTo - nowMs) / DAY_MS)
  if (validTo <= nowMs) return days === 0 ? 'expired today' : `expired ${countOf(days, 'day')} ago`
  return days === 0 ? 'expires within a day' : `expires in ${countOf(days, 'day')}`
}

export function expiresSoon(validTo: number, nowMs: number): boolean {
  return validTo - nowMs <= EXPIRES_SOON_DAYS * DAY_MS
}
