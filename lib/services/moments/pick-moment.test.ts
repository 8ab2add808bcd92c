import { describe, expect, test } from 'vitest'
import { parseUtc } from './pick-moment.ts'

const iso = (text: string) => {
  const found = parseUtc(text)
  return found === null ? null : new Date(found.toMs).toISOString()
}

describe('a time in words', () => {
  test.each([
    ['2026-11-25 14:03:07', '2026-11-25T14:03:07.999Z'],
    ['2026-11-25 14:03:07 UTC', '2026-11-25T14:03:07.999Z'],
    [' 2026-11-25T14:03:07Z ', '2026-11-25T14:03:07.999Z'],
    ['2026-11-25T14:03:07.25Z', '2026-11-25T14:03:07.250Z'],
    ['2026-11-25T14:03:07.123456789Z', '2026-11-25T14:03:07.123Z'],
    ['2026-11-25 14:03', '2026-11-25T14:03:00.999Z'],
    ['2026-11-25', '2026-11-25T00:00:00.999Z'],
  ])('%s means all of its second', (text, expected) => {
    expect(iso(text)).toBe(expected)
  })

  test.each(['', 'now', '14:03', '2026-02-31 10:00', '2026-11-25 25:00', '2026-11-25 14:03:07+02:00', '1764079387'])(
    '%s is none',
    (text) => {
      expect(parseUtc(text)).toBeNull()
    },
  )
})
