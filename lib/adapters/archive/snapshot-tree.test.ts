import { rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { copyStat } from '../../domain/snapshot/record.ts'
import { isWithin, joinPath, parentPath, ROOT } from '../../domain/znode/path.ts'
import type { TreeReader } from '../../domain/znode/ports.ts'
import type { UnreadableZnode, Znode, ZnodeBatch } from '../../domain/znode/znode.ts'
import { SeededRandom } from '../../testing/seeded-random.ts'
import { buildTree, buildZnode, collectZnodes, randomTree } from '../../testing/znode-builder.ts'
import { TempStore } from './archive-builder.ts'
import type { ArchiveReader } from './store.ts'

let store: TempStore
beforeAll(async () => {
  store = await TempStore.create()
})
afterAll(() => store.remove())

/** The plain answers, from a list: what every reader must agree with. */
class Model {
  readonly #znodes: readonly Znode[]
  constructor(znodes: readonly Znode[]) {
    this.#znodes = znodes
  }
  children(path: string) {
    return this.#znodes.filter((znode) => znode.path !== ROOT && parentPath(znode.path) === path)
  }
  subtree(root: string) {
    return this.#znodes.filter((znode) => isWithin(znode.path, root)).map((znode) => znode.path)
  }
}

async function listAll(reader: TreeReader, path: string, limit: number) {
  const names: string[] = []
  const counts: number[] = []
  for (let after: string | undefined; ; ) {
    const page = await reader.listChildren(path, { after, limit })
    if (page.kind !== 'page') throw new Error(`${path}: ${page.kind}`)
    expect(page.children.length).toBeLessThanOrEqual(limit)
    names.push(...page.children.map((child) => child.name))
    counts.push(...page.children.map((child) => child.numChildren))
    if (page.next === null) return { names, counts, total: page.total }
    after = page.next
  }
}

const pathsOf = async (stream: AsyncIterable<ZnodeBatch>) => (await collectZnodes(stream)).map((znode) => znode.path)

describe('an archive of a random tree over many blocks', () => {
  const random = new SeededRandom(42)
  const tree = randomTree(random, { size: 700, ephemerals: true }).map((znode, i) =>
    // Large values here and there: blocks end in the middle of families.
    i % 5 === 0 ? { ...znode, data: random.bytes(30_000) } : znode,
  )
  const model = new Model(tree)
  let reader: ArchiveReader
  let rebuilt: ArchiveReader

  beforeAll(async () => {
    const { dir } = await store.write(tree)
    reader = await store.archives.open(dir)
    const second = await store.write(tree)
    await rm(join(second.dir, 'index'))
    rebuilt = await store.archives.open(second.dir)
  })
  afterAll(async () => {
    await reader.close()
    await rebuilt.close()
  })

  test.each(['with its index', 'without its index'])('answers every get as the tree does, %s', async (how) => {
    const from = how === 'with its index' ? reader : rebuilt
    for (const znode of tree) {
      const found = await from.get(znode.path)
      if (found.kind !== 'found') throw new Error(`${znode.path} is ${found.kind}`)
      const { data, stat, ...rest } = found.znode
      const { data: expectedData, stat: expectedStat, ...expectedRest } = znode
      expect(rest).toEqual(expectedRest)
      expect(data && Buffer.from(data).equals(expectedData ?? Buffer.alloc(1))).toBe(expectedData && true)
      expect(copyStat(stat)).toEqual(copyStat(expectedStat))
      const system = znode.path === ROOT ? 1 : 0
      expect(found.numChildren, znode.path).toBe(model.children(znode.path).length + system)
    }
    expect(await from.get('/nope')).toEqual({ kind: 'missing' })
    expect(await from.get('/zz/top')).toEqual({ kind: 'missing' })
  })

  test('pages through the children of every parent, in order, with right counts', async () => {
    for (const parent of tree) {
      const expected = model.children(parent.path)
      if (expected.length === 0 || parent.path === ROOT) continue
      for (const limit of [1, 3, 1000]) {
        const { names, counts, total } = await listAll(reader, parent.path, limit)
        expect(names.map((name) => joinPath(parent.path, name))).toEqual(expected.map((znode) => znode.path))
        expect(counts).toEqual(expected.map((znode) => model.children(znode.path).length))
        expect(total).toBe(expected.length)
      }
    }
  })

  test('without its index the answers are the same', async () => {
    for (const path of ['/', ...tree.filter((_, i) => i % 9 === 0).map((znode) => znode.path)]) {
      expect(await listAll(rebuilt, path, 7)).toEqual(await listAll(reader, path, 7))
      expect(await pathsOf(rebuilt.readSubtree(path))).toEqual(await pathsOf(reader.readSubtree(path)))
    }
  })

  test('reads each subtree whole and nothing else', async () => {
    for (let i = 0; i < tree.length; i += 11) {
      const root = tree[i]!.path
      expect(await pathsOf(reader.readSubtree(root))).toEqual(model.subtree(root))
    }
  })

  test('a subtree can be left in the middle', async () => {
    for await (const batch of reader.readSubtree('/')) {
      expect(batch.znodes.length).toBeGreaterThan(0)
      break
    }
  })

  test('an abort signal ends a stream', async () => {
    const abort = new AbortController()
    const reading = (async () => {
      for await (const _ of reader.readSubtree('/', { signal: abort.signal })) abort.abort()
    })()
    await expect(reading).rejects.toMatchObject({ code: 'CANCELLED' })
  })
})

describe('a tree made for mistakes', () => {
  let reader: ArchiveReader
  beforeAll(async () => {
    const tree = buildTree(['/a/x', '/ab', '/a b', '/a-b', { path: '/a/x/deep', data: 'v' }, '/b'])
    reader = await store.archives.open((await store.write(tree)).dir)
  })
  afterAll(() => reader.close())

  test('/a never yields /ab, /a b or /a-b', async () => {
    expect(await pathsOf(reader.readSubtree('/a'))).toEqual(['/a', '/a/x', '/a/x/deep'])
    expect((await listAll(reader, '/a', 10)).names).toEqual(['x'])
    expect((await listAll(reader, '/', 2)).names).toEqual(['a', 'a b', 'a-b', 'ab', 'b', 'zookeeper'])
  })

  test('/zookeeper is left out of a stream unless asked for or named', async () => {
    const system = ['/zookeeper', '/zookeeper/config', '/zookeeper/quota']
    expect(await pathsOf(reader.readSubtree('/'))).not.toContain('/zookeeper')
    expect(await pathsOf(reader.readSubtree('/', { includeSystem: true }))).toEqual(expect.arrayContaining(system))
    expect(await pathsOf(reader.readSubtree('/zookeeper'))).toEqual(system)
  })

  test('a root that does not exist is NO_NODE, a page of it missing, a path that is none BAD_PATH', async () => {
    await expect(pathsOf(reader.readSubtree('/nope'))).rejects.toMatchObject({ code: 'NO_NODE' })
    expect(await reader.listChildren('/nope', { limit: 10 })).toEqual({ kind: 'missing' })
    await expect(reader.get('a')).rejects.toMatchObject({ code: 'BAD_PATH' })
    await expect(reader.get('/a/')).rejects.toMatchObject({ code: 'BAD_PATH' })
  })

  test('a page may start behind a name that does not exist', async () => {
    const page = await reader.listChildren('/', { after: 'a c', limit: 2 })
    expect(page.kind === 'page' && page.children.map((child) => child.name)).toEqual(['a-b', 'ab'])
    const end = await reader.listChildren('/', { after: 'zzz', limit: 2 })
    expect(end).toMatchObject({ kind: 'page', children: [], total: 6, next: null })
  })

  test('a closed reader says so', async () => {
    const other = await store.archives.open(reader.dir)
    await other.close()
    await other.close()
    await expect(other.get('/a')).rejects.toMatchObject({ code: 'CLOSED' })
  })
})

test('20,000 children, each with children of its own, are paged through with right totals', async () => {
  const tree = [buildZnode('/'), buildZnode({ path: '/many', data: '' })]
  for (let i = 0; i < 20_000; i++) {
    const path = `/many/n${String(i).padStart(10, '0')}`
    tree.push(buildZnode({ path, data: Buffer.alloc(150, i) }))
    if (i % 2 === 0) tree.push(buildZnode(`${path}/c`))
    if (i % 5000 === 0)
      for (let k = 10; k < 30; k++) tree.push(buildZnode({ path: `${path}/d${k}`, data: Buffer.alloc(90_000) }))
  }
  const reader = await store.archives.open((await store.write(tree)).dir)
  const { names, counts, total } = await listAll(reader, '/many', 1000)
  expect(total).toBe(20_000)
  expect(names).toHaveLength(20_000)
  expect(names).toEqual([...names].sort())
  expect(counts.slice(0, 3)).toEqual([21, 0, 1])
  expect(counts.reduce((a, b) => a + b)).toBe(10_000 + 4 * 20)
  const middle = await reader.listChildren('/many', { after: 'n0000012345', limit: 2 })
  expect(middle).toMatchObject({
    total: 20_000,
    next: 'n0000012347',
    children: [{ numChildren: 1 }, { numChildren: 0 }],
  })
  await reader.close()
})

test('an archive made by a client does not claim to know what an owner-less znode is', async () => {
  const tree = buildTree([
    { path: '/a', kind: 'unknown' },
    { path: '/e', kind: 'ephemeral' },
  ])
  const reader = await store.archives.open((await store.write(tree, { source: 'client' })).dir)
  const kinds = Object.fromEntries(
    (await collectZnodes(reader.readSubtree('/', { includeSystem: true }))).map(({ path, kind }) => [path, kind]),
  )
  expect(kinds).toEqual({
    '/': 'persistent',
    '/a': 'unknown',
    '/e': 'ephemeral',
    '/zookeeper': 'persistent',
    '/zookeeper/config': 'persistent',
    '/zookeeper/quota': 'persistent',
  })
  const page = await reader.listChildren('/', { limit: 10 })
  expect(page.kind === 'page' && page.children.map((child) => child.kind)).toEqual([
    'unknown',
    'ephemeral',
    'persistent',
  ])
  await reader.close()
})

test('what could not be read when the backup was taken is reported as such, never as absent', async () => {
  const tree = buildTree(['/a', '/m', '/z'])
  const unreadable = ['/secret', '/b']
  const reader = await store.archives.open((await store.write(tree, { unreadable })).dir)
  const places: UnreadableZnode[] = []
  for await (const batch of reader.readSubtree('/')) places.push(...batch.unreadable)
  expect(places.map((place) => place.path)).toEqual(['/b', '/secret'])
  expect(await reader.get('/secret')).toMatchObject({ kind: 'unreadable' })
  expect(await reader.get('/secret/below')).toMatchObject({ kind: 'unreadable' })
  expect(await reader.listChildren('/b', { limit: 1 })).toMatchObject({ kind: 'unreadable' })
  const below: ZnodeBatch[] = []
  for await (const batch of reader.readSubtree('/secret')) below.push(batch)
  expect(below).toMatchObject([{ znodes: [], unreadable: [{ path: '/secret' }] }])
  await reader.close()
})

test('a damaged index is rebuilt without a word', async () => {
  const { dir } = await store.write(buildTree(['/a', '/b/c']))
  for (const content of ['', '{', '{"format":"arkeeper-index","version":99}']) {
    await writeFile(join(dir, 'index'), content)
    const reader = await store.archives.open(dir)
    expect(await pathsOf(reader.readSubtree('/'))).toEqual(['/', '/a', '/b', '/b/c'])
    await reader.close()
  }
})
