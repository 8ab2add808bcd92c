import { expect, test } from 'vitest'
import { describeWrites, findRestoreWays } from './restore-ways.ts'

const labels = { leftLabel: 'L', rightLabel: 'R', clusterId: 'c1' }

test('the live side is made like the backup, whichever side it is on', () => {
  expect(findRestoreWays({ ...labels, left: 'live:c1', right: 'backup:b1' })).toEqual([
    { clusterId: 'c1', source: 'backup:b1', sourceSide: 'right', label: 'Make L like R' },
  ])
  expect(findRestoreWays({ ...labels, left: 'backup:b1', right: 'live:c1' })).toEqual([
    { clusterId: 'c1', source: 'backup:b1', sourceSide: 'left', label: 'Make R like L' },
  ])
})

test('two live clusters can each become like the other', () => {
  const ways = findRestoreWays({ ...labels, left: 'live:c1', right: 'live:c2' })
  expect(ways.map((way) => [way.clusterId, way.source])).toEqual([
    ['c1', 'live:c2'],
    ['c2', 'live:c1'],
  ])
})

test('two backups can each be put back to their cluster, and to none when that is unknown', () => {
  const refs = { left: 'backup:b1', right: 'backup:b2' }
  expect(findRestoreWays({ ...labels, ...refs }).map((way) => way.source)).toEqual(['backup:b2', 'backup:b1'])
  expect(findRestoreWays({ ...labels, ...refs, clusterId: null })).toEqual([])
})

test('what is only in the cluster is what a restore would delete', () => {
  const counts = { added: 1, removed: 2, changed: 3 }
  expect(describeWrites(counts, 'right')).toEqual({ creates: 1, changes: 3, deletes: 2 })
  expect(describeWrites(counts, 'left')).toEqual({ creates: 2, changes: 3, deletes: 1 })
})
