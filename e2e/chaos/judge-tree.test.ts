import { describe, expect, it } from 'vitest'
import type { SeenTree, SeenZnode } from './bare-reader.ts'
import { type JudgeOptions, judgeTree } from './judge-tree.ts'
import { makeRounds } from './schedule.ts'
import { expectRestored } from './tree-model.ts'

const znode = (changes: Partial<SeenZnode> = {}): SeenZnode => ({
  data: 'old',
  acl: 'open',
  version: 4,
  cversion: 0,
  aversion: 2,
  ...changes,
})
const before: SeenTree = new Map([
  ['/c', znode({ data: 'c', cversion: 7 })],
  ['/c/changed', znode()],
  ['/c/extra', znode({ data: 'extra' })],
])
const source = new Map([
  ['/c', { data: 'c', acl: 'open' }],
  ['/c/changed', { data: 'new', acl: 'closed' }],
  ['/c/missing', { data: 'back', acl: 'open' }],
])
const restored = {
  '/c': znode({ data: 'c', cversion: 9 }),
  '/c/changed': znode({ data: 'new', acl: 'closed', version: 5, aversion: 3 }),
  '/c/missing': znode({ data: 'back', version: 0, aversion: 0 }),
}
const expected = expectRestored(before, source, 'mirror')

function judge(
  when: JudgeOptions['when'],
  changes: Record<string, SeenZnode | null> = {},
  foreign: JudgeOptions['foreign'] = new Map(),
): string[] {
  const base: Record<string, SeenZnode> = when === 'end' || when === 'middle' ? restored : Object.fromEntries(before)
  const all = Object.entries({ ...base, ...changes })
  const tree = new Map(all.flatMap(([path, seen]) => (seen === null ? [] : [[path, seen]])))
  return judgeTree(tree, { expected, when, foreign }).map(({ kind, path, message }) => `${kind} ${path}: ${message}`)
}

describe('the judge of a tree', () => {
  it('accepts what a restore is to leave, and in the middle what was there before', () => {
    expect(judge('end')).toEqual([])
    expect(judge('middle')).toEqual([])
    expect(judge('middle', { ...Object.fromEntries(before), '/c/missing': null })).toEqual([])
  })

  it('finds what is lost, what stayed, and what nobody asked for', () => {
    expect(judge('end', { '/c/missing': null })).toEqual(['wrong /c/missing: it is missing'])
    expect(judge('end', { '/c/extra': znode({ data: 'extra' }) })).toEqual(['wrong /c/extra: it is still there'])
    expect(judge('middle', { '/c/stray': znode() })).toEqual(['wrong /c/stray: nobody was to create it'])
    expect(judge('end', { '/c/changed': znode({ acl: 'closed', aversion: 3 }) })).toEqual([
      'wrong /c/changed: its data is "old", not "new"',
    ])
    expect(judge('end', { '/c/missing': { ...restored['/c/missing'], data: null } })).toHaveLength(1)
  })

  it('finds what was applied twice by the numbers that the server keeps', () => {
    expect(judge('end', { '/c/changed': { ...restored['/c/changed'], version: 6 } })).toEqual([
      'twice /c/changed: its version is 6, not 5',
    ])
    expect(judge('middle', { '/c/changed': { ...restored['/c/changed'], aversion: 4 } })).toEqual([
      'twice /c/changed: its aversion is 4, not 3',
    ])
    expect(judge('end', { '/c': { ...restored['/c'], cversion: 11 } })).toEqual([
      'twice /c: its children came and went 11 times, not 9',
    ])
  })

  it('holds an undo to the old state, with each write done back once', () => {
    expect(judge('back')).toEqual([])
    const once = { '/c': znode({ data: 'c', cversion: 11 }), '/c/changed': znode({ version: 6, aversion: 4 }) }
    expect(judge('back', { ...once, '/c/extra': znode({ data: 'extra', version: 0, aversion: 0 }) })).toEqual([])
    expect(judge('back', { '/c/changed': znode({ version: 7 }) })).toHaveLength(1)
    expect(judge('back', { '/c/missing': restored['/c/missing'] })).toEqual([
      'wrong /c/missing: the undo left it there',
    ])
    expect(judge('back', { '/c/extra': null })).toEqual(['wrong /c/extra: the undo did not bring it back'])
    expect(judge('turning', { '/c/changed': znode({ data: 'new', version: 7 }) })).toHaveLength(1)
  })

  it('does not let what another has written be written over', () => {
    const foreign = new Map([['/c/changed', { kind: 'set', data: 'theirs' } as const]])
    expect(judge('end', { '/c/changed': znode({ data: 'theirs', version: 9 }) }, foreign)).toEqual([])
    expect(judge('end', {}, foreign)).toEqual(['wrong /c/changed: theirs of another writer is gone, there is new'])
  })
})

describe('the schedule', () => {
  it('is made again from its seed, holds as many faults as asked for, and keeps each to the places where it can happen', () => {
    const make = (seed: number) => makeRounds({ seed, faults: 200, only: [], places: ['alone', 'ensemble'] })
    const rounds = make(7)
    expect(make(7)).toEqual(rounds)
    expect(make(8)).not.toEqual(rounds)
    const faults = rounds.flatMap((round) => round.faults.map((kind) => ({ kind, place: round.place })))
    expect(faults.length).toBeGreaterThanOrEqual(200)
    expect(faults.filter(({ kind, place }) => !kind.places.includes(place))).toEqual([])
  })
})
