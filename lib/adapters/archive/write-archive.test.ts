import { createHash } from 'node:crypto'
import { readdir, readFile, stat } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { gunzipSync } from 'node:zlib'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { manifestSchema } from '../../domain/snapshot/manifest.ts'
import { SnapshotReader } from '../../domain/snapshot/read-snapshot.ts'
import { copyStat } from '../../domain/snapshot/record.ts'
import type { Znode, ZnodeBatch } from '../../domain/znode/znode.ts'
import { SeededRandom } from '../../testing/seeded-random.ts'
import { buildTree, collectZnodes, randomTree, streamOf, unreadablePlace } from '../../testing/znode-builder.ts'
import { TempStore } from './archive-builder.ts'
import { toArchiveError } from './errors.ts'

let store: TempStore
beforeEach(async () => {
  store = await TempStore.create()
})
afterEach(() => store.remove())

const left = (dir: string) => readdir(dir).catch(() => [])

async function readSnapshotOf(dir: string, name: string) {
  const bytes = gunzipSync(await readFile(join(dir, name)))
  async function* once() {
    yield bytes
  }
  const reader = new SnapshotReader(once(), { order: 'path', digest: true })
  const znodes = await collectZnodes(reader.readZnodes())
  await reader.readTail()
  return { znodes, digest: reader.digest?.value() }
}

const plain = (znode: Znode) => ({
  ...znode,
  data: znode.data && Buffer.from(znode.data).toString('hex'),
  stat: copyStat(znode.stat),
})

test('an archive holds the tree, the built-in znodes, an index and a manifest that says what is there', async () => {
  const tree = buildTree([
    { path: '/a', data: 'hello', stat: { cversion: 3 } },
    { path: '/a/session', kind: 'ephemeral' },
    { path: '/c', kind: 'container' },
    { path: '/t', kind: 'ttl', ttlMs: 5000 },
  ])
  const { dir, manifest, archiveBytes } = await store.write(tree)
  expect(dir).toBe(join(store.clusterDir, '20261123T165341Z-1a'))
  expect((await readdir(dir)).sort()).toEqual(['index', 'manifest.json', 'snapshot.1a.gz'])

  const { znodes, digest } = await readSnapshotOf(dir, 'snapshot.1a.gz')
  const system = ['/zookeeper', '/zookeeper/config', '/zookeeper/quota']
  expect(znodes.filter((znode) => !system.includes(znode.path)).map(plain)).toEqual(tree.map(plain))
  expect(manifest).toMatchObject({
    schema: 1,
    status: 'complete',
    zxid: '0x1a',
    znodes: tree.length + 3,
    dataBytes: 5,
    takenAtMs: Date.UTC(2026, 10, 23, 16, 53, 41, 123),
    durationMs: 877,
    digest: { version: 2, zxid: '0x1a', computed: `0x${digest?.toString(16)}` },
    fidelity: {
      persistent: 5,
      ephemeral: 1,
      container: 1,
      ttl: 1,
      unknownKind: 0,
      unreadable: [],
      sequenceCounters: 1,
      sequenceParents: [{ path: '/a', next: 3 }],
    },
  })
  expect(manifestSchema.parse(JSON.parse(await readFile(join(dir, 'manifest.json'), 'utf8')))).toEqual(manifest)
  let bytes = (await stat(join(dir, 'manifest.json'))).size
  for (const file of manifest.files) {
    const content = await readFile(join(dir, file.name))
    expect(file).toMatchObject({
      bytes: content.length,
      sha256: createHash('sha256').update(content).digest('hex'),
    })
    bytes += content.length
  }
  expect(archiveBytes).toBe(bytes)
})

test('any tree comes back as it went in, over many blocks', async () => {
  const random = new SeededRandom(20261123)
  const tree = randomTree(random, { size: 3000, ephemerals: true }).map((znode, i) =>
    i % 3 === 0 ? { ...znode, data: random.bytes(4000) } : znode,
  )
  const { dir, manifest } = await store.write(tree)
  const { znodes } = await readSnapshotOf(dir, 'snapshot.1a.gz')
  expect(znodes.filter((znode) => !znode.path.startsWith('/zookeeper')).map(plain)).toEqual(tree.map(plain))
  expect(manifest.znodes).toBe(znodes.length)
})

test('the snapshot is independent gzip members of about 1 MiB, cut between records', async () => {
  const tree = buildTree(
    Array.from({ length: 40 }, (_, i) => ({ path: `/n${i + 10}`, data: Buffer.alloc(100_000, i) })),
  )
  const { dir } = await store.write(tree)
  const file = await readFile(join(dir, 'snapshot.1a.gz'))
  const index = JSON.parse(await readFile(join(dir, 'index'), 'utf8'))
  expect(index.blocks.length).toBeGreaterThan(3)
  for (const [offset, length, , rawLength, firstPath] of index.blocks) {
    const raw = gunzipSync(file.subarray(offset, offset + length))
    expect(raw.length).toBe(rawLength)
    expect(raw.length).toBeLessThanOrEqual(1 << 20)
    const path = raw.toString('utf8', 4, 4 + raw.readInt32BE(0)) || '/'
    expect(path).toBe(firstPath)
  }
})

test('a znode larger than a block gets a block of its own', async () => {
  const data = new SeededRandom(5).bytes(3 << 20)
  const { dir } = await store.write(buildTree(['/a', { path: '/big', data }, '/c']))
  const reader = await store.archives.open(dir)
  const found = await reader.get('/big')
  expect(found.kind === 'found' && Buffer.from(found.znode.data ?? []).equals(data)).toBe(true)
  await reader.close()
})

test('what a client could not tell is counted as unknown, but the root and the built-in znodes are persistent', async () => {
  const tree = buildTree([
    { path: '/', kind: 'unknown' },
    { path: '/a', kind: 'unknown' },
    { path: '/e', kind: 'ephemeral' },
    { path: '/zookeeper/config', kind: 'unknown' },
  ])
  const { manifest } = await store.write(tree, { source: 'client' })
  expect(manifest.fidelity).toMatchObject({ unknownKind: 1, persistent: 4, ephemeral: 1 })
})

test('places that could not be read and hidden ACLs make it partial', async () => {
  const masked = [{ perms: 31, scheme: 'digest', id: 'ops:x' }]
  const stream = streamOf(buildTree(['/a', { path: '/m', acl: masked }]), { unreadable: [unreadablePlace('/secret')] })
  const { manifest } = await store.write(stream, { unreadable: ['/other', '/secret'] })
  expect(manifest.status).toBe('partial')
  expect(manifest.fidelity).toMatchObject({ unreadable: ['/other', '/secret'], maskedAcl: ['/m'] })
})

test('two archives of one second and zxid get names of their own', async () => {
  const names: string[] = []
  for (let i = 0; i < 3; i++) names.push(basename((await store.write(buildTree(['/a']))).dir))
  expect(names).toEqual(['20261123T165341Z-1a', '20261123T165341Z-1a-2', '20261123T165341Z-1a-3'])
})

test('progress counts up through writing and reading back', async () => {
  const tree = buildTree(Array.from({ length: 30 }, (_, i) => ({ path: `/n${i}`, data: Buffer.alloc(100_000, i) })))
  const seen: { phase: string; znodes: number }[] = []
  await store.write(tree, {}, { onProgress: (progress) => seen.push(progress) })
  expect(new Set(seen.map(({ phase }) => phase))).toEqual(new Set(['writing', 'reading-back']))
  expect(seen.at(-1)).toMatchObject({ phase: 'reading-back', znodes: tree.length + 3 })
})

describe('whole or not at all', () => {
  test('a stream that fails in the middle leaves nothing, and its error comes out', async () => {
    async function* failing(): AsyncGenerator<ZnodeBatch> {
      yield {
        znodes: buildTree(Array.from({ length: 40 }, (_, i) => ({ path: `/n${i}`, data: Buffer.alloc(99_999) }))),
        unreadable: [],
      }
      throw new Error('connection lost')
    }
    await expect(store.write(failing())).rejects.toThrow('connection lost')
    expect(await left(store.clusterDir)).toEqual([])
  })

  test('a stream that is no tree leaves nothing', async () => {
    await expect(store.write(streamOf([...buildTree(['/a', '/b'])].reverse()))).rejects.toMatchObject({
      code: 'MISSING_PARENT',
    })
    await expect(store.write([])).rejects.toMatchObject({ code: 'MISSING_PARENT' })
    expect(await left(store.clusterDir)).toEqual([])
  })

  test('a cancelled backup ends at once, even while the source hangs, and leaves nothing', async () => {
    const abort = new AbortController()
    const { promise: hang, resolve: release } = Promise.withResolvers<void>()
    async function* hanging(): AsyncGenerator<ZnodeBatch> {
      yield { znodes: buildTree(['/a']), unreadable: [] }
      setImmediate(() => abort.abort())
      await hang
    }
    await expect(store.write(hanging(), {}, { signal: abort.signal })).rejects.toMatchObject({ code: 'CANCELLED' })
    release()
    expect(await left(store.clusterDir)).toEqual([])
  })

  test('a signal that has fired before makes no folder', async () => {
    await expect(store.write(buildTree([]), {}, { signal: AbortSignal.abort() })).rejects.toMatchObject({
      code: 'CANCELLED',
    })
    expect(await left(store.dir)).toEqual([])
  })

  test('a description that fails, or that no manifest can hold, leaves nothing', async () => {
    const failing = { describe: () => Promise.reject(new Error('no zxid')) }
    await expect(store.write(buildTree([]), {}, failing)).rejects.toThrow('no zxid')
    const consistency = { class: 'exact' as const, from: 'x', to: 'y', moved: [] }
    await expect(store.write(buildTree([]), { consistency })).rejects.toThrow()
    expect(await left(store.clusterDir)).toEqual([])
  })

  test('a store that is a file is a typed error', async () => {
    const { dir } = await store.write(buildTree([]))
    const parentDir = join(dir, 'manifest.json', 'x')
    await expect(store.write(buildTree([]), {}, { parentDir })).rejects.toMatchObject({ code: 'NOT_FOUND' })
  })

  test('a full disk is told as such, with the remedy', () => {
    const error = Object.assign(new Error('ENOSPC: no space left on device, write'), {
      code: 'ENOSPC',
      syscall: 'write',
    })
    expect(toArchiveError(error, 'writing')).toMatchObject({
      code: 'NO_SPACE',
      remedy: expect.stringContaining('free'),
    })
  })
})
