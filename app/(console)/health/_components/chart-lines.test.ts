import { expect, it } from 'vitest'
import { lastBucket, latestIn, toPath, topOf, valueAt } from './chart-lines.ts'

const LINES = [
  [
    [0, 0],
    [1, 5],
  ],
  [[4, 10]],
] as const

it('a gap is a gap in the path, and a lone value is seen', () => {
  expect(toPath(LINES, 10)).toBe('M0.5 1L1.5 0.5M4.1 0H4.9')
  expect(toPath([], 10)).toBe('')
})

it('a value is that of its part, and none where there is none', () => {
  expect([valueAt(LINES, 1), valueAt(LINES, 2), valueAt(LINES, 4)]).toEqual([5, null, 10])
  expect([latestIn(LINES, 0, 2), latestIn(LINES, 2, 4)]).toEqual([5, null])
  expect([lastBucket([LINES]), lastBucket([[]])]).toEqual([4, null])
})

it.each([
  [0, 1],
  [1, 1],
  [3, 3],
  [3.2, 5],
  [99, 100],
  [120, 150],
  [0.034, 0.05],
])('the axis of %d ends at %d', (most, top) => {
  expect(topOf([[[[0, most]]]])).toBeCloseTo(top, 10)
})
