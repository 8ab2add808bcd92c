import { expect, test } from 'vitest'
import { PathOrder } from './path-order.ts'

function run(paths: readonly string[]): string {
  const order = new PathOrder()
  try {
    for (const path of paths) order.enter(path)
    return 'fine'
  } catch (error) {
    return error instanceof Error && 'code' in error ? String(error.code) : String(error)
  }
}

test.each<[string, string[]]>([
  ['fine', ['/', '/a', '/a/x', '/a/x/1', '/a b', '/a-b', '/b']],
  ['fine', ['/', '/a', '/a/b', '/a/b/c', '/z', '/z/a']],
  ['MISSING_PARENT', ['/a']],
  ['MISSING_PARENT', ['/', '/a/b']],
  ['MISSING_PARENT', ['/', '/a', '/b/c']],
  ['MISSING_PARENT', ['/', '/a', '/a//b']],
  ['DUPLICATE_PATH', ['/', '/']],
  ['DUPLICATE_PATH', ['/', '/a', '/a']],
  ['OUT_OF_ORDER', ['/', '/a', '/']],
  ['OUT_OF_ORDER', ['/', '/b', '/a']],
  ['OUT_OF_ORDER', ['/', '/a', '/a b', '/a/x']],
  ['OUT_OF_ORDER', ['/', '/a', '/a/x', '/b', '/a/y']],
  ['OUT_OF_ORDER', ['/', '/a', '/a/b', '/a']],
])('%s: %j', (outcome, paths) => expect(run(paths)).toBe(outcome))

test('children are counted for the nodes that were open at a mark, and only for them', () => {
  const closed: [string, number][] = []
  const order = new PathOrder((path, children) => closed.push([path, children]))
  for (const path of ['/', '/a', '/a/1', '/a/2', '/b', '/b/1']) order.enter(path)
  order.keepOpen('/b/2')
  for (const path of ['/b/2', '/b/3', '/c', '/c/1']) order.enter(path)
  order.finish()
  expect(closed).toEqual([
    ['/b', 3],
    ['/', 3],
  ])
})
