import { expect, it } from 'vitest'
import { isTurn, KEPT_MS, type SampleTier, STEP_MS, tierOfLook } from './keep-samples.ts'

const MINUTE = 60_000

it('thinned by tiers, a quarter of a year leaves a row an hour, two weeks one in ten minutes, two days one a minute', () => {
  const tiers: SampleTier[] = []
  let previous: number | null = null
  const start = Date.UTC(2026, 0, 1, 0, 0, 30)
  for (let minute = 0; minute < 24 * 60; minute++) {
    const at = start + minute * MINUTE
    tiers.push(tierOfLook(previous, at))
    previous = at
  }
  const atLeast = (tier: number) => tiers.filter((each) => each >= tier).length
  expect([atLeast(2), atLeast(1), atLeast(0)]).toEqual([24, 144, 1440])
  // What a server takes at most: looks that are kept at once.
  const rows = (Object.keys(KEPT_MS) as unknown as SampleTier[]).map((tier) => KEPT_MS[tier] / STEP_MS[tier])
  expect(rows).toEqual([2880, 2016, 2160])
})

it('a long pause loses no hour', () => {
  expect(tierOfLook(Date.UTC(2026, 0, 1, 10, 59, 59), Date.UTC(2026, 0, 1, 11, 0, 59))).toBe(2)
  expect(tierOfLook(Date.UTC(2026, 0, 1, 10, 9), Date.UTC(2026, 0, 1, 10, 10))).toBe(1)
  expect(tierOfLook(Date.UTC(2026, 0, 1, 10, 10), Date.UTC(2026, 0, 1, 10, 11))).toBe(0)
  // The same minute of the hour, days later.
  expect(tierOfLook(Date.UTC(2026, 0, 1, 10, 10), Date.UTC(2026, 0, 3, 10, 11))).toBe(2)
})

const UP = { ok: true, fault: null, role: 'leader', version: '3.9.5', digestMismatches: 0 }

it.each([
  ['the first look', null, UP, true],
  ['the same again', UP, UP, false],
  ['a server that is gone', UP, { ...UP, ok: false, role: null, fault: 'CONNECT_REFUSED' }, true],
  ['another leader', UP, { ...UP, role: 'follower' }, true],
  ['an upgrade', UP, { ...UP, version: '3.9.6' }, true],
  ['a new mismatch', UP, { ...UP, digestMismatches: 1 }, true],
  ['a counter that began anew', { ...UP, digestMismatches: 3 }, UP, false],
])('%s is a turn: %s', (_name, before, now, expected) => {
  expect(isTurn(before, now)).toBe(expected)
})
