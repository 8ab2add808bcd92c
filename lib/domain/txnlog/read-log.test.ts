import { readdirSync, readFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import { describe, expect, test } from 'vitest'
import {
  create,
  createRecord,
  deleteRecord,
  encodeEntry,
  encodeLog,
  multiRecord,
  setDataRecord,
  type writeAcl,
} from '../../testing/log-builder.ts'
import { SeededRandom } from '../../testing/seeded-random.ts'
import { findGap } from './continuity.ts'
import { decodeTxn } from './decode-txn.ts'
import { TxnEntry } from './entry.ts'
import { TxnLogError } from './errors.ts'
import { LogReader, type ReadLogOptions } from './read-log.ts'
import { findTypeName, TXN_TYPE } from './txn.ts'

const CORPUS = join(import.meta.dirname, 'corpus')
const logs = readdirSync(CORPUS, { recursive: true, encoding: 'utf8' })
  .filter((name) => basename(name).startsWith('log.'))
  .sort()

async function* chunksOf(bytes: Uint8Array, size = bytes.length || 1) {
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size)
}

async function readAll(bytes: Uint8Array, options: ReadLogOptions & { chunkBytes?: number } = {}) {
  const reader = new LogReader(chunksOf(bytes, options.chunkBytes), options)
  const entries: TxnEntry[] = []
  for await (const batch of reader.readEntries()) entries.push(...batch)
  return { entries, end: reader.end! }
}

const plain = (entry: TxnEntry) => ({
  zxid: entry.zxid,
  type: entry.type,
  frame: entry.frame,
  session: entry.session,
  cxid: entry.cxid,
  timeMs: entry.timeMs,
  decoded: JSON.stringify(decodeTxn(entry), (_, value) => (typeof value === 'bigint' ? String(value) : value)),
})

/** Content of a log without what was preallocated behind it. */
async function contentOf(bytes: Buffer): Promise<Buffer> {
  return bytes.subarray(0, (await readAll(bytes)).end.offset)
}

describe('logs written by real servers', () => {
  test('the corpus is not empty', () => expect(logs.length).toBeGreaterThan(10))

  test.each(logs)('%s reads whole: names, order, every record and digest', async (file) => {
    const bytes = readFileSync(join(CORPUS, file))
    const { entries, end } = await readAll(bytes)
    expect(entries.length).toBeGreaterThan(3)
    expect(entries[0]?.zxid).toBe(BigInt(`0x${basename(file).slice(4)}`))
    expect(end.tear).toBeNull()
    expect(bytes.subarray(end.offset).every((byte) => byte === 0)).toBe(true)
    let previous: TxnEntry | null = null
    for (const entry of entries) {
      if (previous) {
        expect(findGap(previous.zxid, entry)).toBeNull()
        expect(entry.frame.from).toBe(previous.frame.to)
      }
      previous = entry
      const { txn, digest } = decodeTxn(entry)
      expect(digest === null, `digest of ${entry.zxid}`).toBe(txn.kind === 'error')
      if (digest) expect(digest.version).toBe(2)
      expect(new Date(entry.timeMs).getUTCFullYear()).toBe(2026)
    }
  })

  test.each(logs)('%s reads the same from chunks of 7 bytes, and from any entry on', async (file) => {
    const bytes = readFileSync(join(CORPUS, file))
    const whole = await readAll(bytes)
    const pieces = await readAll(await contentOf(bytes), { chunkBytes: 7 })
    expect(pieces.entries.map(plain)).toEqual(whole.entries.map(plain))
    const middle = whole.entries.length >> 1
    const from = whole.entries[middle]!.frame.from
    const rest = await readAll(bytes.subarray(from), { from })
    expect(rest.entries.map(plain)).toEqual(whole.entries.slice(middle).map(plain))
    expect(rest.end).toEqual(whole.end)
  })

  test('every type of transaction occurs but create2 and a check by itself', async () => {
    const seen = new Set<string>()
    for (const file of logs) {
      for (const entry of (await readAll(readFileSync(join(CORPUS, file)))).entries) {
        seen.add(findTypeName(entry.type) ?? '?')
        const { txn } = decodeTxn(entry)
        if (txn.kind !== 'multi') continue
        seen.add(txn.failed ? 'multi that failed' : 'multi that did not')
        for (const op of txn.ops) if (op.kind === 'create') seen.add(findTypeName(op.type) ?? '?')
      }
    }
    const expected = [...Object.values(TXN_TYPE).map(findTypeName), 'multi that failed', 'multi that did not']
    expect([...seen].sort()).toEqual(expected.filter((name) => name !== 'check' && name !== 'create2').sort())
  })
})

describe('records', () => {
  const decode = (sketch: Parameters<typeof encodeEntry>[0]) => decodeTxn(TxnEntry.fromBytes(encodeEntry(sketch)))

  test('create of 3.3 has no cversion of the parent, neither alone nor in a multi', () => {
    const record = createRecord({ path: '/a', data: 'x', parentCversion: null })
    expect(decode({ type: 1, zxid: 1n, record }).txn).toMatchObject({ kind: 'create', path: '/a', parentCversion: -1 })
    const multi = decode({ type: 14, zxid: 1n, record: multiRecord([{ type: 1, record }]) }).txn
    expect(multi).toMatchObject({ kind: 'multi', failed: false, ops: [{ path: '/a', parentCversion: -1 }] })
  })

  test('a failed multi as a leader sends it that has applied it: good parts renamed, their bytes left', () => {
    const failing = { type: -1, record: (writer: Parameters<typeof writeAcl>[0]) => writer.int32(-101) }
    const renamed = { type: -1, record: createRecord({ path: '/a', data: 'left' }) }
    const ops = [
      { kind: 'error', error: 0 },
      { kind: 'error', error: -101 },
    ]
    expect(decode({ type: 14, zxid: 1n, record: multiRecord([renamed, failing]), digest: 7n })).toEqual({
      txn: { kind: 'multi', failed: true, ops },
      digest: { version: 2, value: 7n },
    })
    const record = (writer: Parameters<typeof writeAcl>[0]) => writer.raw(Buffer.from([0, 0, 0, 2, 47, 97, 0]))
    expect(() => decode({ type: 14, zxid: 1n, record: multiRecord([{ type: 2, record }]) })).toThrow('1 more bytes')
  })

  test('create2 in a multi, as servers from 3.8.4 on keep it', () => {
    const record = createRecord({ path: '/a', parentCversion: 4 })
    const { txn } = decode({ type: 14, zxid: 1n, record: multiRecord([{ type: 15, record }]) })
    expect(txn).toMatchObject({ ops: [{ kind: 'create', type: 15, path: '/a', parentCversion: 4 }] })
  })

  test('closeSession with a list, an empty list, without one, each with and without digest', () => {
    const list = (paths: string[]) => (writer: Parameters<typeof writeAcl>[0]) => {
      writer.int32(paths.length)
      for (const path of paths) writer.string(path)
    }
    for (const digest of [null, 7n]) {
      const close = (record?: ReturnType<typeof list>) => decode({ type: -11, zxid: 1n, record, digest })
      expect(close(list(['/e/1', '/e/2'])).txn).toEqual({ kind: 'closeSession', paths: ['/e/1', '/e/2'] })
      expect(close(list([])).txn).toEqual({ kind: 'closeSession', paths: [] })
      expect(close().txn).toEqual({ kind: 'closeSession', paths: null })
      expect(close().digest).toEqual(digest === null ? null : { version: 2, value: 7n })
    }
  })

  test('a multi with one failing part is failed as a whole; null and empty data differ; digests are unsigned', () => {
    const error = (code: number) => ({
      type: -1,
      record: (writer: Parameters<typeof writeAcl>[0]) => writer.int32(code),
    })
    const parts = [{ type: 5, record: setDataRecord('/a', null, 3) }, error(-101), error(-2)]
    expect(decode({ type: 14, zxid: 1n, record: multiRecord(parts), digest: -1n })).toEqual({
      txn: {
        kind: 'multi',
        failed: true,
        ops: [
          { kind: 'setData', type: 5, path: '/a', data: null, version: 3 },
          { kind: 'error', error: -101 },
          { kind: 'error', error: -2 },
        ],
      },
      digest: { version: 2, value: 0xffff_ffff_ffff_ffffn },
    })
    expect(decode({ type: 5, zxid: 1n, record: setDataRecord('/a', '', 3) }).txn).toMatchObject({
      data: Buffer.alloc(0),
    })
  })

  test.each([
    ['a length beyond the record', { type: 2, record: Buffer.from([0, 0, 0, 9, 47]) }],
    ['a negative length', { type: 2, record: Buffer.from([255, 255, 255, 0, 47]) }],
    ['a text that is no path', { type: 2, record: deleteRecord('a') }],
    ['a record that goes on', { type: 2, record: Buffer.concat([Buffer.from([0, 0, 0, 2, 47, 97]), Buffer.alloc(5)]) }],
    ['a count that cannot be', { type: 14, record: Buffer.from([127, 255, 255, 255]) }],
    ['nothing', { type: 7, record: Buffer.alloc(0) }],
  ])('%s is BAD_RECORD with its place', (_, sketch) => {
    const error = (() => {
      try {
        return decode({ zxid: 5n, ...sketch })
      } catch (thrown) {
        return thrown
      }
    })()
    expect(error).toBeInstanceOf(TxnLogError)
    expect(error).toMatchObject({ code: 'BAD_RECORD', details: { zxid: 5n, expected: expect.any(String) } })
    expect((error as TxnLogError).offset).toBeGreaterThanOrEqual(32)
  })
})

describe('damage', () => {
  const small = encodeLog([
    create(1n, { path: '/a', data: 'one' }),
    { type: 5, zxid: 2n, record: setDataRecord('/a', 'two', 1), digest: 99n },
    { type: 2, zxid: 3n, record: deleteRecord('/a') },
  ])
  const bad = (change: (bytes: Buffer) => void) => {
    const bytes = Buffer.from(small)
    change(bytes)
    return readAll(bytes)
  }

  test.each([
    ['BAD_MAGIC', 0, (bytes: Buffer) => bytes.write('ZKSN')],
    ['BAD_VERSION', 0, (bytes: Buffer) => bytes.writeInt32BE(3, 4)],
    ['BAD_LENGTH', 24, (bytes: Buffer) => bytes.writeInt32BE(-5, 24)],
    ['BAD_LENGTH', 24, (bytes: Buffer) => bytes.writeInt32BE(31, 24)],
    ['BAD_LENGTH', 24, (bytes: Buffer) => bytes.writeInt32BE(0x7fffffff, 24)],
    ['CHECKSUM_MISMATCH', 16, (bytes: Buffer) => bytes.writeInt32BE(7, 40)],
  ])('%s at byte %i', async (code, offset, change) => {
    await expect(bad(change)).rejects.toMatchObject({ code, details: { offset, expected: expect.any(String) } })
  })

  test('an unknown type and a check outside a multi are told with their zxid', async () => {
    const unknown = encodeLog([{ type: 99, zxid: 7n }])
    await expect(readAll(unknown)).rejects.toMatchObject({ code: 'UNKNOWN_TYPE', details: { zxid: 7n, offset: 56 } })
    const check = encodeLog([
      { type: 13, zxid: 7n, record: (w) => setDataRecord('/a', null, 1)(w) },
      create(8n, { path: '/b' }),
    ])
    await expect(readAll(check)).rejects.toMatchObject({ code: 'BARE_CHECK', details: { zxid: 7n } })
    expect((await readAll(check, { allowBareCheck: true })).entries.map((entry) => entry.type)).toEqual([13, 1])
  })

  test('cut at every byte: the whole entries before it, and a tear where it is not at an end', async () => {
    const { entries } = await readAll(small)
    const ends = [16, ...entries.map((entry) => entry.frame.to)]
    for (let bytes = 0; bytes <= small.length; bytes++) {
      for (const padding of [0, 5, 5000]) {
        const cut = await readAll(Buffer.concat([small.subarray(0, bytes), Buffer.alloc(padding)])).catch(
          (error) => error,
        )
        if (cut instanceof TxnLogError) {
          // A head that is not whole with zeros behind it, or zeros in place of the end of an entry that hold its last byte by chance.
          expect(['BAD_MAGIC', 'BAD_VERSION', 'CHECKSUM_MISMATCH', 'BAD_LENGTH'], `${bytes} + ${padding}`).toContain(
            cut.code,
          )
          expect(padding).toBeGreaterThan(0)
          continue
        }
        const whole = ends.filter((end) => end <= bytes).length - 1
        expect(cut.entries.length, `${bytes} + ${padding}`).toBe(Math.max(whole, 0))
        // A checksum begins with four zeros, which look like padding.
        const rest = small.subarray(ends[whole] ?? 0, bytes)
        if (padding === 0)
          expect(cut.end.tear === null, `${bytes}`).toBe(whole >= 0 && rest.every((byte) => byte === 0))
      }
    }
  })

  test('an entry whose last byte is missing ends the log; what lies behind it is told', async () => {
    const { entries } = await readAll(small)
    const unterminated = await bad((bytes) => bytes.writeUInt8(0, entries[1]!.frame.to - 1))
    expect(unterminated.entries.length).toBe(1)
    expect(unterminated.end.tear).toEqual({ kind: 'unterminated', offset: entries[1]!.frame.from, dataBehind: true })
    const last = await bad((bytes) => bytes.writeUInt8(0, entries[2]!.frame.to - 1))
    expect(last.end.tear).toEqual({ kind: 'unterminated', offset: entries[2]!.frame.from, dataBehind: false })
    const hole = await bad((bytes) => bytes.fill(0, entries[1]!.frame.from, entries[1]!.frame.to))
    expect(hole.end.tear).toEqual({ kind: 'hole', offset: entries[1]!.frame.from, dataBehind: true })
  })

  test('one flipped bit anywhere is an error, a tear, or changes nothing that is believed', async () => {
    const random = new SeededRandom(Math.floor(performance.timeOrigin + performance.now()))
    const content = await contentOf(readFileSync(join(CORPUS, '3.9.6/log.58')))
    const padded = Buffer.concat([content, Buffer.alloc(3000)])
    const whole = (await readAll(padded)).entries.map((entry) => entry.checksum)
    for (let i = 0; i < 1500; i++) {
      const at = random.below(padded.length)
      const mask = 1 << random.below(8)
      const bytes = Buffer.from(padded)
      bytes[at]! ^= mask
      const place = `seed ${random.seed}, byte ${at}, mask ${mask}`
      const read = await readAll(bytes).catch((error) => error)
      if (read instanceof Error) {
        expect(read, place).toBeInstanceOf(TxnLogError)
        continue
      }
      const isWhole = read.entries.length === whole.length && read.end.tear === null
      // The database id in the header is not looked at; everything else must be noticed.
      expect(isWhole, place).toBe(at >= 8 && at < 16)
      expect(read.entries.map((entry: TxnEntry) => entry.checksum)).toEqual(whole.slice(0, read.entries.length))
    }
  })
})

describe('findGap', () => {
  const next = (zxid: bigint, type = 1) => ({ zxid, type })
  test.each([
    [0n, next(1n), null],
    [5n, next(6n), null],
    [5n, next(7n), { after: 5n, before: 7n }],
    [5n, next(5n, -1), null],
    [5n, next(5n, 1), { after: 5n, before: 5n }],
    [5n, next(4n), { after: 5n, before: 4n }],
    [0x100000009n, next(0x200000001n), null],
    [0x100000009n, next(0x300000001n), null],
    [0x100000009n, next(0x200000002n), { after: 0x100000009n, before: 0x200000002n }],
    [0x200000009n, next(0x100000001n), { after: 0x200000009n, before: 0x100000001n }],
  ])('after %s comes %o', (after, entry, gap) => expect(findGap(after, entry)).toEqual(gap))
})
