import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { generateIdentity, identityToRecipient } from 'age-encryption'
import { afterEach, beforeEach, expect, test } from 'vitest'
import type { TxnEntry } from '../../domain/txnlog/entry.ts'
import { LogReader } from '../../domain/txnlog/read-log.ts'
import { keysOf } from '../age/age-keys.ts'
import { parseIdentities } from '../age/identities.ts'
import { createFileLogArchive } from './file-log-archive.ts'
import type { LogArchivePort } from './log-archive.ts'
import { sha256Of } from './write-file.ts'

const CORPUS = join(import.meta.dirname, '../../domain/txnlog/corpus/3.9.6')

let dir = ''
let secret = ''
let recipients: string[] = []
let entries: TxnEntry[] = []
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'arkeeper-logs-'))
  secret = await generateIdentity()
  recipients = [await identityToRecipient(secret)]
  entries = await readCorpus()
})
afterEach(() => rm(dir, { recursive: true, force: true }))

async function readCorpus(): Promise<TxnEntry[]> {
  const names = (await readdir(CORPUS)).filter((name) => name.startsWith('log.'))
  const zxid = (name: string) => Number.parseInt(name.slice(4), 16)
  const read: TxnEntry[] = []
  for (const name of names.sort((a, b) => zxid(a) - zxid(b))) {
    const bytes = await readFile(join(CORPUS, name))
    async function* once() {
      yield bytes
    }
    for await (const batch of new LogReader(once()).readEntries()) read.push(...batch)
  }
  return read
}

const withKey = () => createFileLogArchive({ keys: keysOf({ list: () => parseIdentities(secret) }) })
const bytesOf = (entry: TxnEntry) => entry.buffer.toString('hex', entry.start, entry.end)

function append(archive: LogArchivePort, from: number, to: number, toWhom: readonly string[] = recipients) {
  async function* stream() {
    yield entries.slice(from, to)
  }
  return archive.append(dir, { entries: stream(), members: ['zk1'], recipients: toWhom })
}

async function readAll(archive: LogArchivePort, from?: bigint): Promise<string[]> {
  const found: string[] = []
  for (const segment of (await archive.list(dir)).segments) {
    for await (const batch of archive.read(dir, segment, { from })) found.push(...batch.map(bytesOf))
  }
  return found
}

test('one process makes its piece longer without a private key; another begins a piece behind it', async () => {
  const writer = createFileLogArchive()
  await append(writer, 0, 100)
  await append(writer, 0, 200)
  expect((await readdir(dir)).sort()).toEqual(['log.1.gz.age', 'log.1.idx.age', 'log.1.json'])
  expect((await writer.list(dir)).segments).toMatchObject([{ transactions: 200, sealed: { recipients } }])

  await append(createFileLogArchive(), 0, entries.length)
  const listed = await withKey().list(dir)
  expect(listed).toMatchObject({ gaps: [], problems: [] })
  expect(listed.segments.map(({ transactions }) => transactions)).toEqual([200, entries.length - 200])
  expect(await readAll(withKey())).toEqual(entries.map(bytesOf))
  const middle = entries[150]!.zxid
  expect(await readAll(withKey(), middle)).toEqual(entries.filter(({ zxid }) => zxid >= middle).map(bytesOf))
  const [source] = withKey().sources(dir, listed.segments)
  let bytes = 0
  for await (const chunk of source!.open()) bytes += chunk.length
  expect(bytes).toBe(listed.segments[0]!.rawBytes)
})

test('nothing of it is read without the key, but that its sums are right', async () => {
  await append(createFileLogArchive(), 0, entries.length)
  const blind = createFileLogArchive()
  await expect(readAll(blind)).rejects.toMatchObject({ code: 'KEY_MISSING' })
  expect((await blind.verify(dir)).problems).toEqual([])
  expect((await withKey().verify(dir)).problems).toEqual([])
  const [segment] = (await blind.list(dir)).segments
  await expect(blind.minutes(dir, segment!)).rejects.toMatchObject({ code: 'KEY_MISSING' })
  expect((await withKey().minutes(dir, segment!)).length).toBeGreaterThan(0)
  for (const name of await readdir(dir)) expect((await readFile(join(dir, name))).includes('/zookeeper')).toBe(false)
})

test('who touched a znode is found through the encrypted index, and without it', async () => {
  const plain = createFileLogArchive()
  const plainDir = dir
  await append(plain, 0, entries.length, [])
  const path = '/dc/counter'
  const paths = [path, '/zookeeper', '/']
  const expected = await Promise.all(paths.map((each) => plain.findTouches(plainDir, each, { limit: 50 })))
  expect(expected.map(({ touches }) => touches.length > 0)).toContain(true)
  await rm(dir, { recursive: true })
  await append(createFileLogArchive(), 0, entries.length)
  const zxids = ({ touches }: { touches: readonly { zxid: bigint }[] }) => touches.map(({ zxid }) => zxid)
  const find = () => Promise.all(paths.map((each) => withKey().findTouches(dir, each, { limit: 50 })))
  expect((await find()).map(zxids)).toEqual(expected.map(zxids))
  await rm(join(dir, 'log.1.idx.age'))
  expect((await find()).map(zxids)).toEqual(expected.map(zxids))
  // Nothing is put in the clear beside it.
  expect((await readdir(dir)).sort()).toEqual(['log.1.gz.age', 'log.1.json'])
  const found = await createFileLogArchive().findTouches(dir, path, { limit: 5 })
  expect(found).toMatchObject({ touches: [], breaks: [{ problem: expect.stringContaining('no private key') }] })
})

test('a change of the recipients begins a new piece, so does turning it on and off', async () => {
  const archive = withKey()
  await append(archive, 0, 50, [])
  await append(archive, 0, 100)
  const second = await identityToRecipient(await generateIdentity())
  await append(archive, 0, 150, [...recipients, second])
  await append(archive, 0, 200, [...recipients, second])
  await append(archive, 0, 250, [])
  const { segments, gaps } = await archive.list(dir)
  expect(gaps).toEqual([])
  expect(segments.map(({ transactions, sealed }) => [transactions, sealed?.recipients.length ?? 0])).toEqual([
    [50, 0],
    [50, 1],
    [100, 2],
    [50, 0],
  ])
  expect(await readAll(archive)).toEqual(entries.slice(0, 250).map(bytesOf))
})

test('damage is found by the sum, and by the key where the sum was put right', async () => {
  await append(createFileLogArchive(), 0, entries.length)
  const path = join(dir, 'log.1.gz.age')
  const bytes = await readFile(path)
  bytes[bytes.length - 30] = bytes[bytes.length - 30]! ^ 1
  await writeFile(path, bytes)
  const codes = async (archive: LogArchivePort) => (await archive.verify(dir)).problems.map(({ code }) => code)
  expect(await codes(createFileLogArchive())).toEqual(['SHA256_MISMATCH'])
  const manifest = JSON.parse(await readFile(join(dir, 'log.1.json'), 'utf8'))
  manifest.sealed.sha256 = sha256Of(bytes)
  await writeFile(join(dir, 'log.1.json'), JSON.stringify(manifest))
  expect(await codes(createFileLogArchive())).toEqual([])
  expect(await codes(withKey())).toEqual(['CIPHERTEXT_DAMAGED'])
})
