import { describe, expect, it } from 'vitest'
import { compilePathPattern } from './path-pattern.ts'

const matches = (pattern: string, path: string, matchCase = true) => compilePathPattern(pattern, { matchCase })(path)

describe('compilePathPattern', () => {
  it.each([
    // A text is looked for anywhere.
    ['config', '/app/config', true],
    ['onf', '/app/config', true],
    ['p/c', '/app/config', true],
    ['cfg', '/app/config', false],
    // A star stays within a name.
    ['/app/*', '/app/config', true],
    ['/app/*', '/app/config/x', false],
    ['/app/*', '/app', false],
    ['/app/c*g', '/app/config', true],
    ['/app/c*g', '/app/c/g', false],
    ['/*/config', '/app/config', true],
    ['/*/config', '/a/b/config', false],
    ['/app/n-*-*', '/app/n-1-2', true],
    // Two stars go across names.
    ['/app/**', '/app/config', true],
    ['/app/**', '/app/a/b/c', true],
    ['/app/**', '/app', false],
    ['/app/**', '/apple/x', false],
    ['/app/**/leader', '/app/leader', true],
    ['/app/**/leader', '/app/a/b/leader', true],
    ['/app/**/leader', '/app/a/bleader', false],
    ['/a**z', '/a/b/z', true],
    ['/a***z', '/a/b/z', true],
    // A glob without a slash in front begins at any depth, and ends where the path ends.
    ['*.json', '/a.json', true],
    ['*.json', '/app/config/a.json', true],
    ['*.json', '/app/a.json/b', false],
    ['config/*', '/app/config/x', true],
    ['config/*', '/app/myconfig/x', false],
    ['**/x', '/x', true],
    ['**', '/', true],
    ['/**', '/', true],
    ['*', '/', false],
    ['/*', '/', false],
    ['/**', '/a', true],
    // Stars and dots that mean themselves.
    ['\\*', '/a*b', true],
    ['\\*', '/ab', false],
    ['/a\\*/*', '/a*/b', true],
    ['/a\\*/*', '/ab/b', false],
    ['/a.*', '/axb', false],
    ['/[ab]*', '/a1', false],
    // Beyond ASCII.
    ['/größe/*', '/größe/☃', true],
    ['☃', '/a/☃/b', true],
  ])('%s on %s is %s', (pattern, path, expected) => {
    expect(matches(pattern, path)).toBe(expected)
  })

  it.each([
    ['CONFIG', '/app/config'],
    ['config', '/App/CONFIG'],
    ['/APP/*G', '/app/config'],
    ['ÜBER', '/über'],
  ])('%s finds %s only when case does not count', (pattern, path) => {
    expect(matches(pattern, path, false)).toBe(true)
    expect(matches(pattern, path, true)).toBe(false)
  })

  it('agrees with a naive matcher on random paths and patterns', () => {
    let seed = 7
    const random = (n: number) => {
      seed = (seed * 1_103_515_245 + 12_345) & 0x7fffffff
      return (seed >> 8) % n
    }
    const text = (alphabet: readonly string[], length: number) =>
      Array.from({ length }, () => alphabet[random(alphabet.length)]).join('')
    let found = 0
    for (let round = 0; round < 20_000; round++) {
      const path = `/${text(['a', 'b', '/'], random(6))}x`.replace(/\/+/g, '/')
      const pattern = `/${text(['a', 'b', '/', '*', '**', 'x'], 1 + random(5))}`
      const expected = naive(pattern, path)
      if (expected) found++
      expect([pattern, path, matches(pattern, path)]).toEqual([pattern, path, expected])
    }
    expect(found).toBeGreaterThan(500)
  })

  it('does not lose itself in a pattern of many stars', () => {
    const pattern = `/${'*a'.repeat(100)}b`
    expect(matches(pattern, `/${'a'.repeat(2000)}`)).toBe(false)
    expect(matches(pattern, `/${'a'.repeat(2000)}b`)).toBe(true)
  })
})

/** The same rules as a regular expression, for short inputs. */
function naive(pattern: string, path: string): boolean {
  if (!pattern.includes('*')) return path.includes(pattern)
  const source = pattern
    .replace(/\*{2,}/g, '§')
    .replace(/\*/g, '[^/]*')
    .replace(/(?<=\/)§\//g, '(?:.*/)?')
    .replace(/§/g, '.*')
  return new RegExp(`^${source}$`).test(path)
}
