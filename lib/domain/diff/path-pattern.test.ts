import { describe, expect, it } from 'vitest'
import { SeededRandom } from '../../testing/seeded-random.ts'
import { compilePattern, findPatternFault, patternOf } from './path-pattern.ts'

describe('a pattern of paths', () => {
  it.each([
    ['/a/b', ['/a/b'], ['/a', '/a/b/c', '/a/bb', '/']],
    ['/', ['/'], ['/a']],
    ['/a/**', ['/a', '/a/b', '/a/b/c'], ['/ab', '/b', '/']],
    ['/**', ['/', '/a', '/a/b'], []],
    ['/a/*', ['/a/b', '/a/*'], ['/a', '/a/b/c']],
    ['/a/*/c', ['/a/b/c'], ['/a/c', '/a/b/b/c']],
    ['/**/c', ['/c', '/a/c', '/a/b/c'], ['/a/c/d', '/a/xc', '/']],
    ['/a/**/z/**', ['/a/z', '/a/b/c/z', '/a/z/1/2'], ['/a/zz', '/a/b']],
    ['/**/b/**/d', ['/b/d', '/a/b/c/b/d', '/b/b/d/d'], ['/d/b', '/b/c']],
    ['/tmp-*', ['/tmp-', '/tmp-1'], ['/tmp', '/tmp-1/x']],
    ['/*-lock-*', ['/a-lock-b', '/-lock-', '/x-lock-lock-'], ['/a-lock', '/lock-b']],
    ['/a*a', ['/aa', '/aba'], ['/a', '/ab']],
    ['/a\\*b', ['/a*b'], ['/axb']],
    ['/a\\\\*', ['/a\\', '/a\\x'], ['/a*', '/ax']],
  ])('%s', (pattern, yes, no) => {
    expect(findPatternFault(pattern)).toBeNull()
    const matches = compilePattern(pattern)
    for (const path of yes) expect(matches(path), path).toBe(true)
    for (const path of no) expect(matches(path), path).toBe(false)
  })

  it.each([
    ['a', /start with/],
    ['', /start with/],
    ['/a/', /ends with/],
    ['/a//b', /empty name/],
    ['/a**', /whole name/],
    ['/a/**b', /whole name/],
    ['/a\\b', /stands before/],
    ['/a\\', /stands before/],
    [`/${'a'.repeat(1000)}`, /longer/],
  ])('%s is none', (pattern, fault) => {
    expect(findPatternFault(pattern)).toMatch(fault)
  })

  it('of one path matches that path, whatever is in it', () => {
    for (const path of ['/', '/a', '/a*b/**', '/a\\*', '/ü ✓']) {
      expect(findPatternFault(patternOf(path, { subtree: false }))).toBeNull()
      expect(compilePattern(patternOf(path, { subtree: false }))(path)).toBe(true)
      const below = compilePattern(patternOf(path, { subtree: true }))
      expect([below(path), below(path === '/' ? '/x' : `${path}/x/y`), below(`${path}x`)]).toEqual([
        true,
        true,
        path === '/',
      ])
    }
  })

  it('says the same as a naive matcher that tries everything', () => {
    const random = new SeededRandom(7)
    const pick = (from: readonly string[]) => random.pick(from)
    const make = (names: readonly string[]) =>
      `/${Array.from({ length: 1 + random.below(4) }, () => pick(names)).join('/')}`
    for (let i = 0; i < 5000; i++) {
      const pattern = make(['a', 'b', 'ab', '*', '**', 'a*', '*b', 'a*b'])
      const path = make(['a', 'b', 'ab', 'abb', 'aab'])
      const wanted = naive(pattern.slice(1).split('/'), path.slice(1).split('/'))
      expect(compilePattern(pattern)(path), `${pattern} ${path}`).toBe(wanted)
    }
  })

  it('takes no time for a pattern that is made to take long', () => {
    const path = `/${'a'.repeat(900)}`.repeat(10)
    expect(compilePattern(`/${'*a'.repeat(300)}*b`)(path)).toBe(false)
    expect(compilePattern(`${'/**/*'.repeat(100)}/b`)(path)).toBe(false)
  })
})

function naive(segments: readonly string[], names: readonly string[]): boolean {
  const [segment, ...rest] = segments
  if (segment === undefined) return names.length === 0
  if (segment === '**') return naive(rest, names) || (names.length > 0 && naive(segments, names.slice(1)))
  const [name, ...others] = names
  return name !== undefined && naiveName(segment, name) && naive(rest, others)
}

function naiveName(wanted: string, name: string): boolean {
  if (wanted === '') return name === ''
  if (wanted[0] === '*') return naiveName(wanted.slice(1), name) || (name !== '' && naiveName(wanted, name.slice(1)))
  return wanted[0] === name[0] && naiveName(wanted.slice(1), name.slice(1))
}
