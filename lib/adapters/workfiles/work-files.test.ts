import { randomBytes } from 'node:crypto'
import { appendFile, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { createTempDatabase, type TempDatabase } from '../../testing/temp-database.ts'
import { createDatabaseWorkFiles } from './database-work-files.ts'
import type { WorkFilesPort } from './work-files.ts'

const HOUR_MS = 3_600_000

let database: TempDatabase
let dir = ''
let nowMs = Date.UTC(2026, 0, 2)
/** Hosts that share the database and nothing else. */
let a: WorkFilesPort
let b: WorkFilesPort

const host = (name: string, options: { readonly cacheBytesMax?: number } = {}) =>
  createDatabaseWorkFiles({
    db: database.client,
    workDir: join(dir, name),
    clock: { now: () => nowMs },
    ...options,
  })

beforeEach(async () => {
  database = await createTempDatabase()
  dir = await mkdtemp(join(tmpdir(), 'arkeeper-work-files-'))
  a = host('a')
  b = host('b')
})
afterEach(async () => {
  await database.close()
  await rm(dir, { recursive: true, force: true })
})

const chunks = () => database.client.workChunk.count()
const readAt = async (files: WorkFilesPort, folder: string, name: string) =>
  readFile(join(await files.fetch(folder), name))

describe('files in the database', () => {
  it('are seen by another host byte for byte, large ones too, and only once they are published', async () => {
    const large = Buffer.concat([Buffer.alloc(700_000, 'line\n'), randomBytes(600_000)])
    const folder = await a.begin('diffs/1')
    await writeFile(join(folder.dir, 'changes.jsonl'), large)
    await mkdir(join(folder.dir, 'deep'))
    await writeFile(join(folder.dir, 'deep', 'empty'), '')
    await writeFile(join(folder.dir, 'half.tmp'), 'not yet')
    expect(await readdir(await b.fetch('diffs/1'))).toEqual([])
    await folder.publish()
    expect((await readAt(b, 'diffs/1', 'changes.jsonl')).equals(large)).toBe(true)
    expect((await readAt(b, 'diffs/1', 'deep/empty')).length).toBe(0)
    expect(await readdir(await b.fetch('diffs/1'))).not.toContain('half.tmp')
    await folder.end()
    expect((await readAt(a, 'diffs/1', 'changes.jsonl')).equals(large)).toBe(true)
  })

  it('are replaced as a whole: what is no longer in the folder is gone everywhere, and so are its bytes', async () => {
    const first = await a.begin('restores/1')
    for (const name of ['plan.json', 'steps.jsonl', 'safety.json']) await writeFile(join(first.dir, name), name)
    await first.publish()
    await b.fetch('restores/1')
    const second = await b.begin('restores/1')
    expect((await readdir(second.dir)).sort()).toEqual(['plan.json', 'safety.json', 'steps.jsonl'])
    await rm(join(second.dir, 'safety.json'))
    await writeFile(join(second.dir, 'plan.json'), 'another')
    await second.publish()
    for (const each of [a, b]) {
      expect((await readdir(await each.fetch('restores/1'))).sort()).toEqual(['plan.json', 'steps.jsonl'])
      expect((await readAt(each, 'restores/1', 'plan.json')).toString()).toBe('another')
    }
    expect(await chunks()).toBe(2)
    await second.publish(['plan.json'])
    expect(await database.client.workFile.count()).toBe(2)
  })

  it('are published by the owner alone: whoever lost the work changes nothing and leaves nothing', async () => {
    const owner = await a.begin('restores/1', { fence: async () => true })
    await writeFile(join(owner.dir, 'plan.json'), 'of the owner')
    await owner.publish()
    const former = await b.begin('restores/1', { fence: async () => false })
    await writeFile(join(former.dir, 'plan.json'), 'of the former one')
    await expect(former.publish()).rejects.toMatchObject({ code: 'LEASE_LOST' })
    const lines = await former.openLines('journal.jsonl')
    await expect(lines?.append('{}', { durable: true })).rejects.toMatchObject({ code: 'LEASE_LOST' })
    await lines?.close()
    expect((await readAt(a, 'restores/1', 'plan.json')).toString()).toBe('of the owner')
    expect(await readdir(await a.fetch('restores/1'))).toEqual(['plan.json'])
    expect(await database.client.workFile.count()).toBe(1)
  })

  it('are fetched again where the copy on the disk was removed, and refused where their bytes are not right', async () => {
    const folder = await a.begin('diffs/1')
    await writeFile(join(folder.dir, 'index.json'), '[1]')
    await folder.publish()
    await rm(join(await b.fetch('diffs/1'), 'index.json'))
    expect((await readAt(b, 'diffs/1', 'index.json')).toString()).toBe('[1]')
    await database.client.workChunk.updateMany({ data: { data: new Uint8Array(Buffer.from('[2]')) } })
    await expect(host('c').fetch('diffs/1')).rejects.toMatchObject({ code: 'WORK_FILE_DAMAGED' })
    await database.client.workChunk.deleteMany()
    await expect(host('d').fetch('diffs/1')).rejects.toMatchObject({ code: 'WORK_FILE_DAMAGED' })
  })

  it('are asked for by many at once without one spoiling it for another', async () => {
    const folder = await a.begin('diffs/1')
    await writeFile(join(folder.dir, 'x'), randomBytes(100_000))
    await folder.publish()
    const dirs = await Promise.all(Array.from({ length: 8 }, () => b.fetch('diffs/1')))
    expect(new Set(dirs).size).toBe(1)
    expect(await readdir(dirs[0] ?? '')).toEqual(['x'])
  })

  it('are listed by their kind, newest first, removed with all that is theirs, and swept where they never arrived', async () => {
    for (const name of ['1', '2', '3']) {
      const folder = await a.begin(`moments/${name}`)
      await writeFile(join(folder.dir, 'proof.json'), name)
      await folder.publish()
      nowMs += HOUR_MS
    }
    await a.touch('moments/1')
    await (await (await a.begin('searches/9')).openLines('hits'))?.appendText('hit\n')
    const folders = async (kind: string) => (await b.list(kind)).map(({ folder }) => folder)
    expect(await folders('moments')).toEqual(['moments/1', 'moments/3', 'moments/2'])
    expect(await folders('searches')).toEqual(['searches/9'])
    await b.remove('moments/3')
    await b.remove('searches/9')
    expect(await folders('moments')).toEqual(['moments/1', 'moments/2'])
    expect(await database.client.workLines.count()).toBe(0)
    const left = {
      id: 'x',
      path: '~x',
      folder: '~x',
      kind: 'arriving',
      bytes: 0n,
      sha256: '',
      touchedAt: new Date(nowMs),
    }
    await database.client.workFile.create({ data: left })
    await a.sweep()
    expect(await database.client.workFile.count()).toBe(3)
    nowMs += 2 * HOUR_MS
    await a.sweep()
    expect(await database.client.workFile.count()).toBe(2)
  })

  it('leave nothing of a process behind: its copies go when it ends, or with the next one where it was killed', async () => {
    await a.fetch('diffs/1')
    const copies = join(dir, 'a', 'copies')
    // The largest number that a process can have here is far below.
    await mkdir(join(copies, (await readdir(copies))[0]?.replace(/^\d+/, '999999999') ?? ''))
    await a.sweep()
    expect(await readdir(copies)).toHaveLength(1)
    await a.close()
    expect(await readdir(copies)).toEqual([])
  })
})

describe('lines in the database', () => {
  const linesAt = async (files: WorkFilesPort) => (await readAt(files, 'restores/1', 'journal.jsonl')).toString()

  it('are there with a durable one and all before it, for a reader who follows and for one who comes late', async () => {
    const folder = await a.begin('restores/1')
    const lines = await folder.openLines('journal.jsonl')
    await lines?.append('1')
    expect(await readdir(await b.fetch('restores/1'))).toEqual([])
    await lines?.append('2', { durable: true })
    expect(await linesAt(b)).toBe('1\n2\n')
    await lines?.append('3')
    await lines?.close()
    expect(await linesAt(b)).toBe('1\n2\n3\n')
    expect(await linesAt(host('c'))).toBe('1\n2\n3\n')
    expect(await database.client.workLines.count()).toBe(2)
  })

  it('go on where the one before left off, and what it had not sent is no part of them', async () => {
    const first = await a.begin('restores/1')
    const lines = await first.openLines('journal.jsonl')
    await lines?.append('1', { durable: true })
    await appendFile(join(first.dir, 'journal.jsonl'), '1\nhalf a li')
    const second = await b.begin('restores/1')
    expect(await readFile(join(second.dir, 'journal.jsonl'), 'utf8')).toBe('1\n')
    const more = await second.openLines('journal.jsonl')
    await more?.append('2', { durable: true })
    // The first one does not know, and has no fence here: its place is taken.
    await expect(lines?.append('late', { durable: true })).rejects.toMatchObject({ code: 'LEASE_LOST' })
    expect(await linesAt(a)).toBe('1\n2\n')
    await second.publish()
    expect(await database.client.workFile.count()).toBe(0)
    await second.drop('journal.jsonl')
    expect(await readdir(await a.fetch('restores/1'))).toEqual([])
  })

  it('are written once where the answer to the first try was lost', async () => {
    const folder = await a.begin('restores/1')
    const lines = await folder.openLines('journal.jsonl')
    const row = { folder: 'restores/1', name: 'journal.jsonl', n: 0, text: '1\n', at: new Date(nowMs) }
    await database.client.workLines.create({ data: row })
    await lines?.append('1', { durable: true })
    await lines?.append('2', { durable: true })
    expect(await linesAt(b)).toBe('1\n2\n')
  })
})
