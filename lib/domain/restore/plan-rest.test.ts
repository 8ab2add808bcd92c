import { describe, expect, it } from 'vitest'
import { FakeTarget, FakeTree } from '../../testing/fake-target.ts'
import { MemoryJournal } from '../../testing/memory-journal.ts'
import { briefSteps, makePlan, makeRest, runPlan, SUPER, stepsOf } from '../../testing/restore-rig.ts'
import { SeededRandom } from '../../testing/seeded-random.ts'
import { buildTree, mutateTree, randomTree } from '../../testing/znode-builder.ts'
import type { Acl } from '../znode/acl.ts'
import { parseJournal } from './journal.ts'
import { lookAtRest, type RestLine } from './look-at-rest.ts'
import type { PlanStep } from './plan.ts'
import { StepResults } from './step-results.ts'

const readOnly: Acl = [{ perms: 1, scheme: 'world', id: 'anyone' }]
const source = buildTree([
  { path: '/a', data: '2' },
  { path: '/acl', acl: readOnly },
  { path: '/new', data: 'n' },
  { path: '/new/x', data: 'x' },
])
const live = () => new FakeTree(buildTree([{ path: '/a', data: '1' }, '/acl', '/gone', '/gone/x']))

async function staleOf(steps: readonly PlanStep[], tree: FakeTree, journal: MemoryJournal | null = null) {
  const lines: RestLine[] = []
  const look = lookAtRest({
    steps: () => stepsOf(steps),
    journal: journal && parseJournal(journal.text()),
    live: new FakeTarget(tree, { identities: [SUPER] }),
  })
  for await (const round of look) lines.push(...round)
  return lines
    .filter((line) => line.verdict === 'stale')
    .map(({ step, reason }) => `${step.step} ${step.path} ${reason}`)
}

describe('the stale lines of a plan', () => {
  it('are none while nothing has moved, of plans with every kind of step', async () => {
    for (let seed = 1; seed <= 40; seed++) {
      const random = new SeededRandom(seed)
      const tree = new FakeTree(randomTree(random, { size: 40 }))
      const after = mutateTree(random, tree.znodes(), { edits: 30 })
      if (after.length === 1) continue
      const plan = await makePlan(tree, after, { mode: 'mirror' })
      expect({ seed, stale: await staleOf(plan.steps, tree) }).toEqual({ seed, stale: [] })
    }
  })

  it('say for each what a run would say', async () => {
    const tree = live()
    const plan = await makePlan(tree, source, { mode: 'mirror' })
    tree.setData('/a', 'theirs')
    tree.setAclAs('/acl', [{ perms: 7, scheme: 'world', id: 'anyone' }])
    tree.create('/new', { data: 'theirs' })
    tree.create('/gone/theirs')
    expect(await staleOf(plan.steps, tree)).toEqual([
      'setData /a version',
      'create /new exists',
      'delete /gone not-empty',
      'setAcl /acl acl-version',
    ])
  })

  it('tell a missing parent, and a znode that is gone', async () => {
    const tree = new FakeTree(buildTree(['/p', { path: '/q', data: '1' }]))
    const plan = await makePlan(tree, buildTree(['/p', '/p/x', { path: '/q', data: '2' }]))
    tree.delete('/p')
    tree.delete('/q')
    expect(await staleOf(plan.steps, tree)).toEqual(['create /p/x parent-missing', 'setData /q missing'])
  })
})

describe('planRest', () => {
  it('keeps the plan as it is, hash and all, while nothing has moved', async () => {
    const tree = live()
    const plan = await makePlan(tree, source, { mode: 'mirror' })
    const rest = await makeRest(plan, tree)
    expect(rest.lines).toEqual(plan.lines)
    expect(rest.summary.plan).toBe(plan.summary.plan)
    expect(rest.summary.deletions).toEqual([{ path: '/gone', count: 2 }])
  })

  it('plans the stale steps against the tree of now, with a new hash, and comes to the source', async () => {
    const tree = live()
    const plan = await makePlan(tree, source, { mode: 'mirror' })
    tree.setData('/a', 'theirs')
    tree.setAclAs('/acl', [{ perms: 7, scheme: 'world', id: 'anyone' }])
    tree.create('/new', { data: 'theirs' })
    tree.setData('/gone/x', 'theirs')
    const rest = await makeRest(plan, tree)
    expect(rest.summary.plan).not.toBe(plan.summary.plan)
    expect(briefSteps(rest.steps)).toEqual([
      'setData /a',
      'setData /new',
      'create /new/x',
      'delete /gone/x',
      'delete /gone',
      'setAcl /acl',
    ])
    expect(rest.summary.warnings.map(({ code, path }) => `${code} ${path}`)).toEqual([
      'replanned /a',
      'replanned /new',
      'replanned /gone/x',
      'replanned /acl',
    ])
    expect(await runPlan(rest, tree)).toMatchObject({ conflictCount: 0, applied: 6 })
    expect(tree.dump()).toEqual(new FakeTree(source).dump())
  })

  it('does not plan again what a stopped run has applied, and goes on where it stopped', async () => {
    const tree = live()
    const plan = await makePlan(tree, source)
    tree.create('/new', { data: 'theirs' })
    const journal = new MemoryJournal()
    const limits = { batchOperationsMax: 1, window: 1 }
    expect(await runPlan(plan, tree, { journal, limits })).toMatchObject({ stopped: true, applied: 1 })
    const rest = await makeRest(plan, tree, { journal })
    expect(briefSteps(rest.steps)).toEqual(['setData /new', 'create /new/x', 'setAcl /acl'])
    expect(await runPlan(rest, tree)).toMatchObject({ conflictCount: 0 })
    expect(tree.dump().filter((line) => !line.startsWith('/gone'))).toEqual(new FakeTree(source).dump())
  })

  it('takes up what a run has skipped, whatever it applied after it', async () => {
    const tree = live()
    const plan = await makePlan(tree, source)
    tree.setData('/a', 'theirs')
    const journal = new MemoryJournal()
    await runPlan(plan, tree, { journal, onConflict: 'skip' })
    expect(briefSteps((await makeRest(plan, tree, { journal })).steps)).toEqual(['setData /a'])
  })

  it('creates again what was deleted since, from the source, and says so where there is none', async () => {
    const tree = new FakeTree(buildTree(['/p', { path: '/q', data: '1' }]))
    const wanted = buildTree([{ path: '/p', data: 'p' }, '/p/x', { path: '/q', data: '2' }])
    const plan = await makePlan(tree, wanted, { selection: { paths: ['/p/x', '/q'] } })
    tree.delete('/p')
    tree.delete('/q')
    const rest = await makeRest(plan, tree, { source: wanted })
    expect(briefSteps(rest.steps)).toEqual(['create /p', 'create /p/x', 'create /q'])
    const blind = await makeRest(plan, tree)
    expect(blind.steps).toEqual([])
    expect(blind.summary).toMatchObject({ skipped: { 'parent-missing': 2 } })
    expect(blind.summary.warnings.map(({ code }) => code)).toEqual(['gone', 'gone'])
  })

  it('never plans over an ephemeral, below what stays, or against create only', async () => {
    const tree = new FakeTree(buildTree(['/d', '/d/x', '/d/y']))
    const plan = await makePlan(tree, buildTree(['/k']), { mode: 'mirror' })
    tree.create('/d/y/theirs')
    const rest = await makeRest(plan, tree)
    expect(briefSteps(rest.steps)).toEqual(['create /k', 'delete /d/x'])
    const adding = await makePlan(tree, buildTree(['/k', '/l']), { mode: 'create' })
    tree.create('/k', { data: 'theirs' })
    expect(briefSteps((await makeRest(adding, tree)).steps)).toEqual(['create /l'])
  })

  it('brings random trees to the source after random writes of others and a stopped run', {
    timeout: 60_000,
  }, async () => {
    for (let seed = 1; seed <= 60; seed++) {
      const random = new SeededRandom(seed)
      const tree = new FakeTree(randomTree(random, { size: 30 }))
      const wanted = new FakeTree(mutateTree(random, tree.znodes(), { edits: 20 }))
      if (wanted.znodes().length === 1) continue
      const plan = await makePlan(tree, wanted, { mode: 'update' })
      const paths = [...new Set(plan.steps.map((step) => step.path))]
      for (const path of paths) {
        if (!random.chance(0.2)) continue
        const step = plan.steps.find((each) => each.path === path)
        if (step?.step === 'setData') tree.setData(path, 'theirs')
        const isTop = path.lastIndexOf('/') === 0
        if (step?.step === 'create' && isTop && !tree.has(path)) tree.create(path, { data: 'theirs' })
      }
      const journal = new MemoryJournal()
      await runPlan(plan, tree, { journal, limits: { batchOperationsMax: 2, window: 1, batchAclStepsMax: 2 } })
      const rest = await makeRest(plan, tree, { journal, source: wanted })
      const report = await runPlan(rest, tree)
      const left = await makePlan(tree, wanted, { mode: 'update' })
      expect({ seed, conflicts: report.conflicts, left: briefSteps(left.steps) }).toEqual({
        seed,
        conflicts: [],
        left: [],
      })
    }
  })
})

describe('StepResults', () => {
  it('tells of each step what became of it, with transaction and reason', async () => {
    const tree = live()
    const plan = await makePlan(tree, source)
    const before = new StepResults(null, plan.steps.length)
    expect(before.counts()).toMatchObject({ 'not-reached': plan.steps.length, applied: 0 })
    tree.setData('/a', '2')
    tree.create('/new', { data: 'theirs' })
    const journal = new MemoryJournal()
    const limits = { batchOperationsMax: 1, window: 1 }
    await runPlan(plan, tree, { journal, limits })
    const results = () => new StepResults(parseJournal(journal.text()), plan.steps.length)
    const brief = () => plan.steps.map(({ step, path, index }) => `${step} ${path} ${results().of(index).kind}`)
    expect(brief()).toEqual([
      'setData /a already-done',
      'create /new conflict',
      'create /new/x not-reached',
      'setAcl /acl not-reached',
    ])
    expect(results().of(1)).toEqual({ kind: 'conflict', zxid: null, reason: 'exists' })
    expect(results().counts()).toMatchObject({ 'already-done': 1, conflict: 1, 'not-reached': 2 })
    await runPlan(plan, tree, { journal, limits, onConflict: 'overwrite' })
    expect(brief()).toEqual([
      'setData /a already-done',
      'create /new overwritten',
      'create /new/x applied',
      'setAcl /acl applied',
    ])
    expect(results().of(2).zxid).toEqual(expect.any(BigInt))
    expect(results().counts()).toMatchObject({ applied: 2, overwritten: 1, 'already-done': 1, conflict: 0, skipped: 0 })
  })
})
