import { gunzipSync } from 'node:zlib'
import { expect, test } from 'vitest'
import { ADLER_START, adler32 } from '../../domain/snapshot/adler32.ts'
import { SeededRandom } from '../../testing/seeded-random.ts'
import { compressMember, decompressMember, decompressProven, stretchMember } from './gzip-member.ts'

const random = new SeededRandom(3)
const SAMPLES = [
  Buffer.alloc(0),
  Buffer.from('x'),
  random.bytes(300_000),
  Buffer.alloc(1 << 20),
  Buffer.from('{"state":"online"} '.repeat(20_000)),
]

test.each([...SAMPLES.keys()])('sample %i: what is proven is what was packed', async (sample) => {
  const raw = SAMPLES[sample]!
  const { member, adler } = await compressMember(raw)
  expect(adler).toBe(adler32(ADLER_START, raw))
  expect(gunzipSync(member).equals(raw)).toBe(true)
  expect((await decompressMember(member, 0))?.raw.equals(raw)).toBe(true)
  const meant = { rawBytes: raw.length, adler }
  for (const packed of [stretchMember(member, member.length + 900)!, Buffer.from(member)]) {
    expect((await decompressProven(packed, meant))?.equals(raw)).toBe(true)
  }
})

test('any changed byte, another length or another sum is found', async () => {
  const raw = Buffer.from('a few words, and a few words more: '.repeat(8))
  const { member, adler } = await compressMember(raw)
  const meant = { rawBytes: raw.length, adler }
  const isFound = async (packed: Buffer, other = meant) => (await decompressProven(packed, other)) === null
  // Time, extra flags and system (4 to 9) of the header say nothing of what it holds.
  for (let at = 0; at < member.length; at++) {
    if (at >= 3 && at < 10) continue
    const changed = Buffer.from(member)
    changed[at]! ^= 0x11
    expect(await isFound(changed).catch(() => true), `byte ${at}`).toBe(true)
  }
  expect(await isFound(Buffer.from(member), { ...meant, adler: adler ^ 1 })).toBe(true)
  expect(await isFound(Buffer.from(member), { ...meant, rawBytes: raw.length - 1 })).toBe(true)
  expect(await isFound(Buffer.from(member.subarray(0, -1)))).toBe(true)
  expect(await isFound(Buffer.concat([member.subarray(0, -8), Buffer.from([0]), member.subarray(-8)]))).toBe(true)
})
