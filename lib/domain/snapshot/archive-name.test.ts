import { expect, test } from 'vitest'
import { laterName } from './archive-name.ts'

test.each([
  ['20260101T000000Z-1a', 0, '20260101T000000Z-1a'],
  ['20260101T000000Z-1a', 1, '20260101T000000Z-1a-2'],
  ['20260101T000000Z-10', 2, '20260101T000000Z-10-3'],
  ['20260101T000000Z-1a-2', 1, '20260101T000000Z-1a-3'],
  ['20260101T000000Z-1a-9', 2, '20260101T000000Z-1a-11'],
  ['another', 1, 'another-2'],
])('%s and %i further is %s', (name, steps, later) => {
  expect(laterName(name, steps)).toBe(later)
})
