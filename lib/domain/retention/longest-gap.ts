import { type CronTimes, listOf, readCron } from './cron.ts'

const DAY_MS = 24 * 3_600_000
const HORIZON_MS = 400 * DAY_MS
const SAMPLES_MAX = 1_500
const MINUTE_MS = 60_000

export interface Gap {
  /** The longest distance between two runs that follow each other. */
  readonly ms: number
  readonly fromMs: number
}

export interface Gaps {
  readonly longest: Gap
  readonly shortestMs: number
}

/** The distances between a schedule's runs over a year and a month from now on; null where it runs once at most. Changes of the clocks count. */
export function findGaps(times: CronTimes, nowMs: number): Gaps | null {
  const within = walk(times, nowMs, SAMPLES_MAX)
  if (within === null) return null
  if (within.reachedMs >= nowMs + HORIZON_MS) return within
  // A dense one is not walked to its end: between its days the first and the last run of each are enough.
  const across = betweenDays(times, nowMs)
  return { ...within, longest: across !== null && across.ms > within.longest.ms ? across : within.longest }
}

function walk(times: CronTimes, nowMs: number, samplesMax: number): (Gaps & { reachedMs: number }) | null {
  let last = times.next(nowMs)
  let longest: Gap | null = null
  let shortestMs = Number.POSITIVE_INFINITY
  for (let count = 0; last !== null && count < samplesMax && last < nowMs + HORIZON_MS; count++) {
    const next = times.next(last)
    if (next === null) return longest && { longest, shortestMs, reachedMs: nowMs + HORIZON_MS }
    const ms = next - last
    if (longest === null || ms > longest.ms) longest = { ms, fromMs: last }
    shortestMs = Math.min(shortestMs, ms)
    last = next
  }
  return longest && last !== null ? { longest, shortestMs, reachedMs: last } : null
}

function betweenDays({ text, timeZone }: CronTimes, nowMs: number): Gap | null {
  const [minute = '', hour = '', ...days] = text.split(' ')
  const minutes = listOf(minute, 0, 59)
  const hours = listOf(hour, 0, 23)
  if (minutes === null || hours === null) return null
  const at = (m: number | undefined, h: number | undefined) => readCron([m, h, ...days].join(' '), timeZone)
  const first = at(minutes[0], hours[0])
  const last = at(minutes.at(-1), hours.at(-1))
  if (!first.ok || !last.ok) return null
  let longest: Gap | null = null
  for (let end = last.times.next(nowMs); end !== null && end < nowMs + HORIZON_MS; end = last.times.next(end)) {
    // A minute back: on the day of a gap both may be the same instant.
    const begin = first.times.next(end - MINUTE_MS)
    if (begin === null) break
    if (longest === null || begin - end > longest.ms) longest = { ms: begin - end, fromMs: end }
  }
  return longest
}
