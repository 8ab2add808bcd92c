import { describe, expect, test } from 'vitest'
import { readSection } from './settings-position.ts'

const places = (...tops: number[]) => tops.map((top, index) => ({ id: 'abcdef'[index] ?? '', top }))
const WINDOW = { line: 100, height: 800, isAtEnd: false, asked: '' }

describe('readSection', () => {
  test.each([
    ['the first before anything has passed the line', places(300, 900), {}, 'a'],
    ['the last that has passed it', places(-900, 40, 500), {}, 'b'],
    ['the one that stands on it', places(-900, 100), {}, 'b'],
    ['not what was asked for and left again', places(-900, 40, 500), { asked: 'c' }, 'b'],
    ['the last at the end of the page', places(-900, 200, 500), { isAtEnd: true }, 'c'],
    [
      'what was asked for where the page ends before it is up',
      places(-900, 200, 500),
      { isAtEnd: true, asked: 'b' },
      'b',
    ],
    ['not what was asked for and is out of sight', places(-900, 200, 500), { isAtEnd: true, asked: 'a' }, 'c'],
    ['the long last one at the end of the page', places(-2000, -900), { isAtEnd: true }, 'b'],
  ])('is %s', (_, sections, window, section) => {
    expect(readSection(sections, { ...WINDOW, ...window })).toBe(section)
  })

  test('is nothing on a page without sections', () => {
    expect(readSection([], WINDOW)).toBeNull()
  })
})
