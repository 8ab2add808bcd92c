import { describe, expect, test } from 'vitest'
import { nextTry, TRIES_MAX } from './back-off.ts'
import { judgeSize, medianOf } from './judge-size.ts'
import { countMissing, WORKER_SILENT_MS } from './judge-workers.ts'
import { ALERT_RULES, defaultSettings, holdMinutesOf, RULE_IDS, readSettings } from './rules.ts'

describe('the size of a backup', () => {
  const size = (znodes: number, bytes = 1000) => ({ znodes, bytes })

  test('is small against the median of those before it, not against one that was large', () => {
    const earlier = [size(100), size(104), size(5000), size(98)]
    expect(judgeSize(size(51), earlier, 50)).toBeNull()
    expect(judgeSize(size(49), earlier, 50)).toEqual({ what: 'znodes', now: 49, median: 100, percent: 49 })
  })

  test('is judged by znodes and by bytes, and the worse is told', () => {
    const earlier = [size(100), size(100), size(100)]
    expect(judgeSize(size(40, 100), earlier, 50)).toMatchObject({ what: 'bytes', percent: 10 })
  })

  test('of a young cluster, or of one that was empty, says nothing', () => {
    expect(judgeSize(size(1), [size(100), size(100)], 50)).toBeNull()
    expect(judgeSize(size(0, 0), [size(0, 0), size(0, 0), size(0, 0)], 50)).toBeNull()
    expect(medianOf([])).toBe(0)
    expect(medianOf([4, 1, 3, 2])).toBe(2)
  })
})

describe('workers', () => {
  const now = 10 * WORKER_SILENT_MS
  const sign = (startedAtMs: number, seenAtMs: number) => ({ startedAtMs, seenAtMs })

  test('that fell silent are missed until another has taken their place', () => {
    const lost = sign(0, now - WORKER_SILENT_MS)
    const old = sign(0, now)
    expect(countMissing([old, lost], now, null)).toEqual({ alive: 1, missing: 1 })
    expect(countMissing([old, lost, sign(lost.seenAtMs + 1, now)], now, null)).toEqual({ alive: 2, missing: 0 })
    expect(countMissing([old, lost, lost, sign(lost.seenAtMs, now)], now, null)).toEqual({ alive: 2, missing: 1 })
  })

  test('that were lost a day ago are forgotten, and one that said goodbye is no row', () => {
    expect(countMissing([sign(0, now)], now + 25 * 3_600_000, null)).toEqual({ alive: 0, missing: 0 })
    expect(countMissing([sign(0, now)], now, null)).toEqual({ alive: 1, missing: 0 })
  })

  test('are as many as there should be at least', () => {
    expect(countMissing([sign(0, now)], now, 3)).toEqual({ alive: 1, missing: 2 })
    expect(countMissing([], now, 1)).toEqual({ alive: 0, missing: 1 })
  })
})

describe('a notice that was not taken', () => {
  test('is sent again later each time, within an hour, and given up in the end', () => {
    const waits = Array.from({ length: TRIES_MAX }, (_, index) => nextTry(index + 1, 0))
    expect(waits.slice(0, 4)).toEqual([30_000, 60_000, 120_000, 240_000])
    expect(Math.max(...waits.map((wait) => wait ?? 0))).toBe(3_600_000)
    expect(waits.at(-1)).toBeNull()
    expect(waits.slice(0, -1)).not.toContain(null)
  })
})

describe('rules', () => {
  test('come with numbers within their own bounds', () => {
    for (const id of RULE_IDS) {
      const numbers: Record<string, { min: number; max: number; default: number | null }> = ALERT_RULES[id].numbers
      for (const [name, { min, max, default: value }] of Object.entries(numbers)) {
        expect(value === null || (value >= min && value <= max), `${id} ${name}`).toBe(true)
      }
    }
  })

  test('take what is within bounds of what was stored, and else what they come with', () => {
    const stored = (numbers: unknown) => readSettings('backup-late', { enabled: false, severity: 'info', numbers })
    expect(stored({ hours: 26, graceMinutes: 0, other: 1 })).toEqual({
      enabled: false,
      severity: 'info',
      numbers: { hours: 26, graceMinutes: 60 },
    })
    expect(stored({ hours: null, graceMinutes: null }).numbers).toEqual({ hours: null, graceMinutes: 60 })
    expect(stored('nonsense').numbers).toEqual(defaultSettings('backup-late').numbers)
  })

  test('hold for as long as their own minutes say', () => {
    const settings = { ...defaultSettings('cluster-down'), numbers: { minutes: 12 } }
    expect(holdMinutesOf('cluster-down', settings)).toBe(12)
    expect(holdMinutesOf('worker-missing', defaultSettings('worker-missing'))).toBe(1)
    expect(holdMinutesOf('logs-failing', defaultSettings('logs-failing'))).toBe(0)
  })
})
