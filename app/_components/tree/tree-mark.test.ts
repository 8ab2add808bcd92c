import { describe, expect, test } from 'vitest'
import { joinPath, nameOf } from '@/lib/domain/znode/path.ts'
import { moveByKey } from './tree-keys.ts'
import { FIRST_ROW, markAt, settleMark } from './tree-mark.ts'
import { type Dir, flattenTree, type TreeItem } from './tree-state.ts'

const item = (path: string): TreeItem => ({ path, name: nameOf(path) || '/', hasChildren: true })

function flatOf(children: Readonly<Record<string, readonly string[]>>, rest: Partial<Dir<TreeItem>> = {}) {
  const dirs = Object.entries(children).map(([parent, names]): [string, Dir<TreeItem>] => [
    parent,
    { items: names.map((name) => item(joinPath(parent, name))), total: null, next: null, note: null, ...rest },
  ])
  return flattenTree({ root: item('/'), dirs: new Map(dirs), expanded: new Set(['/', '/a']) })
}

describe('the focus mark', () => {
  test('is at the root first', () => {
    expect(settleMark(flatOf({}), FIRST_ROW)).toEqual({ index: 0, at: { kind: 'item', path: '/' } })
  })

  test('that was moved to a row before it had arrived is at the child that comes to its place, and stays with it', () => {
    const empty = flatOf({})
    const move = moveByKey(empty, 0, 'ArrowDown', 10)
    expect(move).toEqual({ kind: 'focus', index: 1 })
    const waiting = markAt(empty, 1)
    expect(waiting.at).toEqual({ kind: 'place', dir: '/', child: 0 })
    const arrived = settleMark(flatOf({ '/': ['b', 'c'] }), waiting)
    expect(arrived).toEqual({ index: 1, at: { kind: 'item', path: '/b' } })
    expect(settleMark(flatOf({ '/': ['a1', 'b', 'c'] }), arrived)).toEqual({ ...arrived, index: 2 })
  })

  test('at a place that is still empty moves with the rows above it', () => {
    const before = flatOf({ '/': ['a', 'b'] }, { next: 'b', total: 10 })
    expect(before.rowAt(6)).toMatchObject({ kind: 'waiting', dir: '/', index: 4 })
    const after = flatOf({ '/': ['a', 'b'], '/a': ['x', 'y', 'z'] }, { next: 'z', total: 10 })
    const settled = settleMark(after, markAt(before, 6))
    expect(settled.at).toEqual({ kind: 'place', dir: '/', child: 4 })
    expect(after.rowAt(settled.index)).toMatchObject({ kind: 'waiting', dir: '/', index: 4 })
    expect(settled.index).toBe(15)
  })

  test('keeps its row when its item goes, and its item when that comes back', () => {
    const mark = markAt(flatOf({ '/': ['b', 'c', 'd'] }), 2)
    const gone = settleMark(flatOf({ '/': ['b', 'd'] }), mark)
    expect(gone.index).toBe(2)
    expect(settleMark(flatOf({ '/': ['b'] }), mark).index).toBe(1)
    expect(settleMark(flatOf({ '/': ['a2', 'b', 'c', 'd'] }), gone)).toEqual({
      index: 3,
      at: { kind: 'item', path: '/c' },
    })
  })

  test('is the same mark while nothing moves, so that drawing comes to rest', () => {
    const note = { tone: 'bad', text: 'no right to read' } as const
    for (const flat of [flatOf({}), flatOf({ '/': ['b', 'c'] }), flatOf({ '/': [] }, { note })]) {
      for (let index = 0; index < flat.length; index++) {
        const mark = settleMark(flat, markAt(flat, index))
        expect(settleMark(flat, mark)).toBe(mark)
      }
    }
  })
})
