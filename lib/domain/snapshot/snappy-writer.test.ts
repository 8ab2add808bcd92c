import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { gunzipSync } from 'node:zlib'
import { expect, test } from 'vitest'
import { SeededRandom } from '../../testing/seeded-random.ts'
import { decodeSnappy } from './snappy.ts'
import { encodeSnappy, encodeSnappyHead } from './snappy-writer.ts'

async function roundTrip(...chunks: Uint8Array[]): Promise<{ raw: Buffer; packedBytes: number }> {
  const packed = Buffer.concat([encodeSnappyHead(), ...chunks.map(encodeSnappy)])
  const parts: Buffer[] = []
  for await (const part of decodeSnappy(
    (async function* () {
      yield packed
    })(),
  )) {
    parts.push(part)
  }
  return { raw: Buffer.concat(parts), packedBytes: packed.length }
}

test('what is packed unpacks to the same: a snapshot, runs, noise, and every short length', async () => {
  const snapshot = gunzipSync(readFileSync(join(import.meta.dirname, 'corpus/3.9.6-compressed/snapshot.180.gz')))
  const { raw, packedBytes } = await roundTrip(snapshot)
  expect(raw.equals(snapshot)).toBe(true)
  const serverBytes = readFileSync(join(import.meta.dirname, 'corpus/3.9.6-compressed/snapshot.180.snappy')).length
  expect(packedBytes).toBeLessThan(serverBytes * 1.1)

  const random = new SeededRandom(7)
  const noise = Buffer.from(Array.from({ length: 100_000 }, () => Math.floor(random.next() * 256)))
  const few = Buffer.from(Array.from({ length: 100_000 }, () => Math.floor(random.next() * 3)))
  for (const bytes of [noise, few, Buffer.alloc(200_000, 'ab'), Buffer.alloc(70_000)]) {
    expect((await roundTrip(bytes)).raw.equals(bytes)).toBe(true)
  }
  for (let length = 0; length < 600; length++) {
    for (const bytes of [noise.subarray(0, length), few.subarray(0, length)]) {
      expect((await roundTrip(bytes)).raw.equals(bytes)).toBe(true)
    }
  }
  expect((await roundTrip(noise, few)).raw.equals(Buffer.concat([noise, few]))).toBe(true)
})
