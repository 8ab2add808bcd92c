import { describe, expect, it } from 'vitest'
import { type Json, JsonNumber, JsonWalker } from './json-walker.ts'

/** Everything that stands at the top, as plain values. */
function readAll(text: string | Buffer, pieceBytes = 7): unknown[] {
  const found: unknown[] = []
  const walker = new JsonWalker({ enters: () => false, value: (value) => found.push(toPlain(value)) })
  const bytes = Buffer.from(text)
  for (let at = 0; at < bytes.length; at += pieceBytes) walker.write(bytes.subarray(at, at + pieceBytes))
  walker.end()
  return found
}

function toPlain(value: Json): unknown {
  if (value instanceof JsonNumber) return Number(value.text)
  if (value instanceof Map) return Object.fromEntries([...value].map(([key, item]) => [key, toPlain(item)]))
  return Array.isArray(value) ? value.map(toPlain) : value
}

const SAMPLES = [
  '{}',
  '[]',
  '{"a":{"b":[1,-2.5e3,null,true,false,"x"]},"ü":"\\u00fc\\n\\"\\\\ ü 😀 \\ud83d\\ude00"}',
  ' [ [ ] , { } , "" ] \n',
  '{"number" : 18446744073709551615 , "text":"]}"}',
]

describe('JsonWalker', () => {
  it.each(SAMPLES)('reads what JSON.parse reads, however the pieces are cut: %s', (text) => {
    for (let pieceBytes = 1; pieceBytes <= text.length + 1; pieceBytes++) {
      expect(readAll(text, pieceBytes)).toEqual([JSON.parse(text)])
    }
  })

  it('keeps the digits of numbers that a JavaScript number cannot hold', () => {
    const found: Json[] = []
    const walker = new JsonWalker({ enters: (_, { depth }) => depth === 0, value: (value) => found.push(value) })
    walker.write(Buffer.from('{"session":91234567890123456789}'))
    expect(found).toEqual([new JsonNumber('91234567890123456789')])
  })

  it('reads one document behind the other, and past a byte order mark', () => {
    expect(readAll('\ufeff{"a":1}\n{"a":2}\n')).toEqual([{ a: 1 }, { a: 2 }])
  })

  it('calls every cut of a document truncated', () => {
    const text = SAMPLES[2]!
    for (let end = 0; end < Buffer.from(text).length; end++) {
      expect(() => readAll(Buffer.from(text).subarray(0, end)), `cut at ${end}`).toThrow(/ends before its JSON does/)
    }
  })

  it.each([
    ['{"a" 1}', 5],
    ['{"a":1,}', 7],
    ['[1,]', 3],
    ['{a:1}', 1],
    ['{"a":01}', 5],
    ['{"a":nul}', 5],
    ['[1 2]', 3],
    ['{"a":1]', 6],
    ['"a\nb"', 2],
    ["{'a':1}", 1],
    ['}', 0],
  ])('refuses %s and says where', (text, at) => {
    expect(() => readAll(text)).toThrow(expect.objectContaining({ code: 'BAD_JSON', details: { offset: at } }))
  })

  it.each([
    ['a wrong escape', Buffer.from('["\\x"]')],
    ['bytes that are no UTF-8', Buffer.from([0x5b, 0x22, 0xc3, 0x28, 0x22, 0x5d])],
  ])('refuses %s', (_, bytes) => {
    expect(() => readAll(bytes)).toThrow(expect.objectContaining({ code: 'BAD_JSON' }))
  })

  it('refuses a key that is there twice, a nesting without end and a text without end', () => {
    expect(() => readAll('{"a":1,"a":2}')).toThrow(expect.objectContaining({ code: 'BAD_IMPORT' }))
    expect(() => readAll('['.repeat(5000), 512)).toThrow(expect.objectContaining({ code: 'IMPORT_TOO_DEEP' }))
    const walker = new JsonWalker({ enters: () => false, value: () => undefined })
    walker.write(Buffer.from('"'))
    const endless = () => {
      for (;;) walker.write(Buffer.alloc(1 << 20, 0x61))
    }
    expect(endless).toThrow(expect.objectContaining({ code: 'IMPORT_TOO_LARGE' }))
  })

  it('refuses a znode of many long texts, however small it was when packed, and not many znodes of one', () => {
    const read = (member: (i: number) => string, enters: boolean) => {
      let values = 0
      const walker = new JsonWalker({ enters: (_, { depth }) => enters && depth === 0, value: () => values++ })
      walker.write(Buffer.from('{"":0'))
      for (let i = 0; i < 60; i++) walker.write(Buffer.from(member(i)))
      walker.write(Buffer.from('}'))
      walker.end()
      return values
    }
    const text = 'x'.repeat(1 << 20)
    const tooLarge = expect.objectContaining({ code: 'IMPORT_TOO_LARGE' })
    expect(() => read((i) => `,"${i}":"${text}"`, false)).toThrow(tooLarge)
    expect(() => read((i) => `,"${i}${text}":0`, false)).toThrow(tooLarge)
    expect(read((i) => `,"${i}":{"data":"${text}"}`, true)).toBe(61)
  })
})
