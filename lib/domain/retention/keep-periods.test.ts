import { expect, test } from 'vitest'
import { createPeriodNamer, isoWeekOf, isTimeZone, nextHour } from './keep-periods.ts'

const utc = (text: string) => Date.parse(`${text}Z`)

test('periods have the names of their time zone', () => {
  const berlin = createPeriodNamer('Europe/Berlin')
  const time = utc('2026-12-31T23:30:00')
  expect(berlin.nameOf('daily', time)).toBe('2027-01-01')
  expect(berlin.nameOf('monthly', time)).toBe('2027-01')
  expect(berlin.nameOf('yearly', time)).toBe('2027')
  expect(berlin.nameOf('hourly', time)).toBe('2027-01-01 00h +01:00')
  expect(createPeriodNamer('UTC').nameOf('hourly', time)).toBe('2026-12-31 23h +00:00')
})

test('the hour that is there twice when summer time ends is two hours', () => {
  const berlin = createPeriodNamer('Europe/Berlin')
  const names = ['2026-10-25T00:30:00', '2026-10-25T01:30:00'].map((text) => berlin.nameOf('hourly', utc(text)))
  expect(names).toEqual(['2026-10-25 02h +02:00', '2026-10-25 02h +01:00'])
})

test('weeks are those of ISO 8601', () => {
  const week = (text: string) => isoWeekOf(Date.parse(`${text}T00:00:00Z`))
  expect(['2026-01-01', '2026-12-31', '2027-01-01', '2027-01-03', '2027-01-04', '2024-12-30'].map(week)).toEqual([
    '2026-W01',
    '2026-W53',
    '2026-W53',
    '2026-W53',
    '2027-W01',
    '2025-W01',
  ])
})

test('a time zone is known or not', () => {
  expect(['UTC', 'Europe/Berlin', 'Mars/Olympus', ''].map(isTimeZone)).toEqual([true, true, false, false])
})

test('an hour comes once a day, also when clocks are changed', () => {
  const next = (zone: string, hour: number, after: string) => new Date(nextHour(zone, hour, utc(after))).toISOString()
  expect(next('UTC', 3, '2026-11-26T02:59:00')).toBe('2026-11-26T03:00:00.000Z')
  expect(next('UTC', 3, '2026-11-26T03:00:00')).toBe('2026-11-27T03:00:00.000Z')
  expect(next('Asia/Kathmandu', 0, '2026-11-26T12:00:00')).toBe('2026-11-26T18:15:00.000Z')
  // 02:00 is skipped in Berlin on 29 March 2026, and there twice on 25 October.
  expect(next('Europe/Berlin', 2, '2026-03-28T23:30:00')).toBe('2026-03-29T01:00:00.000Z')
  expect(next('Europe/Berlin', 2, '2026-10-24T23:30:00')).toBe('2026-10-25T00:00:00.000Z')
  expect(next('Europe/Berlin', 2, '2026-10-25T00:00:00')).toBe('2026-10-26T01:00:00.000Z')
})
