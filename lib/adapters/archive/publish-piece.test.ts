import { mkdtemp, readdir, rm, stat, truncate, utimes, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { TxnEntry } from '../../domain/txnlog/entry.ts'
import { create, encodeEntry } from '../../testing/log-builder.ts'
import { appendLogs } from './append-logs.ts'
import { createFileLogArchive } from './file-log-archive.ts'

const archive = createFileLogArchive()
const entry = (zxid: number) =>
  TxnEntry.fromBytes(Buffer.from(encodeEntry(create(BigInt(zxid), { path: `/n${zxid}` }))))
const entries = (from: number, to: number) => Array.from({ length: to - from + 1 }, (_, i) => entry(from + i))

let dir = ''
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'arkeeper-publish-'))
})
afterEach(() => rm(dir, { recursive: true, force: true }))

/** A worker that appends; `meanwhile` is what others do when it has looked and not yet renamed. */
async function append(to: number, member: string, meanwhile?: () => Promise<void>) {
  const batches = (async function* () {
    yield entries(1, to)
  })()
  return appendLogs(dir, { entries: batches, members: [member], onPublish: meanwhile })
}

async function pieces(): Promise<[number, number][]> {
  const { segments, problems } = await archive.list(dir)
  expect(problems).toEqual([])
  return segments.map(({ first, last }) => [Number(first), Number(last)])
}

const CHANGED = { code: 'FILES_CHANGED' }

test('of two workers at the very same point only one adds to the newest piece, and nothing is taken back', async () => {
  await append(5, 'w1')
  let other: Promise<unknown> = Promise.resolve()
  await append(8, 'w1', async () => {
    other = append(10, 'w2')
    await expect(other).rejects.toMatchObject(CHANGED)
  })
  expect(await pieces()).toEqual([[1, 8]])
  // The other goes on behind it at its next try.
  await append(10, 'w2')
  expect(await pieces()).toEqual([[1, 10]])
  expect(await readdir(dir)).toHaveLength(3)
})

test('of two workers that begin the first piece the later one loses', async () => {
  await expect(append(3, 'w1', async () => void (await append(5, 'w2')))).rejects.toMatchObject(CHANGED)
  expect(await pieces()).toEqual([[1, 5]])
  expect((await readdir(dir)).filter((name) => !name.startsWith('log.1.'))).toEqual([])
})

test('a worker that was killed at that point holds nobody up, and one of another host only for a while', async () => {
  await append(5, 'w1')
  const { sha256 } = (await archive.list(dir)).segments[0]!
  const claim = join(dir, `claim.1-${sha256.slice(0, 16)}`)
  await writeFile(claim, '.tmp-7-elsewhere-00000000')
  await expect(append(8, 'w2')).rejects.toMatchObject(CHANGED)
  expect(await pieces()).toEqual([[1, 5]])
  // What it may still replace is left alone for good.
  await utimes(claim, new Date(0), new Date(0))
  await append(8, 'w2')
  expect(await pieces()).toEqual([
    [1, 5],
    [6, 8],
  ])
  await append(9, 'w2')
  expect(await pieces()).toEqual([
    [1, 5],
    [6, 9],
  ])
})

test('a newest piece that nobody can read any more is made anew from what others still have', async () => {
  await append(5, 'w1')
  const path = join(dir, 'log.1.gz')
  await truncate(path, (await stat(path)).size - 9)
  expect((await archive.list(dir)).problems).toHaveLength(1)
  await append(8, 'w1')
  expect(await pieces()).toEqual([[1, 8]])
  expect((await archive.verify(dir)).problems).toEqual([])
  // What could not be read is still there for whoever wants to look at it.
  expect((await readdir(join(dir, 'aside'), { recursive: true })).filter((name) => name.endsWith('.gz'))).toHaveLength(
    1,
  )
})
