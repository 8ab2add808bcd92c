import { describe, expect, test } from 'vitest'
import { comparePaths } from '../../../domain/znode/order.ts'
import { depthOf, joinPath } from '../../../domain/znode/path.ts'
import type { Znode } from '../../../domain/znode/znode.ts'
import { SeededRandom } from '../../../testing/seeded-random.ts'
import { planRoots, type WalkItem, type WalkLimits, WalkOrder } from './walk-order.ts'

type Tree = Map<string, { children: string[]; bytes: number }>

function add(tree: Tree, path: string, bytes = 10): void {
  tree.set(path, { children: [], bytes })
  if (path === '/') return
  const slash = path.lastIndexOf('/')
  tree.get(slash === 0 ? '/' : path.slice(0, slash))?.children.push(path.slice(slash + 1))
}

function randomTree(random: SeededRandom, size: number): Tree {
  const tree: Tree = new Map()
  add(tree, '/')
  const places = ['/']
  const letters = ['a', 'b', ' ', '-', '0', 'é', 'z']
  while (tree.size < size) {
    const parent = places[Math.floor(random.next() * random.next() * places.length)] ?? '/'
    const name = Array.from({ length: 1 + random.below(4) }, () => random.pick(letters))
    const path = joinPath(parent, name.join(''))
    if (tree.has(path)) continue
    add(tree, path, random.below(200))
    places.push(path)
  }
  return tree
}

const STAT = {
  czxid: 1n,
  mzxid: 1n,
  pzxid: 1n,
  ctime: 0,
  mtime: 0,
  version: 0,
  cversion: 0,
  aversion: 0,
  ephemeralOwner: 0n,
}

function znodeOf(path: string, bytes: number): Znode {
  return { path, data: Buffer.alloc(bytes), acl: [], stat: STAT, kind: 'unknown', ttlMs: null }
}

interface Played {
  readonly paths: string[]
  readonly heldMax: number
}

/** Plays a server that answers in random order, and a reader that takes batches now and then. */
function play(
  tree: Tree,
  roots: readonly string[],
  options: { random: SeededRandom; limits: WalkLimits; scaffold?: boolean; batch?: number },
): Played {
  const { random, limits } = options
  const order = new WalkOrder(roots, { limits, scaffold: options.scaffold ?? false })
  const open: { item: WalkItem; isList: boolean }[] = []
  const paths: string[] = []
  let handedOut = 0
  let asked = 0
  let heldMax = 0
  for (let turn = 0; !order.isDone; turn++) {
    if (turn > 2_000_000) throw new Error('the walk does not come to an end')
    while (open.length < 500) {
      const work = order.take({ max: options.batch ?? 16, averageBytes: 100, bytesTarget: 10_000 })
      if (!work) break
      asked += work.entries.length
      for (const item of work.entries) open.push({ item, isList: false })
      for (const item of work.lists) open.push({ item, isList: true })
    }
    heldMax = Math.max(heldMax, asked - handedOut)
    const [answered] = open.splice(random.below(open.length), 1)
    if (answered) answer(tree, order, answered)
    const batch = order.drain({ znodesMax: 20, bytesMax: 5_000 })
    if (!batch) {
      if (!answered) throw new Error(`nothing is asked and nothing comes out after ${paths.at(-1)}`)
      continue
    }
    handedOut += batch.znodes.length
    paths.push(...batch.znodes.map((znode) => znode.path))
  }
  return { paths, heldMax }
}

function answer(tree: Tree, order: WalkOrder, { item, isList }: { item: WalkItem; isList: boolean }): void {
  const node = tree.get(item.path)
  if (!node) throw new Error(`asked for ${item.path}, which does not exist`)
  if (isList) order.resolveList(item, [...node.children])
  else order.resolveRead(item, znodeOf(item.path, node.bytes), node.children.length)
}

const WIDE_LIMITS: WalkLimits = { znodesMax: 10_000, bytesMax: 10_000_000, namesMax: 10_000 }

describe('WalkOrder', () => {
  test.each([1, 2, 3, 4, 5, 6])(
    'hands out every znode once in path order, whatever the order of answers (seed %i)',
    (seed) => {
      const random = new SeededRandom(seed)
      const tree = randomTree(random, 1_500)
      const expected = [...tree.keys()].sort(comparePaths)
      expect(play(tree, ['/'], { random, limits: WIDE_LIMITS }).paths).toEqual(expected)
    },
  )

  test.each([1, 2, 3, 4])('comes to its end within limits far too small for the tree (seed %i)', (seed) => {
    const random = new SeededRandom(seed)
    const tree = randomTree(random, 1_000)
    const expected = [...tree.keys()].sort(comparePaths)
    for (const limits of [
      { znodesMax: 1, bytesMax: 1, namesMax: 1 },
      { znodesMax: 50, bytesMax: 1_000_000, namesMax: 3 },
      { znodesMax: 1_000_000, bytesMax: 600, namesMax: 1_000 },
    ]) {
      expect(play(tree, ['/'], { random, limits }).paths).toEqual(expected)
    }
  })

  test('holds no more znodes than the window, and a batch for each level above the place that the reader waits for', () => {
    const random = new SeededRandom(7)
    const tree = randomTree(random, 3_000)
    const { heldMax } = play(tree, ['/'], {
      random,
      limits: { znodesMax: 100, bytesMax: 10_000_000, namesMax: 10_000 },
      batch: 16,
    })
    const depth = Math.max(...[...tree.keys()].map(depthOf))
    expect(heldMax).toBeLessThanOrEqual(100 + 16 * (depth + 2))
  })

  test('two lists above the names budget one after the other do not stand still', () => {
    const tree: Tree = new Map()
    for (const path of ['/', '/a', '/b', '/c']) add(tree, path)
    for (const parent of ['/a', '/b', '/c']) for (let i = 0; i < 20_500; i++) add(tree, `${parent}/${i}`, 0)
    const { paths } = play(tree, ['/'], { random: new SeededRandom(1), limits: WIDE_LIMITS, batch: 64 })
    expect(paths).toEqual([...tree.keys()].sort(comparePaths))
  })

  test('a chain of 500 znodes comes out whole', () => {
    const tree: Tree = new Map()
    add(tree, '/')
    let path = ''
    for (let i = 0; i < 500; i++) {
      path += '/d'
      add(tree, path)
    }
    expect(play(tree, ['/'], { random: new SeededRandom(1), limits: WIDE_LIMITS }).paths).toHaveLength(501)
  })

  test('a subtree does not take in a neighbour with the same beginning, and brings its ancestors when asked', () => {
    const tree: Tree = new Map()
    for (const path of ['/', '/a', '/a/x', '/a/x/1', '/a/xy', '/a-b', '/ab', '/b', '/b/c']) add(tree, path)
    const options = { random: new SeededRandom(1), limits: WIDE_LIMITS }
    expect(play(tree, ['/a/x'], options).paths).toEqual(['/a/x', '/a/x/1'])
    expect(play(tree, ['/b/c', '/a/x', '/a/x/1'], { ...options, scaffold: true }).paths).toEqual([
      '/',
      '/a',
      '/a/x',
      '/a/x/1',
      '/b',
      '/b/c',
    ])
  })

  test('what vanishes or cannot be read leaves its neighbours in place', () => {
    const order = new WalkOrder(['/'], { limits: WIDE_LIMITS, scaffold: false })
    const take = () => order.take({ max: 64, averageBytes: 100, bytesTarget: 100_000 })
    const root = take()?.entries[0]
    if (!root) throw new Error('the root is asked for first')
    order.resolveRead(root, znodeOf('/', 0), 4)
    const list = take()?.lists[0]
    if (!list) throw new Error('then its children')
    order.resolveList(list, ['d', 'b', 'a', 'c'])
    const [a, b, c, d] = take()?.entries ?? []
    if (!a || !b || !c || !d) throw new Error('then each of them')
    order.resolveGone(b)
    order.resolveUnreadable(c, { path: '/c', reason: 'no-auth', message: 'closed' })
    order.resolveRead(d, znodeOf('/d', 0), 0)
    expect(order.drain({ znodesMax: 10, bytesMax: 1_000_000 })).toBeNull()
    order.resolveRead(a, znodeOf('/a', 0), 2)
    const below = take()?.lists[0]
    if (!below) throw new Error('then the children of /a')
    order.resolveListUnreadable(below, { path: '/a', reason: 'no-auth', message: 'closed' })
    const batch = order.drain({ znodesMax: 10, bytesMax: 1_000_000 })
    expect(batch?.znodes.map((znode) => znode.path)).toEqual(['/', '/a', '/d'])
    expect(batch?.unreadable.map((place) => place.path)).toEqual(['/a', '/c'])
    expect(order.isDone).toBe(true)
  })
})

test('roots are sorted, doubled ones and those inside another dropped', () => {
  expect(planRoots(['/b', '/a/x', '/a', '/b', '/a-b'], false).map((place) => place.path)).toEqual(['/a', '/a-b', '/b'])
  expect(planRoots(['/', '/a'], true)).toEqual([{ path: '/', isRoot: true, isScaffold: false }])
})
