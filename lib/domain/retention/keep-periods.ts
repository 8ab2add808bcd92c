/** One backup of each such period stays: the newest. */
export type KeepPeriod = 'hourly' | 'daily' | 'weekly' | 'monthly' | 'yearly'

/** Names the period that a time is in, in one time zone. */
export interface PeriodNamer {
  nameOf(period: KeepPeriod, timeMs: number): string
}

const DAY_MS = 86_400_000

/**
 * Names of periods: `2026-11-20 14h +01:00` (the hour that is there twice when summer time ends has two names), `2026-11-20`, `2026-W47`
 * (ISO: weeks begin on Monday, week 1 holds the first Thursday), `2026-11`, `2026`. Throws RangeError for a time zone that is not known.
 */
export function createPeriodNamer(timeZone: string): PeriodNamer {
  const format = new Intl.DateTimeFormat('en-US', {
    timeZone,
    calendar: 'gregory',
    numberingSystem: 'latn',
    hourCycle: 'h23',
    year: 'numeric',
    month: '2-digit',
    day: '2-digit',
    hour: '2-digit',
    timeZoneName: 'longOffset',
  })
  return {
    nameOf: (period, timeMs) => {
      const parts = new Map(format.formatToParts(timeMs).map(({ type, value }) => [type, value]))
      const part = (type: Intl.DateTimeFormatPartTypes) => parts.get(type) ?? ''
      const [year, month, day] = [part('year'), part('month'), part('day')]
      switch (period) {
        case 'hourly':
          return `${year}-${month}-${day} ${part('hour')}h ${part('timeZoneName').replace('GMT', '') || '+00:00'}`
        case 'daily':
          return `${year}-${month}-${day}`
        case 'weekly':
          return isoWeekOf(Date.UTC(Number(year), Number(month) - 1, Number(day)))
        case 'monthly':
          return `${year}-${month}`
        case 'yearly':
          return year
      }
    },
  }
}

/** `2026-W47` of a midnight in UTC. */
export function isoWeekOf(dayMs: number): string {
  const weekday = (new Date(dayMs).getUTCDay() + 6) % 7
  const thursday = new Date(dayMs + (3 - weekday) * DAY_MS)
  const year = thursday.getUTCFullYear()
  const week = Math.floor((thursday.getTime() - Date.UTC(year, 0, 1)) / (7 * DAY_MS)) + 1
  return `${year}-W${String(week).padStart(2, '0')}`
}

export function isTimeZone(text: string): boolean {
  try {
    new Intl.DateTimeFormat('en-US', { timeZone: text })
    return text.length > 0
  } catch (_unknown) {
    return false
  }
}

/** The next time after `afterMs` at which it is `hour` o'clock in the zone; on a day that skips that hour, the first one behind it. */
export function nextHour(timeZone: string, hour: number, afterMs: number): number {
  const format = new Intl.DateTimeFormat('en-US', { timeZone, hourCycle: 'h23', hour: '2-digit', day: '2-digit' })
  const at = (timeMs: number) => {
    const parts = format.formatToParts(timeMs)
    const read = (type: string) => Number(parts.find((part) => part.type === type)?.value ?? 0)
    return { hour: read('hour'), day: read('day') }
  }
  // Zones lie at quarters of an hour, so that every local hour begins at one.
  const STEP_MS = 15 * 60_000
  let time = (Math.floor(afterMs / STEP_MS) + 1) * STEP_MS
  let before = at(time - STEP_MS)
  for (let step = 0; step < (49 * 3_600_000) / STEP_MS; step++) {
    const now = at(time)
    const begins = now.hour === hour && before.hour !== hour
    const skips = now.day === before.day && before.hour < hour && now.hour > hour
    if (begins || skips) return time
    before = now
    time += STEP_MS
  }
  return afterMs + DAY_MS
}
