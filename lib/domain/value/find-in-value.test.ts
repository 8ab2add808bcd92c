import { describe, expect, it } from 'vitest'
import { finderOfBytes, finderOfText, previewMatch, TIMES_MAX } from './find-in-value.ts'

const bytes = (text: string) => Buffer.from(text)
const anyCase = (text: string) => finderOfText(text, { matchCase: false })
const exact = (text: string) => finderOfText(text, { matchCase: true })

describe('finderOfText', () => {
  it('finds at the first and the last byte, and nothing beyond', () => {
    expect(exact('ab')(bytes('abxx'))).toEqual({ offset: 0, length: 2, times: 1 })
    expect(exact('ab')(bytes('xxab'))).toEqual({ offset: 2, length: 2, times: 1 })
    expect(exact('abc')(bytes('xxab'))).toBeNull()
    expect(exact('a')(new Uint8Array())).toBeNull()
  })

  it('stays inside of a value that is a view of a larger buffer', () => {
    const whole = bytes('secret|value|secret')
    const view = new Uint8Array(whole.buffer, whole.byteOffset + 7, 5)
    expect(exact('secret')(view)).toBeNull()
    expect(anyCase('SECRET')(view)).toBeNull()
    expect(anyCase('VALUE')(view)).toEqual({ offset: 0, length: 5, times: 1 })
  })

  it('counts what does not overlap, up to a bound', () => {
    expect(exact('aa')(bytes('aaaaa'))?.times).toBe(2)
    expect(anyCase('aa')(bytes('aAaAa'))?.times).toBe(2)
    expect(exact('a')(Buffer.alloc(5000, 'a'))?.times).toBe(TIMES_MAX)
    expect(anyCase('a')(Buffer.alloc(5000, 'A'))?.times).toBe(TIMES_MAX)
  })

  it.each([
    ['hello', 'say HELLO', 4],
    ['ÜBER', 'größe über', 8],
    ['σ', 'Σ', 0],
    ['ж', 'Ж', 0],
    ['straße', 'STRAßE', 0],
    ['a.c', 'xA.C', 1],
    ['😀x', '😀X', 0],
  ])('%s in any case is in %s at byte %i', (text, value, offset) => {
    expect(anyCase(text)(bytes(value))?.offset).toBe(offset)
  })

  it('takes no sign for a pattern, and no byte for another', () => {
    expect(anyCase('a.c')(bytes('abc'))).toBeNull()
    expect(anyCase('(')(bytes('()'))?.offset).toBe(0)
    expect(anyCase('\\')(bytes('a\\b'))?.offset).toBe(1)
    // In Latin-1 é is 0xe9 and É 0xc9: neither is the UTF-8 of anything here.
    expect(anyCase('é')(Uint8Array.of(0xc9))).toBeNull()
    // The Kelvin sign is K in upper case, but not k's partner in this direction; the letters still find each other.
    expect(anyCase('k')(bytes('K'))?.offset).toBe(0)
    expect(exact('e')(bytes('É'))).toBeNull()
  })

  it('finds text inside of bytes that are not text', () => {
    const value = Buffer.concat([Uint8Array.of(0xff, 0x00, 0xc3), bytes('Passwort'), Uint8Array.of(0xfe)])
    expect(anyCase('passwort')(value)).toEqual({ offset: 3, length: 8, times: 1 })
  })
})

describe('finderOfBytes', () => {
  it('finds bytes, zero included', () => {
    const find = finderOfBytes(Uint8Array.of(0x00, 0xff))
    expect(find(Uint8Array.of(1, 0x00, 0xff, 2, 0x00, 0xff))).toEqual({ offset: 1, length: 2, times: 2 })
    expect(find(Uint8Array.of(0xff, 0x00))).toBeNull()
  })
})

describe('previewMatch', () => {
  const preview = (value: Uint8Array, text: string) => previewMatch(value, exact(text)(value)!, 'text')

  it('shows a short value whole', () => {
    expect(preview(bytes('a=1\nb=2'), 'b')).toEqual({
      form: 'text',
      before: 'a=1⏎',
      match: 'b',
      after: '=2',
      cut: [false, false],
    })
  })

  it('never cuts a character in two', () => {
    const around = 'ü☃😀'.repeat(40)
    for (let shift = 0; shift < 9; shift++) {
      const { before, after, cut } = preview(
        bytes(`${'x'.repeat(shift)}${around}KEY${'y'.repeat(shift)}${around}`),
        'KEY',
      )
      expect(before + after).not.toMatch(/[\ufffd·]/)
      expect(cut).toEqual([true, true])
    }
  })

  it('shows what cannot be shown as dots', () => {
    const value = Buffer.concat([Uint8Array.of(0x00, 0xff), bytes('KEY\u202e'), Uint8Array.of(0xc3)])
    expect(preview(value, 'KEY')).toMatchObject({ before: '··', match: 'KEY', after: '··' })
  })

  it('is bounded however long the match is', () => {
    const long = 'é'.repeat(1000)
    const { match } = preview(bytes(`[${long}]`), long)
    expect(match).toBe(`${'é'.repeat(100)}…`)
  })

  it('shows bytes as hex digits', () => {
    const value = Uint8Array.from({ length: 40 }, (_, i) => i)
    expect(previewMatch(value, { offset: 20, length: 2 }, 'hex')).toEqual({
      form: 'hex',
      before: '0c 0d 0e 0f 10 11 12 13',
      match: '14 15',
      after: '16 17 18 19 1a 1b 1c 1d',
      cut: [true, true],
    })
  })
})
