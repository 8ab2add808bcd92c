import { describe, expect, it } from 'vitest'
import { intersectRoots, parseRoots, scaffoldingOf } from './scope.ts'

describe('parseRoots', () => {
  it('means the whole tree when nothing is asked for', () => {
    expect(parseRoots([])).toEqual(['/'])
  })
  it('sorts, and drops what lies within another root, but not a mere name prefix', () => {
    expect(parseRoots(['/b', '/a/x', '/a', '/ab', '/a'])).toEqual(['/a', '/ab', '/b'])
  })
  it('refuses what is not a path', () => {
    expect(() => parseRoots(['a'])).toThrow(/does not start with/)
  })
})

describe('scaffoldingOf', () => {
  it('gives each missing ancestor once, parents first', () => {
    expect(scaffoldingOf(['/a/b/c', '/a/b/d', '/x'])).toEqual(['/', '/a', '/a/b'])
    expect(scaffoldingOf(['/'])).toEqual([])
    expect(scaffoldingOf(['/a', '/a/b/c'])).toEqual(['/', '/a/b'])
  })
})

describe('intersectRoots', () => {
  it('narrows the roots to a path and the path to a root', () => {
    expect(intersectRoots(['/'], '/a')).toEqual(['/a'])
    expect(intersectRoots(['/a/x', '/b'], '/a')).toEqual(['/a/x'])
    expect(intersectRoots(['/a'], '/a/b')).toEqual(['/a/b'])
    expect(intersectRoots(['/a'], '/ab')).toEqual([])
  })
})
