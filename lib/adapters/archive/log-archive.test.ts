import { appendFile, cp, mkdtemp, readdir, readFile, rm, truncate, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { TxnEntry } from '../../domain/txnlog/entry.ts'
import { LogReader } from '../../domain/txnlog/read-log.ts'
import { createFileLogArchive } from './file-log-archive.ts'
import { SEGMENT_RAW_BYTES } from './segment-builder.ts'

const CORPUS = join(import.meta.dirname, '../../domain/txnlog/corpus/3.9.6')
const archive = createFileLogArchive()

let dir = ''
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'arkeeper-logs-'))
})
afterEach(() => rm(dir, { recursive: true, force: true }))

/** Every entry of the corpus, in order: a real server's history. */
async function readCorpus(): Promise<TxnEntry[]> {
  const names = (await readdir(CORPUS)).filter((name) => name.startsWith('log.'))
  const zxid = (name: string) => Number.parseInt(name.slice(4), 16)
  const entries: TxnEntry[] = []
  for (const name of names.sort((a, b) => zxid(a) - zxid(b))) {
    const bytes = await readFile(join(CORPUS, name))
    const reader = new LogReader(
      (async function* () {
        yield bytes
      })(),
    )
    for await (const batch of reader.readEntries()) entries.push(...batch)
  }
  return entries
}

async function* streamOf(...batches: (readonly TxnEntry[])[]) {
  yield* batches
}
const append = (...batches: (readonly TxnEntry[])[]) =>
  archive.append(dir, { entries: streamOf(...batches), members: ['zk1'] })
const bytesOf = (entry: TxnEntry) => entry.buffer.toString('hex', entry.start, entry.end)

async function readBack(from?: bigint): Promise<TxnEntry[]> {
  const entries: TxnEntry[] = []
  for (const segment of (await archive.list(dir)).segments) {
    for await (const batch of archive.read(dir, segment, { from })) entries.push(...batch)
  }
  return entries
}

describe('the archive of transaction logs', () => {
  it('gives back every entry byte for byte, however it was filled', async () => {
    const entries = await readCorpus()
    expect(entries.length).toBeGreaterThan(300)
    const half = Math.floor(entries.length / 2)
    expect(await append(entries.slice(0, half))).toMatchObject({ transactions: half, last: entries[half - 1]!.zxid })
    // What is known already comes again, as it does from a log that is still being written.
    expect(await append(entries.slice(0, half + 1), entries.slice(half + 1))).toMatchObject({
      transactions: entries.length - half,
      last: entries.at(-1)!.zxid,
    })
    const { segments, gaps, problems } = await archive.list(dir)
    expect({ count: segments.length, gaps, problems }).toEqual({ count: 1, gaps: [], problems: [] })
    expect(segments[0]).toMatchObject({ first: 1n, last: entries.at(-1)!.zxid, transactions: entries.length })
    expect((await readBack()).map(bytesOf)).toEqual(entries.map(bytesOf))
    const middle = entries[half]!.zxid
    expect((await readBack(middle)).map(bytesOf)).toEqual(entries.filter((entry) => entry.zxid >= middle).map(bytesOf))
    expect((await archive.verify(dir)).problems).toEqual([])
    expect((await readdir(dir)).sort()).toEqual(['log.1.gz', 'log.1.idx', 'log.1.json'])
  })

  it('lets its oldest pieces go, and no others, and goes on at its end', async () => {
    const entries = await readCorpus()
    const parts = [entries.slice(0, 50), entries.slice(60, 100), entries.slice(110)]
    for (const part of parts) await append(part)
    const { segments, gaps } = await archive.list(dir)
    expect([segments.length, gaps.length]).toEqual([3, 2])
    await expect(archive.removeOldest(dir, segments.slice(1, 2))).rejects.toMatchObject({ code: 'UNSUPPORTED' })
    await expect(archive.removeOldest(dir, segments)).rejects.toMatchObject({ code: 'UNSUPPORTED' })
    expect((await archive.list(dir)).segments).toHaveLength(3)
    expect(await archive.removeOldest(dir, segments.slice(0, 1))).toBe(segments[0]!.bytes)
    expect(await readdir(dir)).toHaveLength(6)
    expect((await readBack()).map(bytesOf)).toEqual([...parts[1]!, ...parts[2]!].map(bytesOf))
    expect(await append(entries)).toMatchObject({ transactions: 0, last: entries.at(-1)!.zxid })
    expect((await archive.verify(dir)).problems).toEqual([])
  })

  it('never takes back what another writer has added meanwhile', async () => {
    const entries = await readCorpus()
    await append(entries.slice(0, 50))
    async function* slow() {
      yield entries.slice(50, 60)
      await append(entries.slice(50))
    }
    const late = archive.append(dir, { entries: slow(), members: ['zk1'] })
    await expect(late).rejects.toMatchObject({ code: 'FILES_CHANGED' })
    expect((await readBack()).map(bytesOf)).toEqual(entries.map(bytesOf))
    expect((await readdir(dir)).sort()).toEqual(['log.1.gz', 'log.1.idx', 'log.1.json'])
  })

  it('of nothing makes nothing', async () => {
    expect(await append([])).toEqual({ transactions: 0, last: null, bytes: 0 })
    expect(await readdir(dir)).toEqual([])
    expect(await archive.list(join(dir, 'nowhere'))).toEqual({ segments: [], gaps: [], problems: [] })
  })

  it('begins a new piece behind a gap, and shows the gap', async () => {
    const entries = await readCorpus()
    const [a, b, c] = [entries.slice(0, 50), entries.slice(60, 100), entries.slice(100)]
    await append(a, b)
    await append(c)
    const { segments, gaps } = await archive.list(dir)
    expect(segments.map(({ first }) => first)).toEqual([a[0]!.zxid, b[0]!.zxid])
    expect(gaps).toEqual([{ after: a.at(-1)!.zxid, before: b[0]!.zxid }])
    expect((await readBack()).length).toBe(entries.length - 10)
  })

  it('enters a large piece at the block that holds what is asked for, and closes it when it is full', async () => {
    const template = (await readCorpus()).filter((entry) => entry.type !== -1)
    const size = template.reduce((sum, { start, end }) => sum + end - start, 0) / template.length
    const count = Math.ceil((SEGMENT_RAW_BYTES * 1.2) / size)
    const made = Array.from({ length: count }, (_, i) => renumber(template[i % template.length]!, BigInt(i + 1)))
    await append(made)
    const { segments, gaps } = await archive.list(dir)
    expect(segments).toHaveLength(2)
    expect(gaps).toEqual([])
    expect(segments[0]!.blocks.length).toBeGreaterThan(10)
    expect(segments[0]!.rawBytes).toBeGreaterThanOrEqual(SEGMENT_RAW_BYTES)
    for (const zxid of [1n, 777n, segments[0]!.last, segments[1]!.first, BigInt(count)]) {
      const segment = segments.find(({ last }) => last >= zxid)!
      for await (const [entry] of archive.read(dir, segment, { from: zxid })) {
        expect(entry!.zxid).toBe(zxid)
        break
      }
    }
    expect((await archive.verify(dir)).problems).toEqual([])
  })

  it('describes a piece anew whose writer died before its manifest', async () => {
    const entries = await readCorpus()
    const half = entries.slice(0, 100)
    await append(half)
    const stale = await readFile(join(dir, 'log.1.json'), 'utf8')
    await append(entries)
    const whole = (await archive.list(dir)).segments
    await writeFile(join(dir, 'log.1.json'), stale)
    expect((await archive.list(dir)).segments).toEqual(whole)
    await rm(join(dir, 'log.1.json'))
    expect((await archive.list(dir)).segments).toEqual([{ ...whole[0], members: [] }])
    await append(entries)
    expect((await readBack()).length).toBe(entries.length)
  })

  it('tells damage: a changed byte, a cut file, a file of another name', async () => {
    await append(await readCorpus())
    const data = join(dir, 'log.1.gz')
    const sound = await readFile(data)
    const flipped = Buffer.from(sound)
    flipped[sound.length >> 1]! ^= 1
    await writeFile(data, flipped)
    expect((await archive.verify(dir)).problems).toHaveLength(1)
    await writeFile(data, sound)
    await truncate(data, sound.length - 100)
    expect((await archive.list(dir)).problems).toMatchObject([{ file: 'log.1.gz' }])
    await writeFile(data, sound)
    await cp(data, join(dir, 'log.9.gz'))
    expect((await archive.list(dir)).problems).toMatchObject([{ code: 'MANIFEST_INVALID', file: 'log.9.gz' }])
    await rm(join(dir, 'log.9.gz'))
    await appendFile(data, Buffer.from('junk'))
    expect((await archive.list(dir)).problems).toHaveLength(1)
  })
})

function renumber(entry: TxnEntry, zxid: bigint): TxnEntry {
  const bytes = Buffer.from(entry.buffer.subarray(entry.start, entry.end))
  bytes.writeBigInt64BE(zxid, 12)
  return TxnEntry.fromBytes(bytes)
}
