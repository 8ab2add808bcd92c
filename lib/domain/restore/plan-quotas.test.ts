import { describe, expect, it } from 'vitest'
import { FakeTarget, FakeTree } from '../../testing/fake-target.ts'
import { MemoryJournal } from '../../testing/memory-journal.ts'
import { asSource, briefSteps, makePlan, makeUndo, runPlan, SUPER, stepsOf } from '../../testing/restore-rig.ts'
import { buildTree, type ZnodeSketch } from '../../testing/znode-builder.ts'
import type { PlanFromTreesInput } from './plan-from-trees.ts'
import { isSameQuota, parseQuotaLimits, quotaOwnerOf } from './quota-paths.ts'
import { verifyRestore } from './verify-restore.ts'

const quota = (path: string, limits: string): ZnodeSketch[] => [
  { path: `/zookeeper/quota${path}/zookeeper_limits`, data: limits },
  { path: `/zookeeper/quota${path}/zookeeper_stats`, data: 'count=7,bytes=70' },
]
const treeWith = (...sketches: (ZnodeSketch | string)[]) => new FakeTree(buildTree(['/zookeeper/quota', ...sketches]))

async function plan(live: FakeTree, source: FakeTree, options: Partial<PlanFromTreesInput> = {}) {
  const trees = { live: new FakeTarget(live, { identities: [SUPER] }), source: asSource(source) }
  return makePlan(live, source, { quotas: trees, ...options })
}

describe('limits as servers write them', () => {
  it.each([
    ['count=5,bytes=-1', { count: 5n, bytes: -1n, countHard: -1n, bytesHard: -1n }],
    [
      'count=5,bytes=100=;byteHardLimit=200;countHardLimit=9',
      { count: 5n, bytes: 100n, countHard: 9n, bytesHard: 200n },
    ],
    ['something else', null],
  ])('%s', (text, limits) => {
    expect(parseQuotaLimits(Buffer.from(text))).toEqual(limits)
  })

  it('are the same whatever version wrote them', () => {
    const old = Buffer.from('count=5,bytes=-1')
    expect(isSameQuota(old, Buffer.from('count=5,bytes=-1=;byteHardLimit=-1;countHardLimit=-1'))).toBe(true)
    expect(isSameQuota(old, Buffer.from('count=5,bytes=-1=;byteHardLimit=9;countHardLimit=-1'))).toBe(false)
    expect(isSameQuota(null, null)).toBe(true)
  })

  it('belong to a path', () => {
    expect(quotaOwnerOf('/zookeeper/quota/a/b/zookeeper_limits')).toBe('/a/b')
    expect(quotaOwnerOf('/zookeeper/quota/zookeeper_limits')).toBe('/')
    expect(quotaOwnerOf('/zookeeper/quota/a/zookeeper_stats')).toBeNull()
    expect(quotaOwnerOf('/app/zookeeper_limits')).toBeNull()
  })
})

describe('planQuotas', () => {
  it('leaves them unless asked, and counts them', async () => {
    const { steps, summary } = await plan(treeWith(), treeWith('/a', ...quota('/a', 'count=5,bytes=-1')), {
      quotas: null,
    })
    expect(briefSteps(steps)).toEqual(['create /a'])
    expect(summary.fidelity?.quotas).toMatchObject({ asked: false, left: 1 })
  })

  it('creates what is missing behind all data, and lets the servers count', async () => {
    const live = treeWith()
    const made = await plan(live, treeWith('/a/b', ...quota('/a/b', 'count=5,bytes=-1')))
    expect(briefSteps(made.steps)).toEqual([
      'create /a',
      'create /a/b',
      'create /zookeeper/quota/a',
      'create /zookeeper/quota/a/b',
      'create /zookeeper/quota/a/b/zookeeper_limits',
      'create /zookeeper/quota/a/b/zookeeper_stats',
    ])
    expect(made.summary.skipped.system).toBe(0)
    expect(made.summary.fidelity?.quotas).toMatchObject({
      asked: true,
      written: { total: 1, listed: [{ path: '/a/b' }] },
    })
    await runPlan(made, live)
    // What servers count without a transaction is no difference.
    live.setData('/zookeeper/quota/a/b/zookeeper_stats', 'count=1,bytes=0')
    const target = new FakeTarget(live, { identities: [SUPER] })
    expect(await verifyRestore({ steps: stepsOf(made.steps), target })).toMatchObject({ equal: true })
    expect((await plan(live, treeWith('/a/b', ...quota('/a/b', 'count=5,bytes=-1')))).steps).toEqual([])
  })

  it('changes limits that differ and nothing else of /zookeeper', async () => {
    const live = treeWith('/a', '/zookeeper/other', ...quota('/a', 'count=5,bytes=-1'))
    const source = treeWith('/a', '/zookeeper/more', ...quota('/a', 'count=6,bytes=-1'))
    expect(briefSteps((await plan(live, source)).steps)).toEqual(['setData /zookeeper/quota/a/zookeeper_limits'])
    expect((await plan(live, source, { mode: 'create' })).steps).toEqual([])
  })

  it('takes away what the source does not have only when it mirrors, and brings it back by undo', async () => {
    const live = treeWith('/a', '/c', ...quota('/a', 'count=5,bytes=-1'), ...quota('/c/d', 'count=1,bytes=1'))
    const source = treeWith('/a', '/c', ...quota('/c', 'count=2,bytes=2'))
    const before = live.dump()
    expect(briefSteps((await plan(live, source)).steps).filter((step) => step.startsWith('delete'))).toEqual([])
    const made = await plan(live, source, { mode: 'mirror' })
    expect(briefSteps(made.steps).filter((step) => step.startsWith('delete'))).toEqual([
      'delete /zookeeper/quota/c/d/zookeeper_stats',
      'delete /zookeeper/quota/c/d/zookeeper_limits',
      'delete /zookeeper/quota/c/d',
      'delete /zookeeper/quota/a/zookeeper_stats',
      'delete /zookeeper/quota/a/zookeeper_limits',
      'delete /zookeeper/quota/a',
    ])
    const journal = new MemoryJournal()
    const safety = live.znodes()
    await runPlan(made, live, { journal })
    const undo = await makeUndo(made, live, { journal, safety })
    await runPlan(undo, live, { journal: new MemoryJournal() })
    expect(live.dump()).toEqual(before)
  })

  it('takes nothing away by a source that could not read its quotas, or holds none of /zookeeper', async () => {
    const live = treeWith('/a', '/c', ...quota('/a', 'count=5,bytes=-1'), ...quota('/c', 'count=1,bytes=1'))
    const source = treeWith('/a', '/c', ...quota('/a', 'count=5,bytes=-1'), ...quota('/c', 'count=1,bytes=1'))
    source.setAclAs('/zookeeper/quota/c', [{ perms: 31, scheme: 'digest', id: 'ops:hash=' }])
    const target = new FakeTarget(live, { identities: [SUPER] })
    const blind = { live: target, source: new FakeTarget(source, { showKinds: true }) }
    const made = await makePlan(live, source, { quotas: blind, mode: 'mirror' })
    expect(briefSteps(made.steps)).toEqual([])
    expect(made.summary.warnings).toMatchObject([{ code: 'quota', message: expect.stringContaining('1 quota') }])
    const bare = await plan(live, new FakeTree(buildTree(['/a', '/c'])), { mode: 'mirror' })
    expect(briefSteps(bare.steps)).toEqual([])
    expect(bare.summary.warnings).toMatchObject([{ code: 'quota', message: expect.stringContaining('2 quotas') }])
  })

  it('follows a subtree to another place, and leaves the quotas of its neighbours alone', async () => {
    const live = treeWith()
    const source = treeWith('/a', '/b', ...quota('/a', 'count=5,bytes=-1'), ...quota('/b', 'count=6,bytes=-1'))
    const { steps } = await plan(live, source, { sourcePath: '/a', targetPath: '/x' })
    expect(briefSteps(steps)).toEqual([
      'create /x',
      'create /zookeeper/quota/x',
      'create /zookeeper/quota/x/zookeeper_limits',
      'create /zookeeper/quota/x/zookeeper_stats',
    ])
  })

  it('says why it cannot', async () => {
    const { summary } = await plan(treeWith(), treeWith('/a'), { quotas: { obstacle: 'there is a chroot' } })
    expect(summary.fidelity?.quotas).toMatchObject({ asked: true, obstacle: 'there is a chroot' })
    expect(summary.warnings).toMatchObject([{ code: 'quota' }])
  })
})
