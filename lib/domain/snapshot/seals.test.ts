import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { collectZnodes } from '../../testing/znode-builder.ts'
import { ADLER_START, adler32 } from './adler32.ts'
import { SnapshotReader } from './read-snapshot.ts'

/** Places from the end of a file of 3.9: seal 1, digest block, seal 2, lastZxid block, seal 3. */
const FROM_END = { seal1: 67, digest: 54, seal2: 34, lastZxid: 21, seal3: 13 } as const
const file = readFileSync(join(import.meta.dirname, 'corpus/3.9.6-ensemble/snapshot.100000010'))
const placeOf = (part: keyof typeof FROM_END) => file.length - FROM_END[part]

async function readTail(bytes: Buffer) {
  async function* source() {
    yield bytes
  }
  const reader = new SnapshotReader(source())
  const znodes = await collectZnodes(reader.readZnodes())
  return { ...(await reader.readTail()), znodes: znodes.length }
}

function changedAt(place: number, mask = 1): Buffer {
  const bytes = Buffer.from(file)
  bytes[place]! ^= mask
  return bytes
}

/** Right again behind a change: the checksums of the seals from there on. */
function sealed(bytes: Buffer): Buffer {
  for (const part of ['seal1', 'seal2', 'seal3'] as const) {
    bytes.writeBigInt64BE(BigInt(adler32(ADLER_START, bytes, 0, placeOf(part))), placeOf(part))
  }
  return bytes
}

test.each(['seal1', 'seal2', 'seal3'] as const)('%s is checked in all of its 13 bytes', async (part) => {
  for (let i = 0; i < 13; i++) {
    await expect(readTail(changedAt(placeOf(part) + i))).rejects.toMatchObject({
      code: i < 8 ? 'CHECKSUM_MISMATCH' : 'BAD_SEAL',
      details: { offset: placeOf(part), expected: expect.any(String), found: expect.any(String) },
    })
  }
})

test('what lies between the seals is covered by the next one', async () => {
  for (let at = placeOf('digest'); at < placeOf('seal2'); at++) {
    const isVersion = at >= placeOf('digest') + 8 && at < placeOf('digest') + 12
    await expect(readTail(changedAt(at))).rejects.toMatchObject({
      code: isVersion ? 'BAD_TAIL' : 'CHECKSUM_MISMATCH',
      details: { offset: isVersion ? placeOf('digest') : placeOf('seal2') },
    })
  }
  for (let at = placeOf('lastZxid'); at < placeOf('seal3'); at++) {
    await expect(readTail(changedAt(at))).rejects.toMatchObject({
      code: 'CHECKSUM_MISMATCH',
      details: { offset: placeOf('seal3') },
    })
  }
})

test('a change with a right first seal is found by the second, which covers it again', async () => {
  const bytes = changedAt(8)
  bytes.writeBigInt64BE(BigInt(adler32(ADLER_START, bytes, 0, placeOf('seal1'))), placeOf('seal1'))
  await expect(readTail(bytes)).rejects.toMatchObject({
    code: 'CHECKSUM_MISMATCH',
    details: { offset: placeOf('seal2') },
  })
  expect(await readTail(sealed(bytes))).toMatchObject({ bytes: file.length })
})

describe("a file that ends behind a seal is an older or otherwise set server's", () => {
  test('behind the first: no digest, no lastZxid', async () => {
    const { znodes } = await readTail(file)
    const bytes = file.subarray(0, placeOf('digest'))
    expect(await readTail(bytes)).toMatchObject({ digest: null, lastZxid: null, znodes, bytes: bytes.length })
  })

  test('behind the second: no lastZxid', async () => {
    const { digest } = await readTail(file)
    expect(digest).not.toBeNull()
    expect(await readTail(file.subarray(0, placeOf('lastZxid')))).toMatchObject({ digest, lastZxid: null })
  })

  test('lastZxid without digest (3.9 with the digest switched off)', async () => {
    const { lastZxid } = await readTail(file)
    const bytes = Buffer.concat([file.subarray(0, placeOf('digest')), file.subarray(placeOf('lastZxid'))])
    bytes.writeBigInt64BE(BigInt(adler32(ADLER_START, bytes, 0, bytes.length - 13)), bytes.length - 13)
    expect(await readTail(bytes)).toMatchObject({ digest: null, lastZxid })
  })
})
