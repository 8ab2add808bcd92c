import { deflateSync } from 'node:zlib'
import { expect, test } from 'vitest'
import { SeededRandom } from '../../testing/seeded-random.ts'
import { ADLER_START, adler32, combineAdler32 } from './adler32.ts'

const zlibAdler = (bytes: Buffer) =>
  deflateSync(bytes, { level: 0 }).readUInt32BE(deflateSync(bytes, { level: 0 }).length - 4)

test('gives the published value', () => {
  expect(adler32(ADLER_START, Buffer.from('Wikipedia'))).toBe(0x11e60398)
  expect(adler32(ADLER_START, Buffer.alloc(0))).toBe(1)
})

test('equals zlib at every length around a run and for the bytes that sum highest', () => {
  for (const length of [1, 7, 8, 9, 5551, 5552, 5553, 70_000]) {
    const bytes = Buffer.alloc(length, 0xff)
    expect(adler32(ADLER_START, bytes)).toBe(zlibAdler(bytes))
  }
})

test('goes on from any split, and two halves combine to the whole', () => {
  const random = new SeededRandom(7)
  for (let round = 0; round < 200; round++) {
    const bytes = random.bytes(random.below(3000))
    const split = random.below(bytes.length + 1)
    const whole = zlibAdler(bytes)
    const first = adler32(ADLER_START, bytes, 0, split)
    expect(adler32(first, bytes, split)).toBe(whole)
    const second = adler32(ADLER_START, bytes, split)
    expect(combineAdler32(first, second, bytes.length - split), `round ${round}`).toBe(whole)
  }
})

test('combines where the second part is far longer than the modulus', () => {
  const bytes = Buffer.alloc(1_000_003, 0xfe)
  const parts = [adler32(ADLER_START, bytes, 0, 3), adler32(ADLER_START, bytes, 3)] as const
  expect(combineAdler32(parts[0], parts[1], bytes.length - 3)).toBe(zlibAdler(bytes))
})
