import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { gunzipSync } from 'node:zlib'
import { describe, expect, test } from 'vitest'
import { ByteWriter } from '../../base/bytes.ts'
import { SeededRandom } from '../../testing/seeded-random.ts'
import { buildTree, collectZnodes, streamOf } from '../../testing/znode-builder.ts'
import type { Znode } from '../znode/znode.ts'
import { ADLER_START, adler32 } from './adler32.ts'
import { SnapshotError } from './errors.ts'
import { type ReadSnapshotOptions, SnapshotReader } from './read-snapshot.ts'
import { copyStat } from './record.ts'
import { encodeSnapshot } from './write-snapshot.ts'

const CORPUS = join(import.meta.dirname, 'corpus')

async function* inChunks(bytes: Uint8Array, size: number) {
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size)
}

async function read(bytes: Uint8Array, options?: ReadSnapshotOptions, chunkBytes = 4096) {
  const reader = new SnapshotReader(inChunks(bytes, chunkBytes), options)
  try {
    const znodes = await collectZnodes(reader.readZnodes())
    await reader.readTail()
    return znodes
  } finally {
    await reader.close()
  }
}

/** The tree as text, or the SnapshotError's code; anything else is a bug and thrown. */
async function outcome(bytes: Uint8Array, options?: ReadSnapshotOptions): Promise<string> {
  try {
    return textOf(await read(bytes, options))
  } catch (error) {
    if (!(error instanceof SnapshotError)) throw error
    const { offset, expected, found } = error.details
    expect(offset, error.code).toBeTypeOf('number')
    expect(expected, error.code).toBeTypeOf('string')
    expect(found, error.code).toBeTypeOf('string')
    return error.code
  }
}

function textOf(znodes: readonly Znode[]): string {
  return znodes
    .map((znode) =>
      [
        znode.path,
        znode.kind,
        znode.data === null ? 'null' : Buffer.from(znode.data).toString('hex'),
        JSON.stringify(znode.acl),
        Object.values(copyStat(znode.stat)).join(),
      ].join(' '),
    )
    .join('\n')
}

const small = readFileSync(join(CORPUS, '3.9.6-ensemble/snapshot.100000010'))

describe('damage', () => {
  test('a file cut at any byte is an error, except where an older server would have ended it', async () => {
    const whole = await outcome(small)
    const fine: number[] = []
    for (let length = 0; length < small.length; length++) {
      const result = await outcome(small.subarray(0, length))
      if (result === whole) fine.push(small.length - length)
      // 33 bytes short, a digest block cut in two is as long as a lastZxid block: only its checksum tells.
      else if (small.length - length === 33) expect(result).toBe('CHECKSUM_MISMATCH')
      else expect(['TRUNCATED', 'BAD_TAIL'], `cut at ${length}`).toContain(result)
    }
    expect(fine).toEqual([54, 21])
  })

  test('any single flipped byte is an error or harmless, never another tree', async () => {
    const whole = await outcome(small)
    for (let at = 0; at < small.length; at++) {
      for (const mask of [0x01, 0x80, 0xff]) {
        const bytes = Buffer.from(small)
        bytes[at]! ^= mask
        const result = await outcome(bytes)
        // The header's database id is not looked at, but summed; everything in front of the last seal is.
        expect(result, `byte ${at} xor ${mask}`).not.toBe(whole)
        expect(result, `byte ${at} xor ${mask}`).toMatch(/^[A-Z_]+$/)
      }
    }
  })

  test('random garbage behind a right header ends in an error, quickly and without large allocations', async () => {
    for (let seed = 1; seed <= 300; seed++) {
      const random = new SeededRandom(seed)
      const bytes = Buffer.concat([small.subarray(0, 16 + random.below(200)), random.bytes(random.below(400))])
      expect(await outcome(bytes), `seed ${seed}`).toMatch(/^[A-Z_]+$/)
    }
  })
})

describe('lengths are bounded before anything is kept', () => {
  const start = (write: (writer: ByteWriter) => void) => {
    const writer = new ByteWriter()
    writer.int32(0x5a4b534e)
    writer.int32(2)
    writer.int64(-1n)
    write(writer)
    return Buffer.from(writer.bytes())
  }

  test.each<[string, (writer: ByteWriter) => void]>([
    ['sessions', (w) => w.int32(2_147_483_647)],
    ['negative sessions', (w) => w.int32(-1)],
    ['ACL table', (w) => [0, 1 << 30].map((n) => w.int32(n))],
    ['ACL entries', (w) => [0, 1, 0, 1, 1 << 24].map((n) => w.int32(n))],
    ['scheme', (w) => [0, 1, 0, 1, 1, 31, 1 << 28].map((n) => w.int32(n))],
    ['path', (w) => [0, 0, 1 << 28].map((n) => w.int32(n))],
    ['negative path', (w) => [0, 0, -1].map((n) => w.int32(n))],
    ['data', (w) => [0, 0, 0, 1 << 30].map((n) => w.int32(n))],
    ['negative data', (w) => [0, 0, 0, -2].map((n) => w.int32(n))],
  ])('%s', async (_what, write) => expect(await outcome(start(write))).toBe('BAD_LENGTH'))

  test('a limit can be set lower', async () => {
    const bytes = await encodeSnapshot(streamOf(buildTree([{ path: '/a', data: 'x'.repeat(100) }])))
    expect(await outcome(bytes, { limits: { dataBytesMax: 99 } })).toBe('BAD_LENGTH')
    expect(await outcome(bytes, { limits: { dataBytesMax: 100 } })).toContain('/a')
  })
})

describe('structure', () => {
  /** A file with these paths in this order, null data, one open ACL, and a right checksum. */
  function fileOf(paths: readonly string[], options: { aclId?: bigint } = {}): Buffer {
    const writer = new ByteWriter()
    writer.int32(0x5a4b534e)
    writer.int32(2)
    writer.int64(-1n)
    writer.int32(0)
    writer.int32(0)
    for (const path of paths) {
      writer.string(path === '/' ? '' : path)
      writer.buffer(null)
      writer.int64(options.aclId ?? -1n)
      writer.raw(Buffer.alloc(60))
    }
    writer.string('/')
    writer.int64(BigInt(adler32(ADLER_START, writer.bytes())))
    writer.string('/')
    return Buffer.from(writer.bytes())
  }

  test('parents must come first, in any order of siblings, breadth-first too', async () => {
    expect(await read(fileOf(['/', '/b', '/a', '/b/y', '/b/x', '/a/z']))).toHaveLength(6)
    expect(await outcome(fileOf(['/', '/a/b', '/a']))).toBe('MISSING_PARENT')
    expect(await outcome(fileOf(['/a']))).toBe('MISSING_PARENT')
    expect(await outcome(fileOf([]))).toBe('MISSING_PARENT')
  })

  test('order path refuses what is not in path order and what comes twice', async () => {
    const order = { order: 'path' } as const
    expect(await read(fileOf(['/', '/a', '/a/b', '/a b', '/b']), order)).toHaveLength(5)
    expect(await outcome(fileOf(['/', '/b', '/a']), order)).toBe('OUT_OF_ORDER')
    expect(await outcome(fileOf(['/', '/a', '/a']), order)).toBe('DUPLICATE_PATH')
    expect(await outcome(fileOf(['/', '/a', '/b/c']), order)).toBe('MISSING_PARENT')
  })

  test('texts that are no path are refused', async () => {
    for (const path of ['a', 'a/b', '/a/', '//', '/a//b']) {
      expect(await outcome(fileOf(['/', '/a', path])), path).toBe('BAD_PATH')
    }
  })

  test('an ACL id that the table lacks is an error; -1 is open', async () => {
    expect(await outcome(fileOf(['/'], { aclId: 7n }))).toBe('UNKNOWN_ACL')
    expect((await read(fileOf(['/'])))[0]?.acl).toEqual([{ perms: 31, scheme: 'world', id: 'anyone' }])
  })

  test('a wrong magic, version and trailing bytes are told apart', async () => {
    const good = fileOf(['/'])
    expect(await outcome(Buffer.from('not a snapshot at all'))).toBe('BAD_MAGIC')
    const version = Buffer.from(good)
    version.writeInt32BE(3, 4)
    expect(await outcome(version)).toBe('BAD_VERSION')
    for (const extra of [1, 20, 22, 53, 55, 5000]) {
      expect(await outcome(Buffer.concat([good, Buffer.alloc(extra)])), `${extra}`).toBe('BAD_TAIL')
    }
  })

  test('surrogates that a Java writer stored apart are read as the character they mean', async () => {
    const writer = new ByteWriter()
    writer.int32(0x5a4b534e)
    writer.int32(2)
    writer.int64(-1n)
    writer.int32(0)
    writer.int32(1)
    writer.int64(1n)
    writer.int32(1)
    writer.int32(31)
    writer.string('digest')
    writer.buffer(Buffer.from('61eda0bdedb8803a78', 'hex'))
    const head = Buffer.from(writer.bytes())
    async function* source() {
      yield head
    }
    const { acls } = await new SnapshotReader(source()).readHead()
    expect([...acls.entries()]).toEqual([[1n, [{ perms: 31, scheme: 'digest', id: 'a😀:x' }]]])
  })
})

test('an abort signal ends the reading', async () => {
  const bytes = gunzipSync(readFileSync(join(CORPUS, '3.9.6-fuzzy/snapshot.78d.gz')))
  const abort = new AbortController()
  const reader = new SnapshotReader(inChunks(bytes, 1000), { signal: abort.signal })
  const reading = (async () => {
    for await (const batch of reader.readZnodes()) if (batch.znodes.length > 0) abort.abort()
  })()
  await expect(reading).rejects.toMatchObject({ code: 'CANCELLED' })
})

test('a stat is decoded when it is asked for and turns into plain JSON', async () => {
  const [root] = await read(await encodeSnapshot(streamOf(buildTree([]))))
  expect(
    JSON.parse(JSON.stringify(root?.stat, (_, value) => (typeof value === 'bigint' ? Number(value) : value))),
  ).toEqual({
    czxid: 1,
    mzxid: 1,
    pzxid: 1,
    ctime: 1_700_000_000_000,
    mtime: 1_700_000_000_000,
    version: 0,
    cversion: 0,
    aversion: 0,
    ephemeralOwner: 0,
  })
})
