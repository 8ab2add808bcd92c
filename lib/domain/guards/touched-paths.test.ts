import { expect, it } from 'vitest'
import { warnOfLiveUse } from './live-warnings.ts'
import { SequenceParents } from './sequence-parents.ts'
import { joinWarnings } from './severity.ts'
import { TouchedPaths } from './touched-paths.ts'

function touch(...paths: string[]): TouchedPaths {
  const touched = new TouchedPaths()
  for (const path of paths) touched.add(path)
  return touched
}

it('knows what is written and what lies above it; a prefix ends at a slash', () => {
  const touched = touch('/a/b/c', '/a/b/d', '/ü/☃')
  expect(['/a/b/c', '/a/b/d', '/ü/☃'].every((path) => touched.isWritten(path))).toBe(true)
  expect(['/', '/a', '/a/b', '/a/b/cc', '/a/b/c/d', '/ü', '/ab/c'].some((path) => touched.isWritten(path))).toBe(false)
  expect(['/', '/a', '/a/b', '/ü'].every((path) => touched.isAbove(path))).toBe(true)
  expect(['/a/b/c', '/a/', '/aa', '/a/bb', '/b'].some((path) => touched.isAbove(path))).toBe(false)
})

it('finds the nearest written znode at or above a path, never the root', () => {
  const touched = touch('/', '/a', '/a/b/c')
  expect(touched.findWrittenAbove('/a/b/c/d/e')).toBe('/a/b/c')
  expect(touched.findWrittenAbove('/a/b/x')).toBe('/a')
  expect(touched.findWrittenAbove('/a')).toBe('/a')
  expect(touched.findWrittenAbove('/ab/c')).toBeNull()
  expect(touched.isWritten('/')).toBe(true)
})

it('asks of a hundred thousand paths without a mistake', () => {
  const touched = new TouchedPaths()
  for (let i = 0; i < 100_000; i += 2) touched.add(`/shop/items/item-${i}`)
  const wrong = Array.from({ length: 100_000 }, (_, i) => i).filter(
    (i) => touched.isWritten(`/shop/items/item-${i}`) !== (i % 2 === 0),
  )
  expect(wrong).toEqual([])
})

it('says who watches in one line, however many they are', () => {
  const watchers = new Map(
    Array.from({ length: 10 }, (_, i): [string, Set<bigint>] => [`/a/${i}`, new Set([1n, BigInt(i + 2)])]),
  )
  const use = { watchers, ephemerals: new Map(), addresses: new Map([[1n, '10.0.0.5:4711']]) }
  const [warning, ...rest] = warnOfLiveUse(use, touch('/a/0', '/a/1', '/a/2', '/a/3', '/a/4'))
  expect(rest).toEqual([])
  expect(warning).toMatchObject({
    code: 'watched',
    path: '/a/0',
    message:
      '5 znodes that it writes are watched, by 10 watches of 6 sessions: 0x1 (10.0.0.5:4711), 0x2, 0x3 and 3 more: /a/0, /a/1, /a/2 and 2 more',
  })
})

it('ephemerals count where something above them is written, the root left out', () => {
  const ephemerals = new Map([
    [7n, ['/a/locks/x', '/b/x', '/top']],
    [8n, ['/ab/locks/y']],
  ])
  const warnings = warnOfLiveUse(
    { watchers: new Map(), ephemerals, addresses: new Map() },
    touch('/', '/a', '/a/locks'),
  )
  expect(warnings).toEqual([
    expect.objectContaining({
      code: 'session-owned',
      path: '/a/locks',
      message: 'session 0x7 owns 1 ephemeral below znodes that it writes: in /a/locks',
    }),
  ])
})

it('a counter that goes back is a danger where children have their names from it, and leads the list', () => {
  const sequences = new SequenceParents()
  for (const path of ['/queue/task-0000000011', '/plain/task-000000011', '/dated/2026112400x', '/0000000001'])
    sequences.add(path)
  const back = (path: string) => ({ code: 'counter-back', path, message: 'm' })
  const watched = { code: 'watched', path: '/w', message: 'm', severity: 'warning' } as const
  const joined = joinWarnings([watched], [back('/plain'), back('/queue'), back('/dated'), back('/')], (path) =>
    sequences.has(path),
  )
  expect(joined.map(({ path, severity }) => `${path} ${severity ?? ''}`)).toEqual([
    '/queue danger',
    '/ danger',
    '/w warning',
    '/plain ',
    '/dated ',
  ])
})
