import { Cron } from 'croner'
import cronstrue from 'cronstrue'

const NICKNAMES: Readonly<Record<string, string>> = {
  '@yearly': '0 0 1 1 *',
  '@annually': '0 0 1 1 *',
  '@monthly': '0 0 1 * *',
  '@weekly': '0 0 * * 0',
  '@daily': '0 0 * * *',
  '@midnight': '0 0 * * *',
  '@hourly': '0 * * * *',
}
const FIELDS = /^[0-9A-Za-z*,/#-]+$/
export const CRON_CHARACTERS_MAX = 200

/** The times of a schedule. Instants are milliseconds since 1970 (UTC). */
export interface CronTimes {
  /** Five fields, names of days and months as they were given. */
  readonly text: string
  readonly timeZone: string
  /** The first time after `afterMs`, never equal to it; null where there is none any more. */
  next(afterMs: number): number | null
}

export type CronReading =
  | { readonly ok: true; readonly times: CronTimes }
  | { readonly ok: false; readonly field: 'cron' | 'timeZone'; readonly message: string }

/**
 * Reads five fields (or a nickname as `@daily`) as local time of an IANA zone. Where the hours are chosen, a local time that does not exist
 * on the day of a change of the clocks runs once, right after the gap, and one that exists twice runs at the first of the two. Where every
 * hour is meant, each hour that passes is one.
 */
export function readCron(cron: string, timeZone: string): CronReading {
  const text = NICKNAMES[cron.trim().toLowerCase()] ?? cron.trim().split(/\s+/).join(' ')
  const no = (message: string) => ({ ok: false, field: 'cron', message }) as const
  if (!isTimeZone(timeZone)) return { ok: false, field: 'timeZone', message: `"${timeZone}" is no time zone` }
  const fields = text.split(' ')
  if (fields.length !== 5) return no('It takes five fields: minute, hour, day of the month, month, day of the week')
  if (text.length > CRON_CHARACTERS_MAX || !fields.every((field) => FIELDS.test(field))) {
    return no('A field holds numbers, names, and * , - / only')
  }
  try {
    const times = new CronerTimes(text, timeZone)
    return times.next(0) === null ? no('There is no such day, so that it would never run') : { ok: true, times }
  } catch (error) {
    return no(wordsOf(error))
  }
}

class CronerTimes implements CronTimes {
  readonly text: string
  readonly timeZone: string
  readonly #cron: Cron

  constructor(text: string, timeZone: string) {
    this.text = text
    this.timeZone = timeZone
    this.#cron = new Cron(withHoursListed(text), {
      timezone: timeZone,
      mode: '5-part',
      paused: true,
      fixedTimeRule: 'no-wildcard',
    })
  }

  next(afterMs: number): number | null {
    return this.#cron.nextRun(new Date(afterMs))?.getTime() ?? null
  }
}

const EVERY_HOUR = 24

/** With a list in place of steps and stars the library knows that a time is meant, and not an interval. */
function withHoursListed(text: string): string {
  const [minute = '', hour = '', ...rest] = text.split(' ')
  const hours = listOf(hour, 0, 23)
  const minutes = listOf(minute, 0, 59)
  if (hours === null || minutes === null || hours.length === EVERY_HOUR) return text
  return [minutes.join(','), hours.join(','), ...rest].join(' ')
}

/** The numbers of a field in order; null where it is not of the plain forms, which the library then judges. */
export function listOf(field: string, from: number, to: number): number[] | null {
  const chosen = new Set<number>()
  for (const part of field.split(',')) {
    const match = /^(?:(\*)|(\d{1,2})(?:-(\d{1,2}))?)(?:\/(\d{1,2}))?$/.exec(part)
    if (!match) return null
    const [, star, first, last, step] = match
    if (step !== undefined && (Number(step) === 0 || (star === undefined && last === undefined))) return null
    const low = star === undefined ? Number(first) : from
    const high = star === undefined ? Number(last ?? first) : to
    if (low < from || high > to || low > high) return null
    for (let value = low; value <= high; value += Number(step ?? 1)) chosen.add(value)
  }
  return [...chosen].sort((a, b) => a - b)
}

export function isTimeZone(name: string): boolean {
  // Offsets as "+02:00" are zones to the browser; they know no change of the clocks and are refused.
  if (!/^[A-Za-z][A-Za-z0-9_+/-]{1,63}$/.test(name)) return false
  try {
    return new Intl.DateTimeFormat('en', { timeZone: name }).resolvedOptions().timeZone !== ''
  } catch (_unknown) {
    return false
  }
}

/** In English, without the zone: "At 02:30, Monday through Friday". For what `readCron` has taken. */
export function describeCron(cron: string): string {
  const text = NICKNAMES[cron.trim().toLowerCase()] ?? cron
  try {
    return cronstrue.toString(text, { use24HourTimeFormat: true, verbose: true })
  } catch (_unknown) {
    return text
  }
}

export function nextTimes(times: CronTimes, afterMs: number, count: number): number[] {
  const found: number[] = []
  for (let at: number | null = afterMs; found.length < count; ) {
    at = times.next(at)
    if (at === null) break
    found.push(at)
  }
  return found
}

const MINUTE_STEPS = [1, 2, 3, 4, 5, 6, 10, 12, 15, 20, 30]
const HOUR_STEPS = [1, 2, 3, 4, 6, 8, 12]

/** The cron of even runs that comes next below such a distance: only parts of an hour and of a day are even. */
export function cronOfInterval(minutes: number): string {
  if (minutes >= 7 * 24 * 60) return '0 3 * * SUN'
  if (minutes >= 24 * 60) return '0 3 * * *'
  const hours = HOUR_STEPS.findLast((step) => step * 60 <= minutes)
  if (hours !== undefined) return hours === 1 ? '0 * * * *' : `0 */${hours} * * *`
  const step = MINUTE_STEPS.findLast((each) => each <= minutes) ?? 1
  return step === 1 ? '* * * * *' : `*/${step} * * * *`
}

function wordsOf(error: unknown): string {
  const message = error instanceof Error ? error.message : 'It cannot be read'
  return message.replace(/^CronPattern: /, '').replace(/^./, (letter) => letter.toUpperCase())
}
