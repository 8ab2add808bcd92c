import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { Change } from '../../domain/diff/change.ts'
import { comparePaths } from '../../domain/znode/order.ts'
import { SeededRandom } from '../../testing/seeded-random.ts'
import { createTestServices, type TestServices } from '../../testing/service-context.ts'
import { addTestPeople } from '../../testing/work-off-jobs.ts'
import { addIgnoreRule } from '../ignore-rules/add-ignore-rule.ts'
import { getIgnored } from './apply-ignore-rules.ts'
import { DiffFileWriter } from './diff-file.ts'
import { exportChanges } from './export-changes.ts'
import { listDiffTree } from './list-diff-tree.ts'
import { resolvePicks } from './resolve-picks.ts'

let services: TestServices
const clusterId = 'c1'
const change = (path: string, kind: Change['change'] = 'added', fields: Change['fields'] = []): Change => ({
  path,
  change: kind,
  fields,
  ephemeral: false,
  before: null,
  after: null,
})
const CHANGES = [
  change('/app', 'changed', ['acl']),
  change('/app/config', 'changed', ['data']),
  change('/app/config/x', 'changed', ['data', 'acl']),
  change('/app/locks/1'),
  change('/app/locks/2', 'removed'),
  change('/other'),
]

beforeEach(async () => {
  services = await createTestServices()
  await addTestPeople(services)
  await services.database.client.cluster.create({
    data: { id: clusterId, name: 'demo', connectString: 'x:1', sessionTimeoutMs: 30_000, environment: 'development' },
  })
})
afterEach(() => services.close())

async function makeDiff(changes: readonly Change[], id = 'd1'): Promise<void> {
  const dir = join('diffs', id)
  const writer = await DiffFileWriter.create(join(services.contextFor('admin').paths.workDir, dir))
  await writer.write([...changes].sort((a, b) => comparePaths(a.path, b.path)))
  await writer.finish()
  await services.database.client.diff.create({
    data: {
      id,
      clusterId,
      left: 'backup:b1',
      right: `live:${clusterId}`,
      leftLabel: 'l',
      rightLabel: 'r',
      path: '/',
      options: { includeEphemerals: false },
      state: 'ready',
      ignoreRules: [],
      dir,
      createdById: 'admin-1',
    },
  })
}

const ignore = (pattern: string, fields: ('data' | 'acl' | 'kind')[] = []) =>
  addIgnoreRule(services.contextFor('operator'), { clusterId, pattern, fields, note: `because of ${pattern}` })
const rows = async (parent: string, ignored?: 'hide' | 'show') => {
  const page = await listDiffTree(services.contextFor('viewer'), { diffId: 'd1', parent, ignored })
  return page.rows.map((row) => `${row.path}${row.change ? ` ${row.change}` : ''}${row.ignored ? ' ignored' : ''}`)
}

describe('ignored changes', () => {
  it('are hidden in the tree and in the numbers, counted by rule, and all there in what is stored', async () => {
    await makeDiff(CHANGES)
    const context = services.contextFor('viewer')
    expect(await getIgnored(context, 'd1')).toEqual({
      hidden: 0,
      rules: [],
      visible: null,
      changedSince: false,
      rulesKey: '',
    })
    await ignore('/app/locks/**')
    services.clock.advance(1)
    await ignore('/app/**', ['data'])
    expect(await getIgnored(context, 'd1')).toMatchObject({
      hidden: 3,
      rules: [
        { pattern: '/app/locks/**', hidden: 2, note: 'because of /app/locks/**' },
        { pattern: '/app/**', fields: ['data'], hidden: 1 },
      ],
      visible: {
        added: 1,
        removed: 0,
        changed: 2,
        byField: { data: 1, acl: 2, kind: 0 },
        byTop: [
          { path: '/app', changed: 2 },
          { path: '/other', added: 1 },
        ],
      },
      changedSince: true,
    })
    expect(await rows('/')).toEqual(['/app changed', '/other added'])
    expect(await rows('/app')).toEqual(['/app/config'])
    expect(await rows('/app/config')).toEqual(['/app/config/x changed'])
    const lines: string[] = []
    for await (const line of exportChanges(context, 'd1')) lines.push(line)
    expect(lines).toHaveLength(CHANGES.length)
  })

  it('are shown and marked when asked for', async () => {
    await makeDiff(CHANGES)
    await ignore('/app/locks/**')
    await ignore('/app', ['acl'])
    expect(await rows('/', 'show')).toEqual(['/app changed ignored', '/other added'])
    expect(await rows('/app', 'show')).toEqual(['/app/config changed', '/app/locks'])
    expect(await rows('/app/locks', 'show')).toEqual(['/app/locks/1 added ignored', '/app/locks/2 removed ignored'])
    expect(await rows('/')).toEqual(['/app', '/other added'])
  })
})

describe('the picks of a link', () => {
  it('are counted from the diff, and those that stand for nothing are dropped and named', async () => {
    await makeDiff(CHANGES)
    const context = services.contextFor('viewer')
    const resolved = await resolvePicks(context, {
      diffId: 'd1',
      paths: ['/app', '/app/config/x', '/gone', 'nonsense', '/app/locks'],
      subtrees: ['/app/config', '/nothing'],
    })
    expect(resolved.picks).toEqual([
      { path: '/app', subtree: false, counts: { added: 0, removed: 0, changed: 1 } },
      { path: '/app/config', subtree: true, counts: { added: 0, removed: 0, changed: 2 } },
    ])
    expect([...resolved.dropped].sort()).toEqual(['/app/locks', '/gone', '/nothing', 'nonsense'])
    expect(resolved.droppedCount).toBe(4)
    expect(await resolvePicks(context, { diffId: 'd1' })).toEqual({ picks: [], dropped: [], droppedCount: 0 })
  })

  it('stand for what is shown: ignored changes count only when they are shown', async () => {
    await makeDiff(CHANGES)
    await ignore('/app/locks/**')
    const context = services.contextFor('viewer')
    const ask = (ignored: 'hide' | 'show') =>
      resolvePicks(context, { diffId: 'd1', paths: ['/app/locks/1'], subtrees: ['/app/config'], ignored })
    expect(await ask('hide')).toMatchObject({ picks: [{ path: '/app/config' }], dropped: ['/app/locks/1'] })
    expect(await ask('show')).toMatchObject({
      picks: [{ path: '/app/config' }, { path: '/app/locks/1' }],
      droppedCount: 0,
    })
    const all = async (ignored: 'hide' | 'show') =>
      (await resolvePicks(context, { diffId: 'd1', subtrees: ['/'], ignored })).picks[0]?.counts
    expect(await all('hide')).toEqual({ added: 1, removed: 0, changed: 3 })
    expect(await all('show')).toEqual({ added: 2, removed: 1, changed: 3 })
  })

  it('count the same as asking each change whether a pick holds it', async () => {
    const random = new SeededRandom(11)
    const names = ['a', 'b', 'a-b', 'ab', 'c0', 'c']
    const paths = new Set(
      Array.from(
        { length: 900 },
        () => `/${Array.from({ length: 1 + random.below(4) }, () => random.pick(names)).join('/')}`,
      ),
    )
    await makeDiff([...paths].map((path) => change(path)))
    for (let round = 0; round < 50; round++) {
      const picked = () => [...paths].filter(() => random.chance(0.02))
      const [alone, subtrees] = [picked(), picked()]
      const { picks } = await resolvePicks(services.contextFor('viewer'), { diffId: 'd1', paths: alone, subtrees })
      const isPicked = (path: string) =>
        alone.includes(path) || subtrees.some((root) => path === root || path.startsWith(`${root}/`))
      const sum = picks.reduce((total, pick) => total + pick.counts.added, 0)
      expect(sum).toBe([...paths].filter(isPicked).length)
    }
  })
})
