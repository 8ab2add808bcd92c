import { describe, expect, it } from 'vitest'
import { findCycles, parseSourceFile } from './import-graph.ts'

const importsOf = (source: string) => parseSourceFile('lib/a/b.ts', source).imports

describe('parseSourceFile', () => {
  it('finds imports over one line, over several, for side effects, re-exported and dynamic', () => {
    const found = importsOf(`
import one from '../one.ts'
import {
  two,
  type Zwei,
} from './two.ts'
import './three.ts'
export { four } from '@/lib/four.ts'
export * from "node:path"
const five = await import('../../app/five.ts')
`)
    expect(found.map(({ specifier, to, typeOnly }) => [specifier, to, typeOnly])).toEqual([
      ['../one.ts', 'lib/one.ts', false],
      ['./two.ts', 'lib/a/two.ts', false],
      ['./three.ts', 'lib/a/three.ts', false],
      ['@/lib/four.ts', 'lib/four.ts', false],
      ['node:path', null, false],
      ['../../app/five.ts', 'app/five.ts', false],
    ])
  })

  it('tells what binds only types', () => {
    const found = importsOf(`import type { A } from './a.ts'
import { type B, type C } from './b.ts'
import D, { type E } from './c.ts'
export type { F } from './d.ts'`)
    expect(found.map((one) => one.typeOnly)).toEqual([true, true, false, true])
  })

  it('does not take a comment or a quoted text for an import, nor an address for a comment', () => {
    const found = importsOf(`// import a from './a.ts'
/* import b from './b.ts'
   import c from './c.ts' */
const text = 'see http://x/ // import d'
import e from './e.ts' // why`)
    expect(found.map((one) => one.specifier)).toEqual(['./e.ts'])
  })
})

describe('findCycles', () => {
  it('finds a circle and leaves out a diamond', () => {
    const edges = { a: ['b', 'c'], b: ['d'], c: ['d'], d: [], x: ['y'], y: ['z'], z: ['x'] }
    expect(findCycles(new Map(Object.entries(edges)))).toEqual([['x', 'y', 'z', 'x']])
  })
})
