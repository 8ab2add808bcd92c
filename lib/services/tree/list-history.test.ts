import { rm } from 'node:fs/promises'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { createFileArchives } from '../../adapters/archive/file-archives.ts'
import type { ArchivePort } from '../../adapters/archive/store.ts'
import { addCataloguedBackup, type CataloguedBackupOptions } from '../../testing/catalogued-backup.ts'
import { createTestServices, type TestServices } from '../../testing/service-context.ts'
import type { ZnodeSketch } from '../../testing/znode-builder.ts'
import { getZnodePair } from './get-znode-pair.ts'
import { type HistoryLimits, type ListHistoryInput, listHistory } from './list-history.ts'
import type { HistoryEntryView } from './views.ts'

// A database on disk for each test: slow where many test files run at once.
vi.setConfig({ testTimeout: 30_000, hookTimeout: 30_000 })

const READ_ONLY = [{ perms: 1, scheme: 'world', id: 'anyone' }]

let services: TestServices
/** What happens when an archive is opened, besides opening it. */
let onOpen: (dir: string) => Promise<void>
beforeEach(async () => {
  onOpen = async () => undefined
  const archives = createFileArchives()
  const open: ArchivePort['open'] = async (dir) => {
    await onOpen(dir)
    return archives.open(dir)
  }
  services = await createTestServices({ archives: { ...archives, open } })
})
afterEach(() => services.close())

const add = (id: string, sketches: readonly (ZnodeSketch | string)[], options?: CataloguedBackupOptions) =>
  addCataloguedBackup(services, id, sketches, options)
const list = (input: Partial<ListHistoryInput> = {}, limits?: HistoryLimits) =>
  listHistory(services.contextFor('viewer'), { ref: { kind: 'backup', backupId: 'b1' }, path: '/a', ...input }, limits)
const changesOf = (entries: readonly HistoryEntryView[]) =>
  entries.map(({ backupId, reading, change }) => [backupId, reading.kind, change.kind].join(' '))

describe('the history of a znode', () => {
  test('is what each backup holds of it, newest first, each against the next older', async () => {
    await add('b1', ['/b'])
    await add('b2', [{ path: '/a', data: 'one' }], { zxid: 0x20n })
    await add('b3', [{ path: '/a', data: 'one' }])
    await add('b4', [{ path: '/a', data: 'two!', stat: { version: 1, mzxid: 0x2bn } }])
    await add('b5', [{ path: '/a', data: null, acl: READ_ONLY }])
    await add('b6', ['/b'])
    await add('b7', ['/b'], { purpose: 'safety' })
    const { clusterId, live, entries, outside, next } = await list()
    expect({ clusterId, live, outside, next }).toEqual({ clusterId: 'c1', live: null, outside: 0, next: null })
    expect(changesOf(entries)).toEqual([
      'b7 missing same',
      'b6 missing gone',
      'b5 found changed',
      'b4 found changed',
      'b3 found same',
      'b2 found appeared',
      'b1 missing oldest',
    ])
    expect(entries[2]).toMatchObject({ reading: { dataLength: null }, change: { fields: ['data', 'acl'] } })
    expect(entries[3]).toMatchObject({
      reading: { dataLength: 4, version: 1, mzxid: '0x2b', mtime: 1_700_000_000_000 },
      change: { fields: ['data'] },
    })
    expect(entries[0]).toMatchObject({ isSafety: true, isPartial: false })
    expect(entries[5]).toMatchObject({ zxid: '0x20', takenAt: '2026-01-02T03:04:06.000Z', isSafety: false })
  })

  test('leaves out what says nothing of the place: other scopes, other clusters, deleted backups', async () => {
    await add('b1', [{ path: '/a', data: 'x' }])
    await add('other-subtree', ['/ab'], { scope: { paths: ['/ab'], kind: 'subtrees' } })
    await add('own-subtree', ['/a'], { scope: { paths: ['/a'], kind: 'subtrees' } })
    await add('below', ['/a/x'], { scope: { paths: ['/a/x'], kind: 'subtrees' } })
    await add('touched', ['/a'], { scope: { paths: ['/a'], kind: 'touched' }, purpose: 'safety' })
    await add('other-cluster', ['/a'], { clusterId: 'c2' })
    await add('deleted', ['/a'])
    await services.database.client.backup.update({ where: { id: 'deleted' }, data: { deletedAt: new Date() } })
    const history = await list()
    expect(history.entries.map((entry) => entry.backupId)).toEqual(['touched', 'own-subtree', 'b1'])
    expect(history.outside).toBe(2)
    // A touched scope is single znodes, and nothing below them.
    const below = await list({ path: '/a/y' })
    expect(below.entries.map((entry) => entry.backupId)).toEqual(['own-subtree', 'b1'])
  })

  test('asks the archive where the catalog has only the first paths of a scope', async () => {
    const paths = Array.from({ length: 150 }, (_, i) => `/n${String(i).padStart(3, '0')}`)
    await add('b1', paths, { scope: { paths, kind: 'touched' }, purpose: 'safety' })
    expect(changesOf((await list({ path: '/n149' })).entries)).toEqual(['b1 found oldest'])
    expect(await list({ path: '/n150' })).toMatchObject({ entries: [], outside: 1 })
  })

  test('tells an archive that is gone, and compares what lies round it', async () => {
    await add('b1', [{ path: '/a', data: 'one' }])
    const dir = await add('b2', [{ path: '/a', data: 'two' }])
    await add('b3', [{ path: '/a', data: 'one' }])
    await rm(dir, { recursive: true })
    const { entries } = await list()
    expect(changesOf(entries)).toEqual(['b3 found same', 'b2 failed unknown', 'b1 found oldest'])
    expect(entries[1]).toMatchObject({ reading: { message: expect.stringContaining('does not exist') } })
  })

  test('tells what could not be read when the backup was taken', async () => {
    const place = { path: '/a', reason: 'no-auth', message: 'it may not be read' } as const
    await add('b1', ['/b'], { unreadable: [place] })
    const { entries } = await list({ path: '/a/below' })
    expect(entries).toMatchObject([{ isPartial: true, reading: { kind: 'unreadable' }, change: { kind: 'unknown' } }])
  })

  test('comes page by page, each entry once and compared across the pages', async () => {
    for (let i = 1; i <= 5; i++) await add(`b${i}`, [{ path: '/a', data: i < 3 ? 'old' : 'new' }])
    const first = await list({ limit: 2 })
    expect(changesOf(first.entries)).toEqual(['b5 found same', 'b4 found same'])
    const second = await list({ limit: 2, before: first.next })
    expect(changesOf(second.entries)).toEqual(['b3 found changed', 'b2 found same'])
    const third = await list({ limit: 2, before: second.next })
    expect(changesOf(third.entries)).toEqual(['b1 found oldest'])
    expect(third.next).toBeNull()
    await expect(list({ before: 'nonsense' })).rejects.toMatchObject({ code: 'INVALID_INPUT' })
  })

  test('does not wait for an archive that gives no answer', async () => {
    await add('b1', ['/a'])
    const dir = await add('b2', ['/a'])
    onOpen = (opened) => (opened === dir ? new Promise(() => undefined) : Promise.resolve())
    const { entries } = await list({}, { archiveTimeoutMs: 20, pageTimeoutMs: 60_000 })
    expect(entries[0]).toMatchObject({
      backupId: 'b2',
      reading: { kind: 'failed', message: expect.stringContaining('20 ms') },
    })
  })

  test('ends a page early when the store is slow, and goes on from there', async () => {
    for (let i = 1; i <= 7; i++) await add(`b${i}`, [{ path: '/a', data: String(i) }])
    onOpen = async () => services.clock.advance(10_000)
    const seen: string[] = []
    let before: string | null = null
    let pages = 0
    do {
      const page = await list({ before }, { archiveTimeoutMs: 5000, pageTimeoutMs: 15_000 })
      seen.push(...changesOf(page.entries))
      before = page.next
      pages++
    } while (before !== null)
    expect(pages).toBeGreaterThan(2)
    expect(seen).toEqual([...[7, 6, 5, 4, 3, 2].map((i) => `b${i} found changed`), 'b1 found oldest'])
  })

  test('of what is no path, or of no tree, is refused', async () => {
    await add('b1', ['/a'])
    await expect(list({ path: 'a' })).rejects.toMatchObject({ code: 'BAD_PATH' })
    await expect(list({ ref: { kind: 'backup', backupId: 'none' } })).rejects.toMatchObject({ code: 'NOT_FOUND' })
  })
})

describe('a pair', () => {
  test('is the znode in both trees, with their names', async () => {
    await add('b1', [{ path: '/a', data: 'one' }])
    await add('b2', ['/b'])
    const pair = await getZnodePair(services.contextFor('viewer'), {
      left: 'backup:b1',
      right: 'backup:b2',
      path: '/a',
    })
    expect(pair).toMatchObject({
      path: '/a',
      left: {
        ref: 'backup:b1',
        label: 'orders, backup of 2026-01-02 03:04:05 UTC',
        reading: { kind: 'found', znode: { data: Buffer.from('one').toString('base64') } },
      },
      right: { reading: { kind: 'missing' } },
    })
    const viewer = services.contextFor('viewer')
    await expect(getZnodePair(viewer, { left: 'x', right: 'backup:b1', path: '/a' })).rejects.toMatchObject({
      code: 'INVALID_INPUT',
    })
    await expect(getZnodePair(viewer, { left: 'backup:none', right: 'backup:b1', path: '/a' })).rejects.toMatchObject({
      code: 'NOT_FOUND',
    })
  })
})
