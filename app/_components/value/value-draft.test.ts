import { describe, expect, test } from 'vitest'
import { encodeBase64 } from '@/lib/domain/value/base64.ts'
import { draftOf, valueOfDraft } from './value-draft.ts'

const base64 = (text: string) => encodeBase64(new TextEncoder().encode(text))
const every = encodeBase64(Uint8Array.from({ length: 256 }, (_, i) => i))

describe('a value that is opened and written unchanged', () => {
  test.each([
    ['null', null],
    ['empty', ''],
    ['text', base64('a=1\nb=2\n')],
    ['text with CR LF', base64('a=1\r\nb=2\r\n')],
    ['text with mixed line ends', base64('a\r\nb\nc\rd')],
    ['text with a byte order mark', base64('\ufeffa')],
    ['text with control characters', base64('a\u0000b')],
    ['every byte', every],
  ])('%s is the same bytes', (_name, data) => {
    expect(valueOfDraft(draftOf(data))).toMatchObject({ kind: 'value', data })
  })
})

test('null and empty are different drafts and different values', () => {
  expect(draftOf(null).mode).toBe('null')
  expect(draftOf('').mode).toBe('empty')
  expect(valueOfDraft(draftOf(null))).toEqual({ kind: 'value', data: null, bytes: 0 })
  expect(valueOfDraft(draftOf(''))).toEqual({ kind: 'value', data: '', bytes: 0 })
})

test('bytes that a text box would change are edited as hex', () => {
  expect(draftOf(base64('a\r\nb\n')).mode).toBe('hex')
  expect(draftOf(every)).toMatchObject({ mode: 'hex', textFault: 'The value is not valid UTF-8. Edit it as hex.' })
})

test('lines that were added get the line ends that the value had', () => {
  const draft = draftOf(base64('a\r\nb'))
  expect(draft.text).toBe('a\nb')
  expect(valueOfDraft({ ...draft, text: 'a\nb\nc' })).toMatchObject({ data: base64('a\r\nb\r\nc') })
})

test('wrong hex is a fault, never a value', () => {
  expect(valueOfDraft({ ...draftOf(every), hex: 'zz' })).toEqual({ kind: 'fault', message: '"z" is not a hex digit' })
})
