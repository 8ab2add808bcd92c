import { expect, test } from 'vitest'
import { findSpentBases } from './spent-bases.ts'

const DAY = 86_400_000
const NOW = 100 * DAY
/** Days ago → zxid: later is higher. */
const base = (daysAgo: number) => ({ zxid: BigInt(Math.round(1000 - daysAgo * 10)), takenAtMs: NOW - daysAgo * DAY })
const spent = (days: readonly number[], logsFrom: bigint | null) =>
  findSpentBases(days.map(base), { logsFrom, nowMs: NOW }).map(({ takenAtMs }) => (NOW - takenAtMs) / DAY)

test('the newest stays, and the one that the oldest log is told from; older ones go', () => {
  expect(spent([30, 20, 10, 0], base(15).zxid)).toEqual([30])
  expect(spent([30], base(1).zxid)).toEqual([])
  expect(spent([], null)).toEqual([])
})

test('of one day one stays, of weeks that are long ago one a week', () => {
  expect(spent([2.9, 2.6, 2.3, 1.9, 0], base(3).zxid)).toEqual([2.6, 2.3])
  const kept = (days: readonly number[]) => days.length - spent(days, base(60).zxid).length
  expect(kept(Array.from({ length: 35 }, (_, i) => 49 - i))).toBeLessThanOrEqual(7)
  expect(kept(Array.from({ length: 10 }, (_, i) => 10 - i))).toBe(10)
})

test('behind a gap the first stays: no older one leads across', () => {
  const bases = [2.9, 2.8, 2.6, 2.5, 0].map(base)
  const of = (runOf: (zxid: bigint) => number) =>
    findSpentBases(bases, { logsFrom: bases[0]!.zxid + 1n, runOf, nowMs: NOW }).map(({ zxid }) => zxid)
  expect(of(() => 0)).toEqual([bases[1]!.zxid, bases[2]!.zxid, bases[3]!.zxid])
  expect(of((zxid) => Number(zxid >= bases[2]!.zxid))).toEqual([bases[1]!.zxid, bases[3]!.zxid])
})
