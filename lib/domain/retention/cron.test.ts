import { describe, expect, it, test } from 'vitest'
import { type CronTimes, cronOfInterval, describeCron, listOf, nextTimes, readCron } from './cron.ts'
import { findGaps } from './longest-gap.ts'

function timesOf(cron: string, timeZone = 'UTC'): CronTimes {
  const reading = readCron(cron, timeZone)
  if (!reading.ok) throw new Error(reading.message)
  return reading.times
}

const runs = (cron: string, timeZone: string, after: string, count: number) =>
  nextTimes(timesOf(cron, timeZone), Date.parse(after), count).map((at) => new Date(at).toISOString().slice(0, 16))

describe('times by cron and zone', () => {
  it('are local times, with names, lists, ranges, steps and nicknames', () => {
    expect(runs('30 2 * * MON-FRI', 'Europe/Berlin', '2026-01-02T12:00Z', 2)).toEqual([
      '2026-01-05T01:30',
      '2026-01-06T01:30',
    ])
    expect(runs('*/20 8-9 1 jan *', 'Asia/Kolkata', '2026-01-01T00:00Z', 7)).toEqual([
      '2026-01-01T02:30',
      '2026-01-01T02:50',
      '2026-01-01T03:10',
      '2026-01-01T03:30',
      '2026-01-01T03:50',
      '2026-01-01T04:10',
      '2027-01-01T02:30',
    ])
    expect(runs(' @Daily ', 'UTC', '2026-01-01T00:00Z', 1)).toEqual(['2026-01-02T00:00'])
  })

  test.each([
    // The clocks of Berlin go from 02:00 to 03:00 at 01:00Z.
    ['30 2 * * *', 'Europe/Berlin', '2026-03-28T12:00Z', ['2026-03-29T01:00', '2026-03-30T00:30']],
    ['*/30 2 * * *', 'Europe/Berlin', '2026-03-28T12:00Z', ['2026-03-29T01:00', '2026-03-30T00:00']],
    ['0 */2 * * *', 'Europe/Berlin', '2026-03-28T23:30Z', ['2026-03-29T01:00', '2026-03-29T02:00']],
    ['0 * * * *', 'Europe/Berlin', '2026-03-28T23:30Z', ['2026-03-29T00:00', '2026-03-29T01:00', '2026-03-29T02:00']],
    // And back from 03:00 to 02:00 at 01:00Z.
    ['30 2 * * *', 'Europe/Berlin', '2026-10-24T12:00Z', ['2026-10-25T00:30', '2026-10-26T01:30']],
    [
      '*/30 2 * * *',
      'Europe/Berlin',
      '2026-10-24T23:00Z',
      ['2026-10-25T00:00', '2026-10-25T00:30', '2026-10-26T01:00'],
    ],
    ['0 * * * *', 'Europe/Berlin', '2026-10-24T23:30Z', ['2026-10-25T00:00', '2026-10-25T01:00', '2026-10-25T02:00']],
    // Half an hour, and at midnight.
    ['45 1 * * *', 'Australia/Lord_Howe', '2026-04-04T00:00Z', ['2026-04-04T14:45', '2026-04-05T15:15']],
    ['0 */6 * * *', 'Africa/Cairo', '2026-04-23T20:00Z', ['2026-04-23T22:00', '2026-04-24T03:00']],
    ['0 0 * * *', 'America/Santiago', '2026-09-05T12:00Z', ['2026-09-06T04:00', '2026-09-07T03:00']],
  ])('of %s in %s at a change of the clocks run exactly once', (cron, zone, after, expected) => {
    expect(runs(cron, zone, after, expected.length)).toEqual(expected)
  })

  it('asked from any moment of the day on which an hour comes twice, give the same', () => {
    const times = timesOf('30 2 * * *', 'Europe/Berlin')
    const from = Date.parse('2026-10-24T22:00Z')
    const seen = new Set(Array.from({ length: 26 * 4 }, (_, quarter) => times.next(from + quarter * 900_000)))
    expect([...seen].map((at) => new Date(at ?? 0).toISOString().slice(0, 16))).toEqual([
      '2026-10-25T00:30',
      '2026-10-26T01:30',
    ])
  })

  test.each([
    ['61 * * * *', 'UTC', 'cron'],
    ['* * * *', 'UTC', 'cron'],
    ['* * * * * *', 'UTC', 'cron'],
    ['', 'UTC', 'cron'],
    ['0 0 31 4 *', 'UTC', 'cron'],
    ['0 0 ? * *', 'UTC', 'cron'],
    ['5/5 * * * *', 'UTC', 'cron'],
    ['@reboot', 'UTC', 'cron'],
    ['0 0 * * *', 'Europe/Atlantis', 'timeZone'],
    ['0 0 * * *', '+02:00', 'timeZone'],
    ['0 0 * * *', '', 'timeZone'],
  ])('that cannot be are refused by name of the field: %j in %j', (cron, zone, field) => {
    expect(readCron(cron, zone)).toMatchObject({ ok: false, field })
  })

  it('are told in words', () => {
    expect(describeCron('30 2 * * MON-FRI')).toBe('At 02:30, Monday through Friday')
    expect(describeCron('@hourly')).toBe('Every hour, every day')
    expect(describeCron('nonsense')).toBe('nonsense')
  })

  it('have fields that are lists of numbers, or are left to the library', () => {
    expect(listOf('*/15,7', 0, 59)).toEqual([0, 7, 15, 30, 45])
    expect(listOf('22-23', 0, 23)).toEqual([22, 23])
    for (const field of ['L', '5/5', '3-1', '24', '*/0', 'mon']) expect(listOf(field, 0, 23)).toBeNull()
  })
})

test.each([
  [1, '* * * * *'],
  [7, '*/6 * * * *'],
  [59, '*/30 * * * *'],
  [60, '0 * * * *'],
  [300, '0 */4 * * *'],
  [1440, '0 3 * * *'],
  [20_000, '0 3 * * SUN'],
])('a distance of %d minutes becomes %s', (minutes, cron) => {
  expect(cronOfInterval(minutes)).toBe(cron)
})

describe('the distance between runs', () => {
  const HOUR_MS = 3_600_000
  const now = Date.parse('2026-01-01T00:00Z')
  const gaps = (cron: string, zone = 'UTC') => {
    const found = findGaps(timesOf(cron, zone), now)
    return found && { longest: found.longest.ms / HOUR_MS, shortest: found.shortestMs / HOUR_MS }
  }

  test.each([
    ['0 * * * *', 'UTC', 1, 1],
    // A day of 25 hours, and one of 23.
    ['30 12 * * *', 'Europe/Berlin', 25, 23],
    ['0 3 * * MON', 'UTC', 168, 168],
    ['0 3 1 * *', 'UTC', 31 * 24, 28 * 24],
    ['0 8,20 * * MON-FRI', 'UTC', 60, 12],
    // Dense, and silent over night, over the weekend and half of the year.
    ['* 8-17 * * MON-FRI', 'UTC', 62 + 1 / 60, 1 / 60],
    ['*/5 * * 1-6 *', 'UTC', 184 * 24 + 5 / 60, 5 / 60],
  ])('of %s in %s is at most %d hours, and at least %d', (cron, zone, longest, shortest) => {
    expect(gaps(cron, zone)).toEqual({ longest: expect.closeTo(longest, 6), shortest: expect.closeTo(shortest, 6) })
  })

  it('says when the longest one begins', () => {
    const found = findGaps(timesOf('30 12 * * *', 'Europe/Berlin'), now)
    expect(new Date(found?.longest.fromMs ?? 0).toISOString()).toBe('2026-10-24T10:30:00.000Z')
  })
})
