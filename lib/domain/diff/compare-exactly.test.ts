import { expect, it } from 'vitest'
import { buildTree, streamOf, type ZnodeSketch } from '../../testing/znode-builder.ts'
import { compareExactly, type ExactDifference } from './compare-exactly.ts'

async function compare(
  stored: readonly (ZnodeSketch | string)[],
  read: readonly (ZnodeSketch | string)[],
  isDataVolatile?: (path: string) => boolean,
) {
  const differences: ExactDifference[] = []
  const compared = await compareExactly(
    streamOf(buildTree(stored), { batchSize: 2 }),
    streamOf(buildTree(read), { batchSize: 3 }),
    (difference) => differences.push(difference),
    { isDataVolatile },
  )
  return { compared, differences }
}

const sample = (): ZnodeSketch[] => [
  { path: '/a', data: 'one' },
  { path: '/a/null', data: null },
  { path: '/a/owned', kind: 'ephemeral', stat: { ephemeralOwner: 0x17n } },
  { path: '/b', acl: [{ perms: 1, scheme: 'digest', id: 'ops:x' }] },
]

it('finds nothing between equal trees, whatever their batches', async () => {
  expect(await compare(sample(), sample())).toEqual({ compared: 5, differences: [] })
})

it('takes containers and TTL znodes for persistent ones, as a client sees them', async () => {
  const native: ZnodeSketch[] = [
    { path: '/c', kind: 'container' },
    { path: '/t', kind: 'ttl', ttlMs: 5 },
  ]
  const seen: ZnodeSketch[] = [
    { path: '/c', kind: 'unknown' },
    { path: '/t', kind: 'unknown' },
  ]
  expect((await compare(native, seen)).differences).toEqual([])
})

it.each<[string, Partial<ZnodeSketch>, string[]]>([
  ['data', { data: 'two' }, ['data']],
  ['null for empty', { data: null }, ['data']],
  ['an ACL that only hides a digest', { acl: [{ perms: 1, scheme: 'digest', id: 'ops:x' }] }, ['acl']],
  ['a version', { stat: { version: 7 } }, ['version']],
  ['times and zxids', { stat: { mzxid: 99n, mtime: 99 } }, ['mzxid', 'mtime']],
  ['an owner that came', { kind: 'ephemeral', stat: { ephemeralOwner: 1n } }, ['kind']],
])('names what differs: %s', async (_name, change, fields) => {
  const before: ZnodeSketch = {
    path: '/x',
    data: '',
    acl: [{ perms: 1, scheme: 'digest', id: 'ops:hash' }],
    stat: { mzxid: 5n, mtime: 5, version: 1 },
  }
  const after = { ...before, ...change, stat: { ...before.stat, ...change.stat } }
  expect((await compare([before], [after])).differences).toEqual([{ path: '/x', kind: 'different', fields }])
})

it('names what is missing, what nobody stored, and an ephemeral in other hands', async () => {
  const read = sample().filter(({ path }) => path !== '/b')
  read[2] = { path: '/a/owned', kind: 'ephemeral', stat: { ephemeralOwner: 0x18n } }
  read.push({ path: '/c' })
  expect((await compare(sample(), read)).differences).toEqual([
    { path: '/a/owned', kind: 'different', fields: ['ephemeralOwner'] },
    { path: '/b', kind: 'missing' },
    { path: '/c', kind: 'unexpected' },
  ])
})

it('leaves out only the data of what the server writes itself', async () => {
  const isVolatile = (path: string) => path === '/q'
  expect((await compare([{ path: '/q', data: '1' }], [{ path: '/q', data: '2' }], isVolatile)).differences).toEqual([])
  const moved = await compare([{ path: '/q' }], [{ path: '/q', stat: { aversion: 3 } }], isVolatile)
  expect(moved.differences).toEqual([{ path: '/q', kind: 'different', fields: ['aversion'] }])
})
