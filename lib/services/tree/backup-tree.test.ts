import { gzipSync, zstdCompressSync } from 'node:zlib'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { createFileArchives } from '../../adapters/archive/file-archives.ts'
import type { ArchivePort, ArchiveReader } from '../../adapters/archive/store.ts'
import { addCataloguedBackup } from '../../testing/catalogued-backup.ts'
import { createTestServices, type TestServices } from '../../testing/service-context.ts'
import { getZnode } from './get-znode.ts'
import { listChildren } from './list-children.ts'
import { openTree } from './open-tree.ts'
import { readValue } from './read-value.ts'

// A database on disk for each test: slow where many test files run at once.
vi.setConfig({ testTimeout: 30_000, hookTimeout: 30_000 })

let services: TestServices
/** Readers as the adapter gave them, and which of them were closed. */
let opened: ArchiveReader[]
let closed: ArchiveReader[]
beforeEach(async () => {
  opened = []
  closed = []
  services = await createTestServices({ archives: watchReaders(createFileArchives()) })
})
afterEach(() => services.close())

function watchReaders(archives: ArchivePort): ArchivePort {
  return {
    ...archives,
    open: async (dir) => {
      const reader = await archives.open(dir)
      opened.push(reader)
      const close = reader.close.bind(reader)
      reader.close = async () => {
        closed.push(reader)
        await close()
      }
      return reader
    },
  }
}

const viewer = () => services.contextFor('viewer')
const backup = (backupId: string) => ({ kind: 'backup', backupId }) as const

const addBackup = (id: string, sketches: Parameters<typeof addCataloguedBackup>[2]) =>
  addCataloguedBackup(services, id, sketches)

describe('a backup', () => {
  test('is looked at like a live tree, with its kinds and its counters', async () => {
    await addBackup('b1', [
      { path: '/a', data: 'hello', stat: { cversion: 7 } },
      { path: '/a/x', kind: 'ttl', ttlMs: 5000, data: null },
      { path: '/a/y', kind: 'ephemeral', data: '' },
    ])
    const page = await listChildren(viewer(), { ref: backup('b1'), path: '/a' })
    expect(page).toMatchObject({
      kind: 'page',
      total: 2,
      children: [
        { path: '/a/x', kind: 'ttl' },
        { path: '/a/y', kind: 'ephemeral' },
      ],
    })
    expect(await getZnode(viewer(), { ref: backup('b1'), path: '/a' })).toMatchObject({
      kind: 'found',
      znode: {
        data: Buffer.from('hello').toString('base64'),
        truncated: false,
        nextSequence: 7,
        stat: { cversion: 12, numChildren: 2, dataLength: 5, ephemeralOwner: '0x0' },
      },
    })
    expect(await getZnode(viewer(), { ref: backup('b1'), path: '/a/x' })).toMatchObject({
      znode: { kind: 'ttl', ttlMs: 5000, data: null, stat: { ephemeralOwner: '0x0' } },
    })
    expect(await getZnode(viewer(), { ref: backup('b1'), path: '/a/y' })).toMatchObject({
      znode: { kind: 'ephemeral', data: '', stat: { ephemeralOwner: '0x1001' } },
    })
    expect(await getZnode(viewer(), { ref: backup('b1'), path: '/b' })).toEqual({ kind: 'missing' })
  })

  test('shows a large value up to the limit and says so', async () => {
    await addBackup('b1', [{ path: '/big', data: new Uint8Array(1024 * 1024 + 1) }])
    const reading = await getZnode(viewer(), { ref: backup('b1'), path: '/big' })
    expect(reading).toMatchObject({ kind: 'found', znode: { truncated: true, stat: { dataLength: 1024 * 1024 + 1 } } })
    if (reading.kind !== 'found') return
    expect(Buffer.from(reading.znode.data ?? '', 'base64').length).toBe(1024 * 1024)
  })

  test('shows a packed value unpacked beside its own bytes, and gives either as a file', async () => {
    const content = JSON.stringify({ hosts: Array.from({ length: 200 }, (_, i) => `host-${i}.example`) })
    const packed = gzipSync(content)
    await addBackup('b1', [
      { path: '/hosts.json.gz', data: packed },
      { path: '/large', data: zstdCompressSync(Buffer.alloc(2 * 1024 * 1024, 'x')) },
      { path: '/damaged', data: packed.subarray(0, -9) },
      { path: '/plain', data: content },
    ])
    const read = async (path: string) => {
      const reading = await getZnode(viewer(), { ref: backup('b1'), path })
      return reading.kind === 'found' ? reading.znode : null
    }
    expect(await read('/hosts.json.gz')).toMatchObject({
      data: packed.toString('base64'),
      stat: { dataLength: packed.length },
      unpacked: {
        kind: 'unpacked',
        packing: 'gzip',
        bytes: content.length,
        truncated: false,
        data: Buffer.from(content).toString('base64'),
      },
    })
    const large = (await read('/large'))?.unpacked
    expect(large).toMatchObject({ packing: 'zstd', bytes: 2 * 1024 * 1024, truncated: true })
    expect(large?.kind === 'unpacked' && Buffer.from(large.data, 'base64').length).toBe(1024 * 1024)
    expect((await read('/damaged'))?.unpacked).toMatchObject({ kind: 'failed', packing: 'gzip' })
    expect((await read('/plain'))?.unpacked).toBeNull()

    const file = (path: string, unpack: boolean) => readValue(viewer(), { ref: backup('b1'), path, unpack })
    expect(Buffer.from((await file('/hosts.json.gz', false)).data)).toEqual(packed)
    expect(await file('/hosts.json.gz', true)).toEqual({ name: 'hosts.json', data: Buffer.from(content) })
    expect((await file('/large', true)).data).toHaveLength(2 * 1024 * 1024)
    await expect(file('/damaged', true)).rejects.toMatchObject({ code: 'INVALID_INPUT' })
    await expect(file('/plain', true)).rejects.toMatchObject({ code: 'INVALID_INPUT' })
    await expect(file('/none', false)).rejects.toMatchObject({ code: 'NOT_FOUND' })
  })

  test('is named by its cluster and its time', async () => {
    await addBackup('b1', ['/a'])
    const tree = await openTree(viewer(), backup('b1'))
    expect(tree).toMatchObject({ clusterId: 'c1', label: 'orders, backup of 2026-01-02 03:04:05 UTC' })
    await tree.release()
  })

  test('that does not exist, or was deleted, is NOT_FOUND', async () => {
    await expect(openTree(viewer(), backup('none'))).rejects.toMatchObject({ code: 'NOT_FOUND' })
    await addBackup('b1', ['/a'])
    await (await openTree(viewer(), backup('b1'))).release()
    await services.database.client.backup.update({ where: { id: 'b1' }, data: { deletedAt: new Date() } })
    await expect(openTree(viewer(), backup('b1'))).rejects.toMatchObject({ code: 'NOT_FOUND' })
    expect(closed).toEqual(opened)
  })

  test('whose archive is gone says so, and opens again when the archive is back', async () => {
    await addBackup('b1', ['/a'])
    const { dir } = await services.database.client.backup.findUniqueOrThrow({ where: { id: 'b1' } })
    await services.database.client.backup.update({ where: { id: 'b1' }, data: { dir: 'orders/gone' } })
    await expect(openTree(viewer(), backup('b1'))).rejects.toMatchObject({ code: expect.any(String) })
    await services.database.client.backup.update({ where: { id: 'b1' }, data: { dir } })
    await (await openTree(viewer(), backup('b1'))).release()
    expect(opened).toHaveLength(1)
  })
})

describe('open archives', () => {
  test('are opened once for all who look at the same time', async () => {
    await addBackup('b1', ['/a'])
    await Promise.all(Array.from({ length: 5 }, () => getZnode(viewer(), { ref: backup('b1'), path: '/a' })))
    expect(opened).toHaveLength(1)
    expect(closed).toHaveLength(0)
  })

  test('are few: the one not used for longest is closed, but never one that is in use', async () => {
    for (let i = 0; i < 6; i++) await addBackup(`b${i}`, [{ path: '/a', data: `value ${i}` }])
    const inUse = await openTree(viewer(), backup('b0'))
    for (let i = 1; i < 6; i++) await getZnode(viewer(), { ref: backup(`b${i}`), path: '/a' })
    expect(closed).toEqual([opened[1]])
    const reading = await inUse.reader.get('/a')
    expect(reading.kind === 'found' && Buffer.from(reading.znode.data ?? []).toString()).toBe('value 0')
    await inUse.release()
    await inUse.release()
    expect(closed).toEqual([opened[1], opened[0]])
  })
})
