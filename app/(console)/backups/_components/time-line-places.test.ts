import { expect, test } from 'vitest'
import { dotRadius, placeOnTimeLine } from './time-line-places.ts'

test('moments keep their distances', () => {
  expect(placeOnTimeLine([100, 200, 150])).toEqual([0, 1, 0.5])
  expect(placeOnTimeLine([100])).toEqual([1])
  expect(placeOnTimeLine([])).toEqual([])
})

test('a dot grows with its backup and always stays visible', () => {
  expect(dotRadius(0, 0)).toBe(4)
  expect(dotRadius(1_000_000, 1_000_000)).toBe(9)
  expect(dotRadius(1, 1_000_000)).toBeGreaterThan(4)
})
