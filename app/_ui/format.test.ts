import { describe, expect, test } from 'vitest'
import { formatBytes } from '@/lib/base/format-bytes.ts'
import { formatCount, plural } from './format-number.ts'
import { formatAge, formatDuration, formatUtc } from './format-time.ts'

const NOW = Date.UTC(2026, 10, 23, 16, 50, 3)

describe('times', () => {
  test('absolute times are UTC to the second', () => {
    expect(formatUtc(NOW)).toBe('2026-11-23 16:50:03 UTC')
  })

  test.each([
    [0, 'just now'],
    [9_999, 'just now'],
    [10_000, '10 s ago'],
    [59_999, '59 s ago'],
    [60_000, '1 min ago'],
    [3_599_999, '59 min ago'],
    [3_600_000, '1 h ago'],
    [86_400_000, '1 d ago'],
    [61 * 86_400_000, '2026-09-23'],
    [-65_000, 'in 1 min'],
    [-3 * 3_600_000, 'in 3 h'],
  ])('%d ms ago reads %s', (ago, text) => {
    expect(formatAge(NOW - ago, NOW)).toBe(text)
  })

  test.each([
    [0, '0 ms'],
    [999, '999 ms'],
    [1_500, '1.5 s'],
    [59_000, '59 s'],
    [200_000, '3 min 20 s'],
    [7_500_000, '2 h 5 min'],
    [90_000_000, '1 d 1 h'],
  ])('%d ms lasts %s', (ms, text) => {
    expect(formatDuration(ms)).toBe(text)
  })
})

describe('numbers', () => {
  test.each([
    [0, '0 B'],
    [1023, '1023 B'],
    [1024, '1.0 KiB'],
    [150 * 1024, '150 KiB'],
    [3_500_000, '3.3 MiB'],
  ])('%d bytes reads %s', (bytes, text) => {
    expect(formatBytes(bytes)).toBe(text)
  })

  test('counts have separators and agree with their noun', () => {
    expect(formatCount(1234567)).toBe('1,234,567')
    expect(plural(1, 'znode')).toBe('1 znode')
    expect(plural(20000, 'znode')).toBe('20,000 znodes')
    expect(plural(2, 'copy', 'copies')).toBe('2 copies')
  })
})
