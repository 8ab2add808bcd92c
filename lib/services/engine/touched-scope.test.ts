import { describe, expect, it } from 'vitest'
import { TouchedScope } from './touched-scope.ts'

function scopeOf(paths: readonly string[], max: number) {
  const scope = new TouchedScope(max)
  for (const path of paths) scope.add(path)
  return scope.finish()
}

describe('TouchedScope', () => {
  it('lists each path once, in path order, while they are few', () => {
    expect(scopeOf(['/b', '/a/x', '/a', '/b'], 3)).toEqual({ kind: 'touched', paths: ['/a', '/a/x', '/b'] })
  })

  it('covers a new subtree by its top', () => {
    const made = ['/new', ...Array.from({ length: 100 }, (_, i) => `/new/${i}`), '/other']
    expect(scopeOf(made, 10)).toEqual({ kind: 'subtrees', paths: ['/new', '/other'] })
  })

  it('covers deletions, children first, by their top', () => {
    const deleted = [...Array.from({ length: 100 }, (_, i) => `/old/${i}`), '/old', '/a']
    expect(scopeOf(deleted, 10)).toEqual({ kind: 'subtrees', paths: ['/a', '/old'] })
  })

  it('covers scattered znodes by the lowest level that is few enough', () => {
    const scattered = Array.from({ length: 40 }, (_, i) => `/app/${i % 4}/${i}/value`)
    expect(scopeOf(scattered, 10)).toEqual({ kind: 'subtrees', paths: ['/app/0', '/app/1', '/app/2', '/app/3'] })
  })

  it('takes the whole tree where even the top level is too wide', () => {
    expect(
      scopeOf(
        Array.from({ length: 30 }, (_, i) => `/${i}`),
        10,
      ),
    ).toEqual({ kind: 'subtrees', paths: ['/'] })
  })

  it('holds every path that was given, whatever their order', () => {
    const paths = Array.from({ length: 500 }, (_, i) => `/r/${(i * 7) % 13}/${(i * 31) % 101}/${i}`)
    for (const order of [paths, paths.toReversed()]) {
      const { kind, paths: roots } = scopeOf(order, 20)
      expect(kind).toBe('subtrees')
      expect(roots.length).toBeLessThanOrEqual(20)
      for (const path of order) expect(roots.some((root) => path === root || path.startsWith(`${root}/`))).toBe(true)
    }
  })
})
