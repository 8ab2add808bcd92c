import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { gunzipSync } from 'node:zlib'
import { expect, test } from 'vitest'
import { SnapshotError } from './errors.ts'
import { decodeSnappy } from './snappy.ts'

const DIR = join(import.meta.dirname, 'corpus/3.9.6-compressed')
const packed = readFileSync(join(DIR, 'snapshot.180.snappy'))

async function decode(bytes: Uint8Array, chunkBytes = 1000): Promise<Buffer> {
  async function* source() {
    for (let at = 0; at < bytes.length; at += chunkBytes) yield bytes.subarray(at, at + chunkBytes)
  }
  const parts: Buffer[] = []
  for await (const part of decodeSnappy(source())) parts.push(part)
  return Buffer.concat(parts)
}

test('decodes what a server wrote, whatever the chunks', async () => {
  const plain = gunzipSync(readFileSync(join(DIR, 'snapshot.180.gz')))
  for (const chunkBytes of [1, 3, 4096, 1 << 20]) expect((await decode(packed, chunkBytes)).equals(plain)).toBe(true)
})

test('a cut is TRUNCATED unless it falls between blocks, and damage never does more than throw', async () => {
  for (let length = 0; length < packed.length; length += 7) {
    await expect(decode(packed.subarray(0, length))).rejects.toMatchObject({ code: 'TRUNCATED' })
  }
  for (let at = 0; at < packed.length; at += 3) {
    const bytes = Buffer.from(packed)
    bytes[at]! ^= 0xff
    await decode(bytes).catch((error) => expect(error).toBeInstanceOf(SnapshotError))
  }
})

test('a block that claims to be huge is refused before it is allocated', async () => {
  const block = Buffer.from([0xff, 0xff, 0xff, 0xff, 0x0f])
  const length = Buffer.alloc(4)
  length.writeInt32BE(block.length)
  await expect(decode(Buffer.concat([packed.subarray(0, 16), length, block]))).rejects.toMatchObject({
    code: 'BAD_COMPRESSION',
  })
})

test('a block that claims more than its compressed bytes can hold is refused before it is allocated', async () => {
  // 32 MiB in six bytes: below the largest block, and beyond what any snappy block of that size can give.
  const block = Buffer.from([0x80, 0x80, 0x80, 0x10, 0x00, 0x61])
  const length = Buffer.alloc(4)
  length.writeInt32BE(block.length)
  await expect(decode(Buffer.concat([packed.subarray(0, 16), length, block]))).rejects.toMatchObject({
    code: 'BAD_COMPRESSION',
    details: { offset: 20, expected: 'at most 132 bytes in a block of 6', found: String(32 << 20) },
  })
})

test('a stream that says it needs a newer reader is refused', async () => {
  const bytes = Buffer.from(packed)
  bytes.writeInt32BE(2, 12)
  await expect(decode(bytes)).rejects.toMatchObject({ code: 'BAD_COMPRESSION', details: { offset: 12 } })
})
