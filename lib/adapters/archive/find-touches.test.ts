import { readdirSync } from 'node:fs'
import { cp, mkdtemp, readdir, readFile, rm, truncate, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { decodeTxn } from '../../domain/txnlog/decode-txn.ts'
import { TxnEntry } from '../../domain/txnlog/entry.ts'
import { LogReader } from '../../domain/txnlog/read-log.ts'
import { TXN_TYPE } from '../../domain/txnlog/txn.ts'
import { listTouches } from '../../domain/txnlog/visit-touched.ts'
import { createRecord, encodeEntry } from '../../testing/log-builder.ts'
import { createFileLogArchive } from './file-log-archive.ts'
import { PAGE_BYTES } from './piece-index.ts'
import { SEGMENT_RAW_BYTES } from './segment-builder.ts'

const CORPUS = join(import.meta.dirname, '../../domain/txnlog/corpus')
const VERSIONS = readdirSync(CORPUS)

let dir = ''
let archive = createFileLogArchive()
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'arkeeper-touches-'))
  archive = createFileLogArchive()
})
afterEach(() => rm(dir, { recursive: true, force: true }))

async function readLogs(version: string): Promise<TxnEntry[]> {
  const folder = join(CORPUS, version)
  const zxid = (name: string) => Number.parseInt(name.slice(4), 16)
  const names = (await readdir(folder)).filter((name) => /^log\.[0-9a-f]+$/.test(name))
  const entries: TxnEntry[] = []
  for (const name of names.sort((a, b) => zxid(a) - zxid(b))) {
    const bytes = await readFile(join(folder, name))
    const reader = new LogReader(
      (async function* () {
        yield bytes
      })(),
      { allowBareCheck: true },
    )
    for await (const batch of reader.readEntries()) entries.push(...batch)
  }
  return entries
}

async function append(...batches: (readonly TxnEntry[])[]): Promise<void> {
  const entries = (async function* () {
    yield* batches
  })()
  await archive.append(dir, { entries, members: [] })
}

/** By decoding every entry: path → zxids, newest first. */
function scan(entries: readonly TxnEntry[]): Map<string, bigint[]> {
  const touches = new Map<string, bigint[]>()
  for (const entry of entries) {
    for (const path of new Set(listTouches(decodeTxn(entry).txn).map((touch) => touch.path))) {
      touches.set(path, [entry.zxid, ...(touches.get(path) ?? [])])
    }
  }
  return touches
}

/** Page by page. */
async function findAll(path: string, limit: number, port = archive): Promise<bigint[]> {
  const zxids: bigint[] = []
  let before: bigint | null = null
  do {
    const page: Awaited<ReturnType<typeof port.findTouches>> = await port.findTouches(dir, path, { before, limit })
    expect(page.touches.length).toBeLessThanOrEqual(limit)
    for (const { zxid, txn } of page.touches) {
      expect(listTouches(txn).map((touch) => touch.path)).toContain(path)
      zxids.push(zxid)
    }
    before = page.next
  } while (before !== null)
  return zxids
}

async function expectSame(entries: readonly TxnEntry[], port = archive): Promise<void> {
  const expected = scan(entries)
  expect(expected.size).toBeGreaterThan(5)
  for (const [path, zxids] of expected) expect(await findAll(path, 100, port), path).toEqual(zxids)
  for (const path of ['/absent', '/zookeeper/none', '/']) {
    expect(await findAll(path, 100, port), path).toEqual(expected.get(path) ?? [])
  }
}

/** Many znodes with many writes; every tenth transaction is another's. */
function generate(count: number, from = 1): TxnEntry[] {
  const filler = 'x'.repeat(2000)
  return Array.from({ length: count }, (_, i) => {
    const path = i % 10 === 0 ? '/hot' : `/app/node-${(i * 7) % 97}`
    const record = createRecord({ path, data: `${i} ${filler}` })
    return TxnEntry.fromBytes(encodeEntry({ type: TXN_TYPE.create, zxid: BigInt(from + i), record }))
  })
}

describe('the transactions that touched a znode', () => {
  it.each(VERSIONS)('are found as a scan finds them: logs of %s', async (version) => {
    const entries = await readLogs(version)
    await append(entries)
    await expectSame(entries)
  })

  it('include those of a multi and of a session that ended; not of a multi that failed', async () => {
    const entries = await readLogs('3.9.6')
    const txns = entries.map((entry) => ({ zxid: entry.zxid, txn: decodeTxn(entry).txn }))
    await append(entries)
    const closed = txns.find(({ txn }) => txn.kind === 'closeSession' && (txn.paths?.length ?? 0) > 0)
    const applied = txns.find(({ txn }) => txn.kind === 'multi' && !txn.failed && listTouches(txn).length > 1)
    const failed = txns.filter(({ txn }) => txn.kind === 'multi' && txn.failed)
    for (const found of [closed!, applied!]) {
      for (const { path } of listTouches(found.txn)) expect(await findAll(path, 50)).toContain(found.zxid)
    }
    expect(failed.length).toBeGreaterThan(0)
    for (const path of scan(entries).keys()) {
      const zxids = await findAll(path, 50)
      expect(zxids.filter((zxid) => failed.some((one) => one.zxid === zxid))).toEqual([])
    }
  })

  it('are paged over pieces, the newest growing, with what is missing in between', async () => {
    const count = Math.ceil((SEGMENT_RAW_BYTES * 1.3) / 2100)
    const entries = generate(count)
    await append(entries.slice(0, count - 500))
    expect((await archive.list(dir)).segments).toHaveLength(2)
    const hot = async () => findAll('/hot', 333)
    expect(await hot()).toEqual(scan(entries.slice(0, count - 500)).get('/hot'))
    // The newest piece grows; what was kept of it in memory no longer fits.
    await append(entries)
    expect(await hot()).toEqual(scan(entries).get('/hot'))
    const more = generate(100, count + 1000)
    await append(more)
    expect(await hot()).toEqual(scan([...entries, ...more]).get('/hot'))
    const page = await archive.findTouches(dir, '/hot', { limit: 20 })
    expect(page.breaks).toEqual([{ after: BigInt(count), before: BigInt(count + 1000), problem: null }])
    expect((await archive.findTouches(dir, '/hot', { limit: 5, before: BigInt(count) })).breaks).toEqual([])
    expect(await archive.findTouches(dir, '/hot', { limit: 5, before: 1n })).toEqual({
      touches: [],
      breaks: [],
      next: null,
      reach: { first: 1n, last: BigInt(count + 1099), lastTimeMs: expect.any(Number) },
    })
  })

  it('are told apart where hashes are equal', async () => {
    const entries = await readLogs('3.9.6')
    const weak = createFileLogArchive({ hash: (_bytes, from, to) => ({ high: (to - from) % 2, low: 0 }) })
    await append(entries)
    // Its own index is made with another hash, so that it is taken away here.
    await rm(join(dir, 'log.1.idx'))
    await expectSame(entries, weak)
  })

  it('are found without an index, with a stale one and with a damaged one, which is put right', async () => {
    const entries = await readLogs('3.9.6')
    await append(entries.slice(0, 200))
    const stale = await readFile(join(dir, 'log.1.idx'))
    await append(entries)
    const index = join(dir, 'log.1.idx')
    const sound = await readFile(index)
    const expectRight = async () => {
      const [path, zxids] = [...scan(entries)].sort((a, b) => b[1].length - a[1].length)[0]!
      const fresh = createFileLogArchive()
      expect(await findAll(path, 50, fresh)).toEqual(zxids)
      const [segment] = (await fresh.list(dir)).segments
      const minutes = await fresh.minutes(dir, segment!)
      expect(minutes.reduce((sum, one) => sum + one.count, 0)).toBe(entries.length)
      expect(await readFile(index)).toEqual(sound)
    }
    await rm(index)
    await expectRight()
    await writeFile(index, stale)
    await expectRight()
    await truncate(index, sound.length - 1)
    await expectRight()
    await truncate(index, 10)
    await expectRight()
    // A bit of each part: header, fences, minutes, filter, pages.
    for (let at = 0; at < sound.length; at += at < sound.length - PAGE_BYTES ? 37 : 811) {
      const flipped = Buffer.from(sound)
      flipped[at]! ^= 4
      await writeFile(index, flipped)
      await expectRight()
    }
  })

  it('of a piece that cannot be read are a break, and the others are found', async () => {
    const [a, b, c] = [generate(50), generate(50, 1000), generate(50, 2000)]
    await append(a, b, c)
    const data = join(dir, `log.${(1000).toString(16)}.gz`)
    const sound = await readFile(data)
    const bad = Buffer.from(sound)
    bad[sound.length >> 1]! ^= 0xff
    await writeFile(data, bad)
    const found = await archive.findTouches(dir, '/hot', { limit: 50 })
    expect(found.touches.map(({ zxid }) => zxid)).toEqual([...scan([...a, ...c]).get('/hot')!])
    expect(found.breaks.map(({ problem }) => problem !== null)).toContain(true)
    await rm(join(dir, `log.${(1000).toString(16)}.json`))
    const again = await createFileLogArchive().findTouches(dir, '/hot', { limit: 50 })
    expect(again.touches).toHaveLength(10)
    expect(again.breaks.filter(({ problem }) => problem !== null)).toHaveLength(1)
    await cp(data, join(dir, 'log.5.gz'))
    expect((await archive.findTouches(dir, '/hot', { limit: 50 })).touches).toHaveLength(10)
  })
})
