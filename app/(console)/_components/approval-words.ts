import { plural } from '@/app/_ui/format-number.ts'

const HOUR = 60
const DAY = 24 * HOUR

/** How long an approval holds: `4 hours`. */
export function describeMinutes(minutes: number): string {
  if (minutes % DAY === 0) return plural(minutes / DAY, 'day')
  if (minutes % HOUR === 0) return plural(minutes / HOUR, 'hour')
  return plural(minutes, 'minute')
}

/** First letter small, for the middle of a sentence; names keep theirs. */
export function inSentence(text: string): string {
  return text.charAt(0).toLowerCase() + text.slice(1)
}
