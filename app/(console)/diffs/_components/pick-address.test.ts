import { expect, test } from 'vitest'
import { keyOfAddress, NOTHING_PICKED, toPickAddress } from './pick-address.ts'
import { addPick, NO_CHANGES, type Picks } from './picks.ts'

const row = (path: string) => ({ path, change: 'added' as const, below: NO_CHANGES })
const picksOf = (paths: readonly string[], subtree = false) =>
  paths.reduce<Picks>((picks, path) => addPick(picks, row(path), { subtree }), new Map())

test('the URL says what is picked alone and what with all below it', () => {
  const picks = addPick(picksOf(['/a', '/b c']), row('/d'), { subtree: true })
  expect(toPickAddress(picks)).toEqual({ pick: ['/a', '/b c'], pickAll: ['/d'], picks: undefined })
  expect(toPickAddress(new Map())).toEqual(NOTHING_PICKED)
})

test('picks that would make too long a URL stay in the browser, as the URL says', () => {
  const few = Array.from({ length: 40 }, (_, i) => `/node-${i}`)
  const many = Array.from({ length: 200 }, (_, i) => `/node-${i}`)
  expect(toPickAddress(picksOf(few)).pick).toEqual(few)
  expect(toPickAddress(picksOf(many))).toEqual({ pick: [], pickAll: [], picks: 'browser' })
  // Counted as the URL writes it: each of these letters is nine characters there.
  expect(toPickAddress(picksOf([`/${'漢'.repeat(160)}`])).pick).toHaveLength(1)
  expect(toPickAddress(picksOf([`/${'漢'.repeat(170)}`])).picks).toBe('browser')
})

test('the key tells other picks apart, also a znode alone from its subtree', () => {
  const keys = [picksOf([]), picksOf(['/a']), picksOf(['/a'], true), picksOf(['/b'])].map((picks) =>
    keyOfAddress(toPickAddress(picks)),
  )
  expect(keys[0]).toBe('')
  expect(new Set(keys).size).toBe(4)
})
