import { describe, expect, it } from 'vitest'
import { auditPathOf } from './restore-scope.ts'

describe('auditPathOf', () => {
  it.each([
    [{ kind: 'all' }, '/'],
    [{ kind: 'subtree', path: '/a', targetPath: null }, '/a'],
    [{ kind: 'subtree', path: '/a', targetPath: '/b/c' }, '/b/c'],
    [{ kind: 'picked', paths: ['/a/b/c'], subtrees: [] }, '/a/b/c'],
    [{ kind: 'picked', paths: ['/a/b/c', '/a/bc'], subtrees: ['/a/b'] }, '/a'],
    [{ kind: 'picked', paths: ['/a', '/b'], subtrees: [] }, '/'],
    [{ kind: 'undo' }, null],
    ['nonsense', null],
  ])('files %j under %s', (scope, path) => {
    expect(auditPathOf(scope)).toBe(path)
  })
})
