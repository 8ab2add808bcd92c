import { describe, expect, it, test } from 'vitest'
import { type CronTimes, nextTimes, readCron } from './cron.ts'
import { MISSED_COUNTED_MAX, plannedAt, planTurn } from './schedule-turn.ts'

const MINUTE_MS = 60_000
const at = (text: string) => Date.parse(text)

function timesOf(cron: string, zone = 'UTC'): CronTimes {
  const reading = readCron(cron, zone)
  if (!reading.ok) throw new Error(reading.message)
  return reading.times
}

describe('jitter', () => {
  it('is the same for a run each time, differs between runs and schedules, and stays in its bounds', () => {
    const times = timesOf('0 * * * *')
    const dues = nextTimes(times, at('2026-01-01T00:00Z'), 500)
    const of = (scheduleId: string) =>
      dues.map((due) => plannedAt(times, { scheduleId, jitterMs: 20 * MINUTE_MS }, due) - due)
    const first = of('s1')
    expect(of('s1')).toEqual(first)
    expect(of('s2')).not.toEqual(first)
    expect(new Set(first).size).toBeGreaterThan(400)
    expect(Math.min(...first)).toBeGreaterThanOrEqual(0)
    expect(Math.max(...first)).toBeLessThan(20 * MINUTE_MS)
    const mean = first.reduce((sum, ms) => sum + ms, 0) / first.length
    expect(mean).toBeGreaterThan(8 * MINUTE_MS)
    expect(mean).toBeLessThan(12 * MINUTE_MS)
  })

  it('never reaches the next run, however long it is, also over a change of the clocks', () => {
    const times = timesOf('0,5 1-3 * * *', 'Europe/Berlin')
    for (const due of nextTimes(times, at('2026-03-27T00:00Z'), 40)) {
      const planned = plannedAt(times, { scheduleId: 's', jitterMs: 3_600_000 }, due)
      expect(planned).toBeGreaterThanOrEqual(due)
      expect(planned).toBeLessThan(times.next(due) ?? 0)
    }
  })
})

describe('a turn', () => {
  const hourly = timesOf('0 * * * *')
  const turn = (nextDue: string, now: string, times = hourly, jitterMs = 0) =>
    planTurn({ times, scheduleId: 's', jitterMs, nextDueMs: at(nextDue), nowMs: at(now) })

  it('is not there before its time', () => {
    expect(turn('2026-01-01T05:00Z', '2026-01-01T04:59:59.999Z')).toBeNull()
    const planned = plannedAt(hourly, { scheduleId: 's', jitterMs: 1_800_000 }, at('2026-01-01T05:00Z'))
    const late = (ms: number) => turn('2026-01-01T05:00Z', new Date(ms).toISOString(), hourly, 1_800_000)
    expect(late(planned - 1)).toBeNull()
    expect(late(planned)).toMatchObject({ start: { kind: 'due' }, missed: null })
  })

  test.each([
    ['05:00', '05:00:00', { kind: 'due', due: '05:00' }, null, '06:00'],
    ['05:00', '05:09:59', { kind: 'due', due: '05:00' }, null, '06:00'],
    // Late: made up once, and again with the next one near not at all.
    ['05:00', '05:11:00', { kind: 'make-up', due: '05:00' }, { count: 1, from: '05:00', to: '05:00' }, '06:00'],
    ['02:00', '05:30:00', { kind: 'make-up', due: '05:00' }, { count: 4, from: '02:00', to: '05:00' }, '06:00'],
    ['02:00', '05:46:00', null, { count: 4, from: '02:00', to: '05:00' }, '06:00'],
    // The one that is on time stands for those before it.
    ['02:00', '05:01:00', { kind: 'make-up', due: '05:00' }, { count: 3, from: '02:00', to: '04:00' }, '06:00'],
  ])('that was to be at %s, looked at at %s', (nextDue, now, start, missed, next) => {
    const day = (text: string) => at(`2026-01-01T${text}Z`)
    expect(turn(`2026-01-01T${nextDue}Z`, `2026-01-01T${now}Z`)).toEqual({
      start: start && { kind: start.kind, dueMs: day(start.due) },
      missed: missed && { count: missed.count, isMore: false, fromMs: day(missed.from), toMs: day(missed.to) },
      nextDueMs: day(next),
      nextRunMs: day(next),
    })
  })

  it('after years of minutes counts to a bound, finds the last one, and goes on from there', () => {
    const missed = turn('2022-01-01T00:00Z', '2026-01-01T00:00:30Z', timesOf('* * * * *'))
    expect(missed).toEqual({
      start: { kind: 'make-up', dueMs: at('2026-01-01T00:00Z') },
      missed: {
        count: MISSED_COUNTED_MAX - 1,
        isMore: true,
        fromMs: at('2022-01-01T00:00Z'),
        toMs: at('2025-12-31T23:59Z'),
      },
      nextDueMs: at('2026-01-01T00:01Z'),
      nextRunMs: at('2026-01-01T00:01Z'),
    })
  })
})
