import { expect, test } from 'vitest'
import { dotRadius, placeOnTimeLine } from './time-line-places.ts'

test('moments keep their distances', () => {
  expect(placeOnTimeLine([100, 200, 150], 300)).toEqual([0, 0.5, 0.25])
  expect(placeOnTimeLine([100], 300)).toEqual([0])
  expect(placeOnTimeLine([], 300)).toEqual([])
})

test('a clock that lags behind the newest backup puts nothing beyond the end', () => {
  expect(placeOnTimeLine([100, 200], 150)).toEqual([0, 1])
  expect(placeOnTimeLine([100], 100)).toEqual([1])
})

test('a dot grows with its backup and always stays visible', () => {
  expect(dotRadius(0, 0)).toBe(4)
  expect(dotRadius(1_000_000, 1_000_000)).toBe(9)
  expect(dotRadius(1, 1_000_000)).toBeGreaterThan(4)
})
