import { expect, test } from 'vitest'
import { SeededRandom } from '../../../testing/seeded-random.ts'
import { randomTree } from '../../../testing/znode-builder.ts'
import { comparePaths } from '../../znode/order.ts'
import { GuardList } from './guard-list.ts'

const present = (i: number) => ({ kind: 'present', czxid: BigInt(i) << 32n, version: i - 1, aversion: 5 - i }) as const

function listOf(paths: readonly string[]): GuardList {
  const list = new GuardList()
  for (const [i, path] of paths.entries()) list.add(path, present(i), i)
  return list
}

test('gives back what it was given, in path order and against it, however it came', () => {
  const random = new SeededRandom(3)
  const paths = [...randomTree(random, { size: 2000 }).map((znode) => znode.path), '/ü/漢字', '/a b', '/a-b']
  for (const given of [paths, [...paths].sort(comparePaths), [...paths].sort(comparePaths).reverse()]) {
    const list = listOf(given)
    expect(list.length).toBe(given.length)
    const wanted = given
      .map((path, i) => ({ path, expect: present(i), note: i }))
      .sort((a, b) => comparePaths(a.path, b.path))
    expect([...list.ascending()]).toEqual(wanted)
    expect([...list.descending()]).toEqual(wanted.reverse())
  }
})

test('keeps the extremes of its numbers, equal paths in their order, and nothing when it is empty', () => {
  const list = new GuardList()
  expect([...list.ascending(), ...list.descending()]).toEqual([])
  const extreme = { kind: 'present', czxid: -(2n ** 63n), version: -(2 ** 31), aversion: 2 ** 31 - 1 } as const
  list.add('/', extreme, 7)
  list.add('/', present(1), 8)
  expect([...list.ascending()].map(({ note }) => note)).toEqual([7, 8])
  expect([...list.ascending()][0]).toEqual({ path: '/', expect: extreme, note: 7 })
})
