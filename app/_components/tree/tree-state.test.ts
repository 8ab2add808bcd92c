import { describe, expect, test } from 'vitest'
import { joinPath, nameOf } from '@/lib/domain/znode/path.ts'
import { findByPrefix, moveByKey } from './tree-keys.ts'
import {
  collapsePath,
  countShownOf,
  type Dir,
  expandPath,
  findChangedItems,
  flattenTree,
  forgetBelow,
  setDir,
  type TreeItem,
  type TreeState,
  visibleDirs,
} from './tree-state.ts'

const item = (path: string, hasChildren = true): TreeItem => ({ path, name: nameOf(path) || '/', hasChildren })
const dir = (parent: string, names: readonly string[], rest: Partial<Dir<TreeItem>> = {}): Dir<TreeItem> => ({
  items: names.map((name) => item(joinPath(parent, name))),
  total: names.length,
  next: null,
  note: null,
  ...rest,
})

function stateOf(dirs: Record<string, Dir<TreeItem>>, expanded: readonly string[]): TreeState<TreeItem> {
  return { root: item('/'), dirs: new Map(Object.entries(dirs)), expanded: new Set(expanded) }
}

function rowsOf(state: TreeState<TreeItem>): string[] {
  const flat = flattenTree(state)
  return Array.from({ length: flat.length }, (_, index) => {
    const row = flat.rowAt(index)
    if (row?.kind === 'item') return `${row.depth} ${row.item.path}`
    return row?.kind === 'waiting' ? `${row.depth} ${row.dir} #${row.index}` : `${row?.depth} ${row?.dir} ${row?.text}`
  })
}

const small = stateOf({ '/': dir('/', ['a', 'b', 'c']), '/a': dir('/a', ['x']), '/c': dir('/c', ['y', 'z']) }, [
  '/',
  '/a',
  '/c',
])

describe('flattenTree', () => {
  test('rows are in path order, children right below their parent', () => {
    expect(rowsOf(small)).toEqual(['0 /', '1 /a', '2 /a/x', '1 /b', '1 /c', '2 /c/y', '2 /c/z'])
  })

  test('a closed row hides everything below it, and keeps what was open there', () => {
    const closed = collapsePath(small, '/')
    expect(rowsOf(closed)).toEqual(['0 /'])
    expect(rowsOf(expandPath(closed, '/'))).toEqual(rowsOf(small))
  })

  test('an open row that is not loaded yet shows one waiting row', () => {
    expect(rowsOf(expandPath(small, '/b'))).toContain('2 /b #0')
  })

  test('children that are not loaded yet have their places, so that the scroll bar is right', () => {
    const state = stateOf({ '/': dir('/', ['a', 'b'], { total: 20_000, next: 'b' }) }, ['/'])
    const flat = flattenTree(state)
    expect(flat.length).toBe(20_001)
    expect(flat.rowAt(2)).toMatchObject({ kind: 'item', position: 2, siblings: 20_000 })
    expect(flat.rowAt(3)).toEqual({ kind: 'waiting', dir: '/', index: 2, depth: 1 })
    expect(flat.rowAt(20_000)).toEqual({ kind: 'waiting', dir: '/', index: 19_999, depth: 1 })
    expect(flat.rowAt(20_001)).toBeNull()
  })

  test('where the number of children is not known, one waiting row stands for the rest', () => {
    const state = stateOf({ '/': dir('/', ['a'], { total: null, next: 'a' }) }, ['/'])
    expect(rowsOf(state)).toEqual(['0 /', '1 /a', '1 / #1'])
  })

  test('a note stands in the place of children that cannot be shown', () => {
    const note = { tone: 'bad', text: 'no right to read' } as const
    expect(rowsOf(stateOf({ '/': dir('/', [], { note }) }, ['/']))).toEqual(['0 /', '1 / no right to read'])
  })

  test('every row is found again by its path', () => {
    const flat = flattenTree(small)
    for (let index = 0; index < flat.length; index++) {
      const row = flat.rowAt(index)
      expect(row?.kind === 'item' && flat.indexOf(row.item.path)).toBe(index)
    }
    expect(flat.indexOf('/b/none')).toBe(-1)
    expect(flattenTree(collapsePath(small, '/a')).indexOf('/a/x')).toBe(-1)
  })

  test('tells how far the children of a directory are on screen', () => {
    const flat = flattenTree(small)
    expect(countShownOf(flat, '/', { first: 0, last: 3 })).toBe(2)
    expect(countShownOf(flat, '/c', { first: 4, last: 5 })).toBe(1)
    expect(countShownOf(flat, '/a', { first: 3, last: 6 })).toBe(0)
    const wide = flattenTree(stateOf({ '/': dir('/', ['a'], { total: 100, next: 'a' }) }, ['/']))
    expect(countShownOf(wide, '/', { first: 40, last: 60 })).toBe(60)
  })

  test('rows agree with a plain recursive walk on random trees', () => {
    let seed = 20_261_123
    const random = (limit: number) => {
      seed = (seed * 1_103_515_245 + 12_345) % 2_147_483_648
      return seed % limit
    }
    for (let round = 0; round < 50; round++) {
      const dirs: Record<string, Dir<TreeItem>> = {}
      const expanded: string[] = []
      const walk = (path: string, depth: number) => {
        const names = Array.from({ length: random(5) }, (_, i) => `n${i}`)
        dirs[path] = dir(path, names, random(4) === 0 ? { total: names.length + random(9) + 1, next: 'n' } : {})
        if (random(3) > 0 || depth === 0) expanded.push(path)
        if (depth < 4) for (const name of names) if (random(2) === 0) walk(joinPath(path, name), depth + 1)
      }
      walk('/', 0)
      const state = stateOf(dirs, expanded)
      const expected: string[] = []
      const naive = (path: string, depth: number) => {
        expected.push(`${depth} ${path}`)
        if (!state.expanded.has(path)) return
        const known = dirs[path]
        if (!known) {
          expected.push(`${depth + 1} ${path} #0`)
          return
        }
        for (const child of known.items) naive(child.path, depth + 1)
        const rest = known.next === null ? 0 : (known.total ?? 0) - known.items.length
        for (let i = 0; i < rest; i++) expected.push(`${depth + 1} ${path} #${known.items.length + i}`)
      }
      naive('/', 0)
      expect(rowsOf(state)).toEqual(expected)
    }
  })
})

describe('state', () => {
  test('a znode that has gone takes along what was known below it, and nothing else', () => {
    const state = setDir(expandPath(small, '/ab'), '/ab', dir('/ab', ['q']))
    const after = forgetBelow(state, '/a')
    expect([...after.dirs.keys()]).toEqual(['/', '/c', '/ab'])
    expect(after.expanded.has('/a')).toBe(false)
    expect(after.expanded.has('/ab')).toBe(true)
  })

  test('only open rows below open rows are watched', () => {
    expect(visibleDirs(collapsePath(expandPath(small, '/a/x'), '/a')).sort()).toEqual(['/', '/c'])
    expect(visibleDirs(collapsePath(small, '/'))).toEqual([])
  })

  test('new and changed children are told from those that only came into view', () => {
    const before = [
      { ...item('/a'), v: 1 },
      { ...item('/c'), v: 1 },
    ]
    const after = [
      { ...item('/a'), v: 2 },
      { ...item('/b'), v: 1 },
      { ...item('/c'), v: 1 },
    ]
    expect(findChangedItems(before, after, (x, y) => x.v === y.v)).toEqual(['/a', '/b'])
    expect(findChangedItems(before, before, (x, y) => x.v === y.v)).toEqual([])
  })
})

describe('moveByKey', () => {
  const flat = flattenTree(small)

  test.each([
    [0, 'ArrowDown', { kind: 'focus', index: 1 }],
    [0, 'ArrowUp', { kind: 'focus', index: 0 }],
    [6, 'ArrowDown', { kind: 'focus', index: 6 }],
    [3, 'Home', { kind: 'focus', index: 0 }],
    [3, 'End', { kind: 'focus', index: 6 }],
    [0, 'PageDown', { kind: 'focus', index: 3 }],
    [5, 'PageUp', { kind: 'focus', index: 2 }],
    [1, 'ArrowRight', { kind: 'focus', index: 2 }],
    [3, 'ArrowRight', { kind: 'expand', path: '/b' }],
    [1, 'ArrowLeft', { kind: 'collapse', path: '/a' }],
    [2, 'ArrowLeft', { kind: 'focus', index: 1 }],
    [6, 'Enter', { kind: 'select', path: '/c/z' }],
    [6, ' ', { kind: 'pick', path: '/c/z' }],
    [0, 'Tab', null],
    [0, 'x', null],
  ])('at row %d, %s does %j', (index, key, move) => {
    expect(moveByKey(flat, index, key, 3)).toEqual(move)
  })

  test('a leaf has nothing to open', () => {
    const state = stateOf({ '/': { ...dir('/', []), items: [item('/leaf', false)], total: 1 } }, ['/'])
    expect(moveByKey(flattenTree(state), 1, 'ArrowRight', 3)).toEqual({ kind: 'none' })
  })
})

describe('findByPrefix', () => {
  const flat = flattenTree(stateOf({ '/': dir('/', ['alpha', 'beta', 'brokers', 'config']) }, ['/']))

  test('one letter goes to the next name that begins with it, round the end', () => {
    expect(findByPrefix(flat, 0, 'b')).toBe(2)
    expect(findByPrefix(flat, 2, 'b')).toBe(3)
    expect(findByPrefix(flat, 3, 'b')).toBe(2)
    expect(findByPrefix(flat, 4, 'a')).toBe(1)
  })

  test('more letters narrow the search down and may stay where they are', () => {
    expect(findByPrefix(flat, 2, 'br')).toBe(3)
    expect(findByPrefix(flat, 3, 'BRO')).toBe(3)
    expect(findByPrefix(flat, 0, 'zz')).toBe(-1)
  })
})
