import { cp, mkdir, readFile, rename, truncate, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { gunzipSync, gzipSync } from 'node:zlib'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { comparePaths } from '../../domain/znode/order.ts'
import { parentPath, ROOT } from '../../domain/znode/path.ts'
import { toClientStat } from '../../domain/znode/stat.ts'
import type { Znode } from '../../domain/znode/znode.ts'
import { SeededRandom } from '../../testing/seeded-random.ts'
import { buildTree, collectZnodes, randomTree } from '../../testing/znode-builder.ts'
import { TempStore } from './archive-builder.ts'
import { inspectPath } from './inspect-path.ts'
import { SnapshotTree } from './snapshot-tree.ts'
import { sortSnapshot } from './sort-snapshot.ts'

const CORPUS = join(import.meta.dirname, '../../domain/snapshot/corpus')
const GZ = join(CORPUS, '3.9.6-compressed/snapshot.180.gz')

let store: TempStore
beforeEach(async () => {
  store = await TempStore.create()
})
afterEach(() => store.remove())

const readAll = async (path: string) => {
  const reader = await store.archives.openPath(path)
  try {
    const znodes = await collectZnodes(reader.readSubtree('/', { includeSystem: true }))
    return znodes.map((znode) => `${znode.path} ${znode.kind} ${Buffer.from(znode.data ?? 'null').toString('hex')}`)
  } finally {
    await reader.close()
  }
}

test('bytes behind the end of a packed file are damage as they are behind a plain one', async () => {
  const zeros = Buffer.concat([await readFile(GZ), Buffer.alloc(512)])
  const file = join(store.dir, 'snapshot.180.gz')
  await writeFile(file, zeros)
  expect(await inspectPath(file)).toMatchObject({ problems: [{ code: 'BAD_TAIL', offset: zeros.length - 512 }] })
  await expect(store.archives.openPath(file)).rejects.toMatchObject({ name: 'SnapshotError' })
})

describe('openPath', () => {
  test("a server's snapshot, whose siblings lie in any order, is seen in path order, and equals what a client read", async () => {
    const expected = JSON.parse(await readFile(join(CORPUS, '3.9.6/expected.json'), 'utf8'))
    for (const name of ['snapshot.180.gz', 'snapshot.180.snappy']) {
      const reader = await store.archives.openPath(join(CORPUS, '3.9.6-compressed', name))
      const znodes = await collectZnodes(reader.readSubtree('/', { includeSystem: true }))
      const paths = znodes.map((znode) => znode.path)
      expect(paths).toEqual(paths.toSorted(comparePaths))
      expect(new Set(paths)).toEqual(new Set(expected.nodes.map((node: { path: string }) => node.path)))
      for (const node of expected.nodes) {
        const found = await reader.get(node.path)
        if (found.kind !== 'found') throw new Error(node.path)
        const size = { dataLength: found.znode.data?.length ?? 0, numChildren: found.numChildren }
        const stat = toClientStat(found.znode.stat, found.znode.kind, size)
        expect(Number(stat.cversion), node.path).toBe(node.stat.cversion)
        expect(stat.numChildren, node.path).toBe(node.stat.numChildren)
      }
      await reader.close()
    }
  })

  test('a snapshot in path order reads the same as archive, as file, unpacked, and packed again in other ways', async () => {
    const random = new SeededRandom(3)
    const tree = randomTree(random, { size: 900 }).map((znode) => ({ ...znode, data: random.bytes(2000) }))
    const { dir } = await store.write(tree)
    const file = join(dir, 'snapshot.1a.gz')
    const whole = await readAll(dir)
    const plain = gunzipSync(await readFile(file))
    await writeFile(join(store.dir, 'snapshot.1a'), plain)
    await writeFile(join(store.dir, 'snapshot.1b.gz'), gzipSync(plain))
    // Members that end anywhere: cut in the middle of records.
    const third = Math.floor(plain.length / 3)
    const parts = [plain.subarray(0, third), plain.subarray(third, 2 * third), plain.subarray(2 * third)]
    await writeFile(join(store.dir, 'snapshot.1c.gz'), Buffer.concat(parts.map((part) => gzipSync(part))))
    for (const path of [
      file,
      ...['snapshot.1a', 'snapshot.1b.gz', 'snapshot.1c.gz'].map((name) => join(store.dir, name)),
    ]) {
      expect(await readAll(path), path).toEqual(whole)
    }
  })

  test('a data directory gives its newest sound snapshot, from version-2 or its parent', async () => {
    const dataDir = join(store.dir, 'data')
    await cp(join(CORPUS, '3.9.6'), join(dataDir, 'version-2'), { recursive: true })
    const newest = await readAll(join(CORPUS, '3.9.6/snapshot.153'))
    const older = await readAll(join(CORPUS, '3.9.6/snapshot.100'))
    expect(await readAll(dataDir)).toEqual(newest)
    expect(await readAll(join(dataDir, 'version-2'))).toEqual(newest)
    await truncate(join(dataDir, 'version-2/snapshot.153'), 5000)
    expect(await readAll(dataDir)).toEqual(older)
    for (const name of ['100', 'bf', '56', '0']) await truncate(join(dataDir, 'version-2', `snapshot.${name}`), 20)
    await expect(readAll(dataDir)).rejects.toMatchObject({ code: 'NO_VALID_SNAPSHOT' })
  })

  test('what is no source is a clear error', async () => {
    await writeFile(join(store.dir, 'text'), 'hello, this is text')
    await writeFile(join(store.dir, 'short'), 'x')
    await mkdir(join(store.dir, 'empty'))
    await mkdir(join(store.dir, 'fresh/version-2'), { recursive: true })
    const codeOf = (name: string) => readAll(join(store.dir, name)).catch((error) => error.code)
    expect(await codeOf('nope')).toBe('NOT_FOUND')
    expect(await codeOf('text')).toBe('BAD_MAGIC')
    expect(await codeOf('short')).toBe('TRUNCATED')
    expect(await codeOf('empty')).toBe('NOT_A_SNAPSHOT')
    expect(await codeOf('fresh')).toBe('NO_VALID_SNAPSHOT')
  })

  test('a damaged snapshot file is refused before anything is shown', async () => {
    const bytes = gunzipSync(await readFile(GZ))
    bytes[bytes.length >> 1]! ^= 1
    await writeFile(join(store.dir, 'snapshot.180'), bytes)
    await expect(readAll(join(store.dir, 'snapshot.180'))).rejects.toMatchObject({ name: 'SnapshotError' })
  })
})

test('putting a snapshot in order through files gives the same as in memory', async () => {
  async function* once() {
    yield gunzipSync(await readFile(join(CORPUS, '3.9.6-fuzzy/snapshot.78d.gz')))
  }
  const read = async (limits: Parameters<typeof sortSnapshot>[1]) => {
    const { source, index, head } = await sortSnapshot(once(), limits)
    const tree = new SnapshotTree({
      name: 'x',
      source,
      index,
      acls: head.acls,
      ownerless: 'persistent',
      unreadable: [],
    })
    const znodes: Znode[] = await collectZnodes(tree.readSubtree('/', { includeSystem: true }))
    const text = znodes.map((znode) => `${znode.path} ${Buffer.from(znode.data ?? []).toString('hex')}`)
    await tree.close()
    return text
  }
  const inMemory = await read({})
  expect(inMemory.length).toBeGreaterThan(3200)
  expect(
    inMemory.map((line) => line.split(' ')[0]!).every((path, i, all) => i === 0 || comparePaths(all[i - 1]!, path) < 0),
  ).toBe(true)
  expect(await read({ memoryBytesMax: 0 })).toEqual(inMemory)
  expect(await read({ memoryBytesMax: 0, runBytes: 100_000 })).toEqual(inMemory)
})

describe('inspect', () => {
  test('a sound snapshot of a server', async () => {
    expect(await inspectPath(GZ)).toMatchObject({
      type: 'snapshot',
      file: 'snapshot.180.gz',
      zxid: '0x180',
      compression: 'gzip',
      checksum: { ok: true },
      digest: { version: 2, zxid: '0x180', computed: '0x4c32794f7a', match: true },
      lastZxid: '0x180',
      pathOrder: false,
      problems: [],
    })
  })

  test('a fuzzy snapshot: its digest does not match, which is no problem', async () => {
    expect(await inspectPath(join(CORPUS, '3.9.6-fuzzy/snapshot.78d.gz'))).toMatchObject({
      zxid: '0x78d',
      lastZxid: '0x7cd',
      digest: { match: false },
      problems: [],
    })
  })

  test('damage is a problem with its code and place, not an exception', async () => {
    const path = join(store.dir, 'snapshot.180')
    const bytes = gunzipSync(await readFile(GZ))
    // A byte of the data of some znode: only the checksum can tell.
    const at = bytes.indexOf('root data')
    bytes[at]! ^= 1
    await writeFile(path, bytes)
    expect(await inspectPath(path)).toMatchObject({
      checksum: { ok: false, stored: expect.any(String), computed: expect.any(String) },
      problems: [{ code: 'CHECKSUM_MISMATCH', file: 'snapshot.180', offset: expect.any(Number) }],
    })
    await truncate(path, 3000)
    expect(await inspectPath(path)).toMatchObject({ checksum: null, problems: [{ code: 'TRUNCATED' }] })
  })

  test('a name that would make a server read the file wrongly is told', async () => {
    const path = join(store.dir, 'snapshot.180')
    await cp(GZ, path)
    expect(await inspectPath(path)).toMatchObject({ compression: 'gzip', problems: [{ code: 'WRONG_EXTENSION' }] })
  })

  test('an archive, a data directory, a log', async () => {
    const { dir, manifest } = await store.write(buildTree(['/a']))
    expect(await inspectPath(dir)).toEqual({ type: 'archive', manifest, problems: [] })
    await rename(join(dir, 'index'), join(dir, 'gone'))
    expect(await inspectPath(dir)).toMatchObject({ problems: [] })
    await truncate(join(dir, 'snapshot.1a.gz'), 20)
    expect(await inspectPath(dir)).toMatchObject({ problems: [{ code: 'SIZE_MISMATCH', file: 'snapshot.1a.gz' }] })
    const data = join(store.dir, 'data/version-2')
    await cp(join(CORPUS, '3.8.0'), data, { recursive: true })
    await writeFile(join(data, 'log.157'), Buffer.alloc(15))
    const facts = await inspectPath(join(store.dir, 'data'))
    if (facts.type !== 'datadir') throw new Error(facts.type)
    expect(facts.snapshots.map((snapshot) => snapshot.file)).toEqual(
      ['155', '100', 'c4', '63', '0'].map((zxid) => `snapshot.${zxid}`),
    )
    expect(facts.logs).toMatchObject([{ type: 'log', file: 'log.157', firstZxid: null, torn: true }])
    // Its window ends at 0x156, which no log holds any more.
    expect(facts.problems).toMatchObject([{ code: 'FUZZY_SNAPSHOT', file: 'snapshot.155' }])
    expect(facts.replayableTo).toBe('0x100')
    expect(await inspectPath(join(data, 'log.157'))).toMatchObject({ type: 'log', bytes: 0 })
  })
})

test('numChildren of a server file is right for parents too', async () => {
  const reader = await store.archives.openPath(join(CORPUS, '3.9.6-fuzzy/snapshot.78d.gz'))
  const znodes = await collectZnodes(reader.readSubtree('/', { includeSystem: true }))
  const counts = new Map<string, number>()
  for (const { path } of znodes)
    if (path !== ROOT) counts.set(parentPath(path), (counts.get(parentPath(path)) ?? 0) + 1)
  for (const { path } of znodes.filter((_, i) => i % 37 === 0)) {
    const found = await reader.get(path)
    expect(found.kind === 'found' && found.numChildren, path).toBe(counts.get(path) ?? 0)
  }
  await reader.close()
})
