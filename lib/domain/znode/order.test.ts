import { describe, expect, it } from 'vitest'
import { compareNames, comparePaths } from './order.ts'
import { isWithin, joinPath } from './path.ts'

describe('comparePaths', () => {
  it('puts a parent before its children and a subtree before its siblings with a longer name', () => {
    const ordered = ['/', '/a', '/a/x', '/a/x/y', '/a b', '/a-b', '/a.b', '/a0', '/ab', '/b', '/é', '/\uffef']
    expect([...ordered].reverse().sort(comparePaths)).toEqual(ordered)
  })

  it('keeps every subtree one contiguous run, on random trees', () => {
    let seed = 42
    const random = (n: number) => {
      seed = (seed * 1_103_515_245 + 12_345) & 0x7fffffff
      return seed % n
    }
    const names = ['a', 'a b', 'a-', 'a.', 'a0', 'ab', 'z', 'é', '!', '~']
    const paths = new Set(['/'])
    for (let i = 0; i < 600; i++) {
      const parent = [...paths][random(paths.size)] ?? '/'
      paths.add(joinPath(parent, names[random(names.length)] ?? 'a'))
    }
    const sorted = [...paths].sort(comparePaths)
    for (const root of paths) {
      const positions = sorted.flatMap((path, i) => (isWithin(path, root) ? [i] : []))
      expect(positions.at(-1)! - positions[0]! + 1).toBe(positions.length)
      expect(sorted[positions[0]!]).toBe(root)
    }
  })

  it('agrees with compareNames between siblings', () => {
    expect(Math.sign(comparePaths('/p/a', '/p/a-b'))).toBe(Math.sign(compareNames('a', 'a-b')))
    expect(Math.sign(comparePaths('/p/é', '/p/z'))).toBe(Math.sign(compareNames('é', 'z')))
  })
})
