import { describe, expect, it } from 'vitest'
import { SeededRandom } from '../../testing/seeded-random.ts'
import {
  buildTree,
  buildZnode,
  mutateTree,
  randomTree,
  streamOf,
  unreadablePlace,
} from '../../testing/znode-builder.ts'
import { type Acl, isMaskedAcl, isSameAcl } from '../znode/acl.ts'
import { isSystemPath } from '../znode/path.ts'
import type { UnreadableZnode, Znode } from '../znode/znode.ts'
import type { Change, DiffCounts, DiffOptions } from './change.ts'
import { diffStreams } from './diff-streams.ts'

interface Side {
  znodes: readonly Znode[]
  unreadable?: readonly UnreadableZnode[]
}

async function diff(
  before: Side,
  after: Side,
  options: DiffOptions & { batchSize?: number } = {},
): Promise<{ changes: Change[]; counts: DiffCounts }> {
  const { changes, counts } = diffStreams(
    streamOf(before.znodes, { batchSize: options.batchSize, unreadable: before.unreadable }),
    streamOf(after.znodes, { batchSize: options.batchSize, unreadable: after.unreadable }),
    options,
  )
  const all: Change[] = []
  for await (const batch of changes) {
    expect(batch.length).toBeGreaterThan(0)
    all.push(...batch)
  }
  return { changes: all, counts: counts() }
}

const brief = (changes: readonly Change[]) =>
  changes.map(({ path, change, fields }) => [change, path, ...fields].join(' '))

const readOnly: Acl = [{ perms: 1, scheme: 'world', id: 'anyone' }]
const digest = (id: string): Acl => [
  { perms: 31, scheme: 'digest', id },
  { perms: 1, scheme: 'world', id: 'anyone' },
]

describe('diffStreams', () => {
  it('takes what one side does not say for no difference, and what it says still counts', async () => {
    const said = buildTree([{ path: '/a', data: 'x', acl: readOnly }, { path: '/b', data: 'x', acl: readOnly }, '/c'])
    const silent = said.map((znode): Znode => {
      if (znode.path === '/a') return { ...znode, data: null, acl: [], unknown: 'content' }
      return znode.path === '/b' ? { ...znode, data: Buffer.from('y'), acl: [], unknown: 'acl' } : znode
    })
    expect(brief((await diff({ znodes: said }, { znodes: silent })).changes)).toEqual(['changed /b data'])
    expect(brief((await diff({ znodes: silent }, { znodes: said })).changes)).toEqual(['changed /b data'])
    const empty = said.map((znode): Znode => (znode.path === '/a' ? { ...znode, acl: [] } : znode))
    expect(brief((await diff({ znodes: said }, { znodes: empty })).changes)).toEqual(['changed /a acl'])
  })

  const cases: readonly {
    name: string
    before: Parameters<typeof buildTree>[0]
    after: Parameters<typeof buildTree>[0]
    expected: string[]
  }[] = [
    { name: 'finds nothing between equal trees', before: ['/a', '/a/b'], after: ['/a', '/a/b'], expected: [] },
    { name: 'names what was added', before: ['/a'], after: ['/a', '/a/b', '/c'], expected: ['added /a/b', 'added /c'] },
    {
      name: 'names what was removed',
      before: ['/a', '/a/b', '/c'],
      after: ['/a'],
      expected: ['removed /a/b', 'removed /c'],
    },
    {
      name: 'tells null from empty',
      before: [{ path: '/a', data: null }],
      after: [{ path: '/a', data: '' }],
      expected: ['changed /a data'],
    },
    {
      name: 'compares data by bytes',
      before: [{ path: '/a', data: 'xy' }],
      after: [{ path: '/a', data: 'xz' }],
      expected: ['changed /a data'],
    },
    {
      name: 'does not take /ab for something below /a',
      before: ['/a', '/ab'],
      after: ['/ab'],
      expected: ['removed /a'],
    },
    {
      name: 'keeps a subtree together before siblings that sort after a slash',
      before: ['/a/x', '/a-b', '/a b'],
      after: ['/a-b', '/a b'],
      expected: ['removed /a', 'removed /a/x'],
    },
    {
      name: 'ignores the order of ACL entries',
      before: [{ path: '/a', acl: digest('u:h=') }],
      after: [{ path: '/a', acl: [...digest('u:h=')].reverse() }],
      expected: [],
    },
    {
      name: 'names an ACL difference',
      before: ['/a'],
      after: [{ path: '/a', acl: readOnly }],
      expected: ['changed /a acl'],
    },
    {
      name: 'takes a masked ACL for no difference',
      before: [{ path: '/a', acl: digest('u:x') }],
      after: [{ path: '/a', acl: digest('u:h=') }],
      expected: [],
    },
    {
      name: 'takes an unknown kind for no difference',
      before: [{ path: '/a', kind: 'unknown' }],
      after: [{ path: '/a', kind: 'container' }],
      expected: [],
    },
    {
      name: 'names a kind difference',
      before: ['/a'],
      after: [{ path: '/a', kind: 'container' }],
      expected: ['changed /a kind'],
    },
    {
      name: 'names a TTL difference',
      before: [{ path: '/a', kind: 'ttl', ttlMs: 5 }],
      after: [{ path: '/a', kind: 'ttl', ttlMs: 6 }],
      expected: ['changed /a kind'],
    },
    {
      name: 'lists every field that differs',
      before: ['/a'],
      after: [{ path: '/a', data: 'x', acl: readOnly, kind: 'container' }],
      expected: ['changed /a data acl kind'],
    },
    {
      name: 'leaves stat numbers out',
      before: ['/a'],
      after: [{ path: '/a', stat: { version: 9, czxid: 99n, mtime: 5 } }],
      expected: [],
    },
    {
      name: 'leaves the system subtree out',
      before: ['/zookeeper/quota'],
      after: ['/zookeeper/config', '/zookeeperish'],
      expected: ['added /zookeeperish'],
    },
  ]
  it.each(cases)('$name', async ({ before, after, expected }) => {
    const result = await diff({ znodes: buildTree(before) }, { znodes: buildTree(after) })
    expect(brief(result.changes)).toEqual(expected)
  })

  it('leaves ephemerals out and counts them, on one side or on both', async () => {
    const before = buildTree([
      { path: '/e1', kind: 'ephemeral' },
      { path: '/e2', kind: 'ephemeral', data: 'x' },
      { path: '/same', kind: 'ephemeral' },
      '/p',
    ])
    const after = buildTree([
      { path: '/e2', kind: 'ephemeral', data: 'y' },
      { path: '/e3', kind: 'ephemeral' },
      { path: '/same', kind: 'ephemeral' },
      '/p',
    ])
    const result = await diff({ znodes: before }, { znodes: after })
    expect(result.changes).toEqual([])
    expect(result.counts).toMatchObject({ ephemeralSkipped: 3, compared: 2 })
  })

  it('reports ephemerals when asked', async () => {
    const before = buildTree([
      { path: '/e1', kind: 'ephemeral' },
      { path: '/e2', kind: 'ephemeral' },
    ])
    const after = buildTree([{ path: '/e2', kind: 'unknown' }])
    const result = await diff({ znodes: before }, { znodes: after }, { includeEphemerals: true })
    expect(brief(result.changes)).toEqual(['removed /e1', 'changed /e2 kind'])
    expect(result.changes.every((change) => change.ephemeral)).toBe(true)
    expect(result.counts).toMatchObject({ ephemeralSkipped: 0, compared: 3, removed: 1, changed: 1 })
  })

  it('carries both znodes of a change', async () => {
    const before = buildTree([{ path: '/a', data: 'old' }])
    const after = buildTree([{ path: '/a', data: 'new' }])
    const [change] = (await diff({ znodes: before }, { znodes: after })).changes
    expect(change?.before).toBe(before[1])
    expect(change?.after).toBe(after[1])
  })

  it.each([1, 2, 1000])(
    'hides what lies at or below an unreadable place of the other side (batches of %i)',
    async (batchSize) => {
      const before = buildTree(['/a/x', '/ab', '/b', '/c/d/e'])
      const after = buildTree(['/b']).filter((znode) => znode.path !== '/a')
      const seen: string[] = []
      const result = await diff(
        { znodes: before },
        { znodes: after, unreadable: [unreadablePlace('/a'), unreadablePlace('/c/d')] },
        { batchSize, onUnreadable: (side, place) => seen.push(`${side} ${place.path}`) },
      )
      expect(brief(result.changes)).toEqual(['removed /ab', 'removed /c'])
      expect(result.counts.unreadable).toBe(2)
      expect(seen).toEqual(['after /a', 'after /c/d'])
    },
  )

  it('compares a znode whose children alone could not be listed', async () => {
    const before = buildTree([{ path: '/a', data: '1' }, '/a/x'])
    const after = buildTree([{ path: '/a', data: '2' }])
    const result = await diff(
      { znodes: before },
      { znodes: after, unreadable: [unreadablePlace('/a')] },
      { batchSize: 2 },
    )
    expect(brief(result.changes)).toEqual(['changed /a data'])
  })

  it('counts a place that both sides could not read once', async () => {
    const side = { znodes: buildTree(['/b']), unreadable: [unreadablePlace('/a'), unreadablePlace('/z')] }
    expect((await diff(side, side)).counts.unreadable).toBe(2)
  })

  it('compares only below the roots asked for', async () => {
    const result = await diff(
      { znodes: buildTree(['/a/x', '/ab/x', '/c']) },
      { znodes: [buildZnode('/')] },
      { roots: ['/a', '/c'] },
    )
    expect(brief(result.changes)).toEqual(['removed /a', 'removed /a/x', 'removed /c'])
    expect(result.counts.compared).toBe(3)
  })

  it('tells of sequence counters that are ahead in the second tree', async () => {
    const seen: string[] = []
    await diff(
      {
        znodes: buildTree([
          { path: '/q', stat: { cversion: 4 } },
          { path: '/r', stat: { cversion: 9 } },
        ]),
      },
      {
        znodes: buildTree([
          { path: '/q', stat: { cversion: 9 } },
          { path: '/r', stat: { cversion: 9 } },
        ]),
      },
      { onCounterAhead: (before) => seen.push(before.path) },
    )
    expect(seen).toEqual(['/q'])
  })

  it.each([
    ['a znode before its predecessor', [buildZnode('/'), buildZnode('/b'), buildZnode('/a')]],
    ['a path twice', [buildZnode('/'), buildZnode('/a'), buildZnode('/a')]],
    ['code-unit order where path order is due', [buildZnode('/a'), buildZnode('/a-b'), buildZnode('/a/b')]],
  ])('refuses a tree with %s', async (_name, znodes) => {
    for (const batchSize of [1, 1000]) {
      await expect(diff({ znodes }, { znodes: [] }, { batchSize })).rejects.toMatchObject({ code: 'OUT_OF_ORDER' })
      await expect(diff({ znodes: buildTree([]) }, { znodes }, { batchSize })).rejects.toMatchObject({
        code: 'OUT_OF_ORDER',
      })
      await expect(diff({ znodes }, { znodes }, { batchSize })).rejects.toMatchObject({ code: 'OUT_OF_ORDER' })
    }
  })

  it('refuses an unreadable place that is reported after its neighbours were compared', async () => {
    async function* late() {
      yield { znodes: [buildZnode('/'), buildZnode('/z')], unreadable: [] }
      yield { znodes: [], unreadable: [unreadablePlace('/a')] }
    }
    const { changes } = diffStreams(streamOf(buildTree(['/a/b', '/z'])), late())
    await expect(changes.next().then(() => changes.next())).rejects.toMatchObject({ code: 'OUT_OF_ORDER' })
  })

  it('ends both streams when it is left early, cancelled or failed', async () => {
    let open = 0
    async function* guarded(fault?: Error) {
      open++
      try {
        for (let i = 0; i < 50; i++) {
          if (fault && i === 3) throw fault
          yield { znodes: [buildZnode(`/n${String(i).padStart(4, '0')}`)], unreadable: [] }
        }
      } finally {
        open--
      }
    }
    const early = diffStreams(guarded(), streamOf([])).changes
    await early.next()
    await early.return()
    expect(open).toBe(0)

    const controller = new AbortController()
    const cancelled = diffStreams(guarded(), guarded(), { signal: controller.signal }).changes
    controller.abort()
    await expect(cancelled.next()).rejects.toMatchObject({ code: 'CANCELLED' })
    expect(open).toBe(0)

    const failing = diffStreams(guarded(), guarded(new Error('file damaged'))).changes
    await expect(failing.next()).rejects.toThrow('file damaged')
    expect(open).toBe(0)
  })

  it('agrees with a naive comparison of maps on random trees', async () => {
    for (let seed = 1; seed <= 200; seed++) {
      const random = new SeededRandom(seed)
      const before = randomTree(random, { size: random.below(80), ephemerals: true })
      const after = mutateTree(random, before, { edits: random.below(30) })
      const includeEphemerals = random.chance(0.5)
      const result = await diff(
        { znodes: before },
        { znodes: after },
        { batchSize: 1 + random.below(20), includeEphemerals },
      )
      expect({ seed, changes: brief(result.changes).sort() }).toEqual({
        seed,
        changes: naiveDiff(before, after, includeEphemerals).sort(),
      })
      expect({ seed, n: result.counts.added + result.counts.removed + result.counts.changed }).toEqual({
        seed,
        n: result.changes.length,
      })
    }
  })
})

function naiveDiff(before: readonly Znode[], after: readonly Znode[], includeEphemerals: boolean): string[] {
  const a = new Map(before.map((znode) => [znode.path, znode]))
  const b = new Map(after.map((znode) => [znode.path, znode]))
  const found: string[] = []
  for (const path of new Set([...a.keys(), ...b.keys()])) {
    const x = a.get(path)
    const y = b.get(path)
    if (isSystemPath(path)) continue
    if (!includeEphemerals && (x?.kind === 'ephemeral' || y?.kind === 'ephemeral')) continue
    if (!x) found.push(`added ${path}`)
    else if (!y) found.push(`removed ${path}`)
    else {
      const fields: string[] = []
      const hex = (data: Uint8Array | null) => (data === null ? 'null' : Buffer.from(data).toString('hex'))
      if (hex(x.data) !== hex(y.data)) fields.push('data')
      if (!isMaskedAcl(x.acl) && !isMaskedAcl(y.acl) && !isSameAcl(x.acl, y.acl)) fields.push('acl')
      if (`${x.kind} ${x.ttlMs}` !== `${y.kind} ${y.ttlMs}`) fields.push('kind')
      if (fields.length > 0) found.push(['changed', path, ...fields].join(' '))
    }
  }
  return found
}
