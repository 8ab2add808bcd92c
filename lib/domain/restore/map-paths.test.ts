import { describe, expect, it } from 'vitest'
import { SeededRandom } from '../../testing/seeded-random.ts'
import { buildTree, collectZnodes, randomTree, streamOf, unreadablePlace } from '../../testing/znode-builder.ts'
import { comparePaths } from '../znode/order.ts'
import { mapPath, mapPaths } from './map-paths.ts'

describe('mapPath', () => {
  it.each([
    ['/a', '/a', '/b', '/b'],
    ['/a/x/y', '/a', '/b/c', '/b/c/x/y'],
    ['/', '/', '/b', '/b'],
    ['/x', '/', '/b', '/b/x'],
    ['/a', '/a', '/', '/'],
    ['/a/x', '/a', '/', '/x'],
    ['/a/x', '/a', '/a', '/a/x'],
  ])('puts %s of %s at %s: %s', (path, from, to, expected) => {
    expect(mapPath(path, from, to)).toBe(expected)
  })
})

describe('mapPaths', () => {
  it('takes the subtree alone, not what only starts alike', async () => {
    const moved = await collectZnodes(mapPaths(streamOf(buildTree(['/a/x', '/ab', '/b'])), '/a', '/z'))
    expect(moved.map(({ path }) => path)).toEqual(['/z', '/z/x'])
  })

  it('leaves the system subtree behind when the whole tree moves', async () => {
    const moved = await collectZnodes(mapPaths(streamOf(buildTree(['/zookeeper/quota', '/a'])), '/', '/z'))
    expect(moved.map(({ path }) => path)).toEqual(['/z', '/z/a'])
  })

  it('moves unreadable places along; one above the subtree hides all of it', async () => {
    const places = [unreadablePlace('/a/s'), unreadablePlace('/b')]
    const found: string[] = []
    for await (const batch of mapPaths(streamOf(buildTree(['/a']), { unreadable: places }), '/a', '/z'))
      found.push(...batch.unreadable.map(({ path }) => path))
    for await (const batch of mapPaths(streamOf(buildTree(['/x']), { unreadable: places }), '/b/deep', '/z'))
      found.push(...batch.unreadable.map(({ path }) => path))
    expect(found).toEqual(['/z/s', '/z'])
  })

  it('keeps path order', async () => {
    for (let seed = 1; seed <= 30; seed++) {
      const random = new SeededRandom(seed)
      const tree = randomTree(random, { size: 60 })
      const from = random.pick(tree).path
      const to = random.pick(['/', '/m', '/m/n o', from])
      const moved = await collectZnodes(mapPaths(streamOf(tree, { batchSize: 7 }), from, to))
      const ordered = moved.every((znode, at) => at === 0 || comparePaths(moved[at - 1]!.path, znode.path) < 0)
      expect({ seed, ordered, first: moved[0]?.path }).toEqual({ seed, ordered: true, first: to })
    }
  })
})
