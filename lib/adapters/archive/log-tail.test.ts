import { appendFile, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { TxnEntry } from '../../domain/txnlog/entry.ts'
import { LogReader } from '../../domain/txnlog/read-log.ts'
import { create, encodeLog, setDataRecord } from '../../testing/log-builder.ts'
import { createFileArchives } from './file-archives.ts'
import type { LogArchivePort, TailBox } from './log-archive.ts'

/** Not secret, and nothing of what it seals can be read in it. */
const BOX: TailBox = { seal: (bytes) => bytes.map((byte) => byte ^ 0x5a), open: (bytes) => bytes.map((b) => b ^ 0x5a) }
const RECIPIENT = 'age1ql3z7hjy54pw3hyww5ayyfg7zqgvc7w3j2elw8zmrj2kg5sfn9aqmcac8p'

let dir = ''
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'arkeeper-tail-'))
})
afterEach(() => rm(dir, { recursive: true, force: true }))

async function entriesOf(bytes: Buffer): Promise<TxnEntry[]> {
  const reader = new LogReader(
    (async function* () {
      yield bytes
    })(),
  )
  const entries: TxnEntry[] = []
  for await (const batch of reader.readEntries()) entries.push(...batch)
  return entries
}

/** /a is made at 1 and set at every even zxid. */
function history(to: number): Promise<TxnEntry[]> {
  return entriesOf(
    encodeLog([
      create(1n, { path: '/a', data: 'first' }),
      ...Array.from({ length: to - 1 }, (_, i) => ({
        type: 5,
        zxid: BigInt(i + 2),
        record: setDataRecord(i % 2 === 0 ? '/a' : '/b', `value ${i}`, i + 1),
      })),
    ]),
  )
}

async function zxidsIn(logs: LogArchivePort): Promise<bigint[]> {
  const zxids: bigint[] = []
  for (const tail of await logs.tails(dir)) {
    const reader = new LogReader(tail.open())
    for await (const batch of reader.readEntries()) zxids.push(...batch.map(({ zxid }) => zxid))
    expect(reader.end?.tear).toBeNull()
  }
  return zxids
}
const append = (logs: LogArchivePort, entries: readonly TxnEntry[]) =>
  logs.append(dir, {
    entries: (async function* () {
      yield entries
    })(),
    members: [],
  })
const touchesOf = async (logs: LogArchivePort, options: { before?: bigint; limit: number }) =>
  (await logs.findTouches(dir, '/a', options)).touches.map(({ zxid }) => zxid)

describe('an open end of the log', () => {
  it('holds what was flushed, however its writer ends, and gives it to the pieces once', async () => {
    const { logs } = createFileArchives()
    const entries = await history(12)
    await append(logs, entries.slice(0, 4))
    const tail = logs.openTail(dir, '1')
    await tail.append(entries.slice(4, 8))
    await tail.flush()
    // Killed in the middle of a write.
    await appendFile(join(dir, 'tail', tail.name!), Buffer.from('00000000123456780000', 'hex'))
    expect(await zxidsIn(logs)).toEqual([5n, 6n, 7n, 8n])

    const next = logs.openTail(dir, '2')
    await next.append(entries.slice(6))
    await next.close()
    const names = (await logs.tails(dir)).map(({ name }) => name)
    expect(names).toEqual(['log.5-1', 'log.7-2'])
    expect(await logs.takeTails(dir, { names, members: ['a stream'] })).toMatchObject({ transactions: 8, last: 12n })
    const { segments, gaps } = await logs.list(dir)
    expect({ count: segments.length, gaps, last: segments.at(-1)?.last }).toEqual({ count: 1, gaps: [], last: 12n })
    expect((await logs.verify(dir)).problems).toEqual([])
    expect(await readdir(join(dir, 'tail'))).toEqual([])
  })

  it('goes up to the first entry that a power failure has left without its bytes', async () => {
    const { logs } = createFileArchives()
    const entries = await history(12)
    const tail = logs.openTail(dir, '1')
    for (const entry of entries.slice(0, 8)) await tail.append([entry])
    await tail.close()
    const path = join(dir, 'tail', tail.name!)
    const bytes = await readFile(path)
    // The length is on the disk, and the last page is not.
    await writeFile(path, bytes.fill(0, bytes.length - 20))
    expect(await zxidsIn(logs)).toEqual([1n, 2n, 3n, 4n, 5n, 6n, 7n])
    expect(await logs.takeTails(dir, { names: [tail.name!], members: [] })).toMatchObject({ last: 7n })
  })

  it('stays where the pieces have gone on without a part of it, and is laid aside with them', async () => {
    const { logs } = createFileArchives()
    const entries = await history(12)
    await append(logs, entries.slice(0, 4))
    const tail = logs.openTail(dir, '1')
    await tail.append(entries.slice(4, 8))
    await tail.close()
    // By the files of a member, which has not what came in between.
    await append(logs, entries.slice(6))
    const names = [tail.name!]
    expect(await logs.takeTails(dir, { names, members: [] })).toMatchObject({ transactions: 0 })
    expect(await zxidsIn(logs)).toEqual([5n, 6n, 7n, 8n])
    await logs.rollBack(dir, 4n)
    expect(await logs.tails(dir)).toEqual([])
    expect(await readdir(join(dir, 'aside', '4'))).toContain(names[0])
  })

  it('is searched for what touched a znode as the pieces are, page by page', async () => {
    const { logs } = createFileArchives()
    const entries = await history(12)
    await append(logs, entries.slice(0, 6))
    const tail = logs.openTail(dir, '1')
    // Two are in a piece already.
    await tail.append(entries.slice(4))
    await tail.close()
    expect(await touchesOf(logs, { limit: 20 })).toEqual([12n, 10n, 8n, 6n, 4n, 2n, 1n])
    const page = await logs.findTouches(dir, '/a', { limit: 2 })
    expect([page.touches.map(({ zxid }) => zxid), page.next]).toEqual([[12n, 10n], 10n])
    expect(await touchesOf(logs, { before: 10n, limit: 3 })).toEqual([8n, 6n, 4n])
    expect(page.reach).toMatchObject({ first: 1n, last: 12n })
  })

  it('tells that transactions are missing between it and the pieces', async () => {
    const { logs } = createFileArchives()
    const entries = await history(12)
    await append(logs, entries.slice(0, 4))
    const tail = logs.openTail(dir, '1')
    await tail.append(entries.slice(8))
    await tail.close()
    const found = await logs.findTouches(dir, '/a', { limit: 20 })
    expect(found.breaks).toEqual([{ after: 4n, before: 9n, problem: null }])
    expect((await logs.findTouches(dir, '/a', { before: 4n, limit: 20 })).breaks).toEqual([])
  })

  it('says nothing to whoever reads the disk, where the archive is encrypted', async () => {
    const plain = createFileArchives({ tailBox: BOX })
    const { logs } = plain.withRecipients([RECIPIENT])
    const tail = logs.openTail(dir, '1')
    await tail.append(await history(5))
    await tail.flush()
    await tail.close()
    const bytes = await readFile(join(dir, 'tail', tail.name!))
    expect(bytes.includes('value')).toBe(false)
    expect(await zxidsIn(plain.logs)).toEqual([1n, 2n, 3n, 4n, 5n])
    await expect(zxidsIn(createFileArchives().logs)).rejects.toMatchObject({ code: 'UNSUPPORTED' })
    await logs.takeTails(dir, { names: [tail.name!], members: [] })
    expect((await plain.logs.list(dir)).segments).toMatchObject([{ first: 1n, last: 5n, sealed: {} }])
  })

  it('is taken back to what the ensemble still has, and what it has not is laid aside', async () => {
    const { logs } = createFileArchives()
    const entries = await history(12)
    await append(logs, entries.slice(0, 6))
    await append(logs, entries.slice(8))
    await logs.rollBack(dir, 4n)
    expect((await logs.list(dir)).segments).toMatchObject([{ first: 1n, last: 4n, transactions: 4 }])
    expect((await logs.verify(dir)).problems).toEqual([])
    expect(
      (await readdir(join(dir, 'aside'), { recursive: true })).filter((name) => name.endsWith('.gz')),
    ).toHaveLength(2)
    await append(logs, entries.slice(4))
    expect((await logs.list(dir)).segments).toMatchObject([{ first: 1n, last: 12n }])
    await logs.rollBack(dir, null)
    expect((await logs.list(dir)).segments).toEqual([])
  })
})
