import { describe, expect, it } from 'vitest'
import { comparePaths } from '../znode/order.ts'
import { SequenceCounters } from './sequence-counters.ts'

const STAT = {
  czxid: 0n,
  mzxid: 0n,
  pzxid: 0n,
  ctime: 0,
  mtime: 0,
  version: 0,
  aversion: 0,
  ephemeralOwner: 0n,
}

/** path → persisted cversion */
function countersOf(
  tree: Record<string, number>,
  options: { listedMax?: number; holds?: (p: string) => boolean } = {},
) {
  const counters = new SequenceCounters({ listedMax: 100, ...options })
  for (const path of Object.keys(tree).sort(comparePaths)) {
    counters.see({ path, stat: { ...STAT, cversion: tree[path] ?? 0 } })
  }
  return counters.finish()
}

describe('the sequence counters of a tree', () => {
  it('lists a parent with sequential children, also while all that were ever made are there', () => {
    expect(countersOf({ '/': 1, '/locks': 2, '/locks/l-0000000000': 0, '/locks/l-0000000001': 0 })).toEqual({
      listed: [{ path: '/locks', next: 2 }],
      total: 1,
    })
  })

  it('lists a parent that has fewer children than were made, and no parent whose plain children are all there', () => {
    expect(countersOf({ '/': 2, '/gone': 7, '/plain': 2, '/plain/a': 0, '/plain/b': 0 }).listed).toEqual([
      { path: '/gone', next: 7 },
    ])
  })

  it('counts direct children only, and takes the end of the name alone for a suffix', () => {
    const tree = {
      '/': 3,
      '/a': 1,
      '/a/b': 1,
      '/a/b/0000000007': 0,
      '/c': 1,
      '/c/0000000007x': 0,
      '/d': 1,
      '/d/000000007': 0,
    }
    expect(countersOf(tree).listed).toEqual([{ path: '/a/b', next: 1 }])
  })

  it('knows the root, siblings with a common prefix, and a counter that went below zero', () => {
    expect(countersOf({ '/': 3, '/n-0000000002': 0 }).listed).toEqual([{ path: '/', next: 3 }])
    expect(countersOf({ '/': 2, '/a': 5, '/a-b': 0 }).listed).toEqual([{ path: '/a', next: 5 }])
    expect(countersOf({ '/': 1, '/q': -2147483647, '/q/x--2147483648': 0 }).listed).toEqual([
      { path: '/q', next: -2147483647 },
    ])
  })

  it('lists no more than it may, in path order, and counts them all', () => {
    const many = Object.fromEntries(Array.from({ length: 500 }, (_, i) => [`/p${String(i).padStart(3, '0')}`, 9]))
    const { listed, total } = countersOf({ '/': 500, ...many }, { listedMax: 20 })
    expect(total).toBe(500)
    expect(listed).toHaveLength(20)
    expect(listed.map(({ path }) => path)).toEqual(listed.map(({ path }) => path).toSorted(comparePaths))
  })

  it('says nothing of an ancestor that is there without its other children', () => {
    const tree = { '/': 9, '/app': 4, '/app/queue': 3 }
    expect(countersOf(tree, { holds: (path) => path.startsWith('/app/queue') }).listed).toEqual([
      { path: '/app/queue', next: 3 },
    ])
  })
})
