import { describe, expect, it } from 'vitest'
import { ZnodeError } from './errors.ts'
import {
  ancestorsOf,
  depthOf,
  findPathFault,
  isSystemPath,
  isWithin,
  joinPath,
  nameOf,
  parentPath,
  parsePath,
} from './path.ts'

describe('isWithin', () => {
  it.each([
    ['/a', '/a', true],
    ['/a/b', '/a', true],
    ['/ab', '/a', false],
    ['/a-b', '/a', false],
    ['/', '/a', false],
    ['/a', '/', true],
    ['/', '/', true],
  ])('%s within %s is %s: a prefix ends at a slash', (path, root, expected) => {
    expect(isWithin(path, root)).toBe(expected)
  })

  it('does not take /zookeeper-backup for the system subtree', () => {
    expect(isSystemPath('/zookeeper')).toBe(true)
    expect(isSystemPath('/zookeeper/quota')).toBe(true)
    expect(isSystemPath('/zookeeper-backup')).toBe(false)
  })
})

describe('findPathFault', () => {
  it.each(['/', '/a', '/a/b', '/...', '/.x', '/a..b', '/with space', '/ü/☃', '/\uffef'])('accepts %s', (path) => {
    expect(findPathFault(path)).toBeNull()
  })

  it.each([
    '',
    'a',
    '/a/',
    '//',
    '/a//b',
    '/.',
    '/..',
    '/a/../b',
    '/a\u0000',
    '/\u001f',
    '/\u007f',
    '/\ud800',
    '/\uf8ff',
    '/\ufff0',
  ])('refuses %j as the server does', (path) => {
    expect(findPathFault(path)).not.toBeNull()
  })

  it('names the path and the fault in the error', () => {
    expect(() => parsePath('/a/')).toThrow(ZnodeError)
    expect(() => parsePath('/a/')).toThrow('the path ends with /')
  })
})

describe('parts of a path', () => {
  it('splits and joins without a double slash at the root', () => {
    expect(parentPath('/a')).toBe('/')
    expect(parentPath('/a/b')).toBe('/a')
    expect(parentPath('/')).toBe('/')
    expect(nameOf('/a/b')).toBe('b')
    expect(nameOf('/')).toBe('')
    expect(joinPath('/', 'a')).toBe('/a')
    expect(joinPath('/a', 'b')).toBe('/a/b')
    expect(depthOf('/')).toBe(0)
    expect(depthOf('/a/b/c')).toBe(3)
    expect(ancestorsOf('/a/b/c')).toEqual(['/', '/a', '/a/b'])
    expect(ancestorsOf('/')).toEqual([])
  })
})
