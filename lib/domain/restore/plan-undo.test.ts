import { describe, expect, it } from 'vitest'
import { FakeTarget, FakeTree } from '../../testing/fake-target.ts'
import { MemoryJournal } from '../../testing/memory-journal.ts'
import { briefSteps, makePlan, makeUndo, runPlan, SUPER } from '../../testing/restore-rig.ts'
import { SeededRandom } from '../../testing/seeded-random.ts'
import { buildTree, mutateTree, randomTree } from '../../testing/znode-builder.ts'
import type { Acl } from '../znode/acl.ts'

const readOnly: Acl = [{ perms: 1, scheme: 'world', id: 'anyone' }]
const OPS = { scheme: 'digest', id: 'ops:hash=' }
const before = buildTree([
  { path: '/a', data: '1' },
  { path: '/acl', acl: readOnly },
  { path: '/old', data: null },
  { path: '/old/x', data: 'x', kind: 'container' },
  { path: '/old/t', kind: 'ttl', ttlMs: 9_000_000 },
])
const source = buildTree([
  { path: '/a', data: '2', acl: readOnly },
  '/acl',
  '/new/b/c',
  { path: '/p', acl: readOnly },
  '/p/q',
])

async function restored() {
  const tree = new FakeTree(before)
  const safety = tree.znodes()
  const plan = await makePlan(tree, source, { mode: 'mirror', identities: [OPS] })
  const journal = new MemoryJournal()
  const dump = tree.dump()
  const report = await runPlan(plan, tree, { journal })
  expect(report.conflictCount).toBe(0)
  return { tree, safety, plan, journal, dump }
}

describe('planUndo', () => {
  it('brings data, ACLs, kinds and existence back to what they were', async () => {
    const { tree, safety, plan, journal, dump } = await restored()
    const undo = await makeUndo(plan, tree, { journal, safety })
    expect(undo.summary).toMatchObject({ creates: 3, updates: 1, deletes: 5, aclChanges: 2 })
    expect(undo.summary.warnings.filter(({ code }) => code === 'later-write')).toEqual([])
    expect(await runPlan(undo, tree)).toMatchObject({ conflictCount: 0, applied: undo.steps.length })
    expect(tree.dump()).toEqual(dump)
  })

  it('creates before it deletes, deletes children first', async () => {
    const { tree, safety, plan, journal } = await restored()
    const steps = briefSteps((await makeUndo(plan, tree, { journal, safety })).steps)
    expect(steps.filter((step) => step.startsWith('create'))).toEqual(['create /old', 'create /old/t', 'create /old/x'])
    expect(steps.filter((step) => step.startsWith('delete'))).toEqual([
      'delete /p/q',
      'delete /p',
      'delete /new/b/c',
      'delete /new/b',
      'delete /new',
    ])
    expect(steps.indexOf('delete /p/q')).toBeGreaterThan(steps.indexOf('create /old/x'))
  })

  it('returns random trees to the state before, also after a run that died and was not resumed', {
    timeout: 60_000,
  }, async () => {
    for (let seed = 1; seed <= 60; seed++) {
      const random = new SeededRandom(seed)
      const tree = new FakeTree(randomTree(random, { size: 30 }))
      const safety = tree.znodes()
      const dump = tree.dump()
      const after = mutateTree(random, safety, { edits: 20 })
      if (after.length === 1) continue
      const plan = await makePlan(tree, after, { mode: 'mirror' })
      const journal = new MemoryJournal()
      const dieAt = seed % 2 === 0 ? random.below(12) : -1
      const target = new FakeTarget(tree, {
        identities: [SUPER],
        onCall: (call) => (call.n === dieAt ? random.pick(['crash-before', 'crash-after'] as const) : null),
      })
      await runPlan(plan, tree, { journal, target, limits: { batchOperationsMax: 3, batchAclStepsMax: 2 } }).catch(
        () => null,
      )
      const undo = await makeUndo(plan, tree, { journal: journal.reopen({ powerCut: random.chance(0.3) }), safety })
      const report = await runPlan(undo, tree)
      expect({ seed, dump: tree.dump(), conflicts: report.conflicts }).toEqual({ seed, dump, conflicts: [] })
    }
  })

  it('takes back only what the run did, not what it found done or skipped', async () => {
    const tree = new FakeTree(buildTree([{ path: '/u', data: '1' }]))
    const safety = tree.znodes()
    const plan = await makePlan(tree, buildTree([{ path: '/u', data: '2' }, '/n', '/m']))
    tree.create('/n')
    tree.setData('/u', 'theirs')
    const journal = new MemoryJournal()
    await runPlan(plan, tree, { journal, onConflict: 'skip' })
    const undo = await makeUndo(plan, tree, { journal, safety })
    expect(briefSteps(undo.steps)).toEqual(['delete /m'])
  })

  it('takes back an overwrite to what was there before the run', async () => {
    const tree = new FakeTree(buildTree([{ path: '/u', data: '1' }, '/acl']))
    const plan = await makePlan(
      tree,
      buildTree([
        { path: '/u', data: '2' },
        { path: '/n', data: 'n', acl: readOnly },
        { path: '/acl', acl: readOnly },
      ]),
    )
    tree.setData('/u', 'theirs')
    tree.create('/n', { data: 'theirs' })
    tree.setAclAs('/acl', [{ perms: 7, scheme: 'world', id: 'anyone' }])
    const safety = tree.znodes()
    const dump = tree.dump()
    const journal = new MemoryJournal()
    const report = await runPlan(plan, tree, { journal, onConflict: 'overwrite' })
    expect(report.conflicts.map(({ resolution }) => resolution)).toEqual(['overwritten', 'overwritten', 'overwritten'])
    const undo = await makeUndo(plan, tree, { journal, safety })
    expect(undo.summary.warnings.filter(({ code }) => code === 'later-write')).toEqual([])
    expect(await runPlan(undo, tree)).toMatchObject({ conflictCount: 0 })
    expect(tree.dump()).toEqual(dump)
  })

  it('deletes what the run created where the safety backup had seen an ephemeral', async () => {
    const tree = new FakeTree(buildTree([{ path: '/e', data: 'lock', kind: 'ephemeral' }]))
    const safety = tree.znodes()
    const plan = await makePlan(new FakeTree(), buildTree([{ path: '/e', data: 'restored' }]))
    tree.delete('/e')
    const journal = new MemoryJournal()
    expect(await runPlan(plan, tree, { journal })).toMatchObject({ applied: 1 })
    const undo = await makeUndo(plan, tree, { journal, safety })
    expect(briefSteps(undo.steps)).toEqual(['delete /e'])
  })

  it('says so where the run wrote over what came after its safety backup', async () => {
    const [tree, safety] = [1, 2].map(() => new FakeTree(buildTree(['/u', '/v', '/w']))) as [FakeTree, FakeTree]
    const source = buildTree([
      { path: '/u', data: '2' },
      { path: '/v', data: '2' },
      { path: '/w', data: '2' },
      { path: '/x', data: '2' },
    ])
    const plan = await makePlan(tree, source)
    for (const each of [tree, safety]) each.setData('/v', 'theirs')
    safety.delete('/w')
    tree.setData('/u', 'theirs')
    tree.setData('/w', 'theirs')
    tree.create('/x', { data: 'theirs' })
    const journal = new MemoryJournal()
    await runPlan(plan, tree, { journal, onConflict: 'overwrite' })
    const undo = await makeUndo(plan, tree, { journal, safety })
    expect(undo.summary.warnings.map(({ code, path }) => `${code} ${path}`)).toEqual([
      'not-saved /u',
      'not-saved /w',
      'not-saved /x',
    ])
    expect(undo.summary.skipped).toMatchObject({ 'not-in-safety-backup': 2 })
    expect(briefSteps(undo.steps)).toEqual(['setData /u', 'setData /v'])
  })

  it('takes back an overwrite whose answer was lost', async () => {
    const tree = new FakeTree(buildTree([{ path: '/u', data: '1' }]))
    const plan = await makePlan(tree, buildTree([{ path: '/u', data: '2' }]))
    tree.setData('/u', 'theirs')
    const safety = tree.znodes()
    const dump = tree.dump()
    const journal = new MemoryJournal()
    const target = new FakeTarget(tree, {
      identities: [SUPER],
      onCall: (call) => (call.kind === 'multi' ? 'crash-after' : null),
    })
    await expect(runPlan(plan, tree, { journal, target, onConflict: 'overwrite' })).rejects.toThrow('died')
    const next = journal.reopen()
    expect(await runPlan(plan, tree, { journal: next, onConflict: 'overwrite' })).toMatchObject({ applied: 1 })
    const undo = await makeUndo(plan, tree, { journal: next, safety })
    expect(undo.summary.warnings).toEqual([])
    expect(await runPlan(undo, tree)).toMatchObject({ applied: 1, conflictCount: 0 })
    expect(tree.dump()).toEqual(dump)
  })

  it.each([
    ['data', '/a', (tree: FakeTree) => tree.setData('/a', 'later')],
    ['an ACL', '/acl', (tree: FakeTree) => tree.setAclAs('/acl', [{ perms: 7, scheme: 'world', id: 'anyone' }])],
    ['data of a created znode', '/new/b/c', (tree: FakeTree) => tree.setData('/new/b/c', 'later')],
    ['a child below a created znode', '/new/b', (tree: FakeTree) => tree.create('/new/b/later')],
    [
      'a deleted znode, made again',
      '/old/x',
      (tree: FakeTree) => {
        tree.create('/old')
        tree.create('/old/x', { data: 'later' })
      },
    ],
  ])('lists later writes of others before it runs, and leaves them as they are: %s', async (_name, path, write) => {
    const { tree, safety, plan, journal } = await restored()
    write(tree)
    const undo = await makeUndo(plan, tree, { journal, safety })
    expect(undo.summary.warnings.filter(({ code }) => code === 'later-write').map((warning) => warning.path)).toContain(
      path,
    )
    // What the run has set of its ACL goes back: nobody has written that.
    const withoutAcl = (line: string) => line.replace(/\[.*\]/, '')
    const theirs = tree.dump().filter((line) => line.startsWith(`${path} `))
    expect(undo.summary).toMatchObject({ laterWrites: { overwritten: false }, skipped: { 'later-write': 1 } })
    const report = await runPlan(undo, tree)
    expect(report).toMatchObject({ stopped: false, conflictCount: 0 })
    const now = tree.dump().filter((line) => line.startsWith(`${path} `))
    expect(now.map(withoutAcl)).toEqual(theirs.map(withoutAcl))
    if (path === '/acl') expect(now).toEqual(theirs)
  })

  it('takes later writes back, too, when that is chosen, and never what it did not create', async () => {
    const { tree, safety, plan, journal, dump } = await restored()
    tree.setData('/a', 'later')
    tree.setAclAs('/acl', [{ perms: 7, scheme: 'world', id: 'anyone' }])
    tree.setData('/new/b/c', 'later')
    tree.create('/old')
    tree.create('/old/x', { data: 'later' })
    const undo = await makeUndo(plan, tree, { journal, safety, laterWrites: 'overwrite' })
    // Where nothing but the kind differs, which no client can see, it is as it was.
    expect(undo.summary).toMatchObject({ laterWrites: { count: 4, overwritten: true } })
    expect(await runPlan(undo, tree)).toMatchObject({ conflictCount: 0, stopped: false })
    const withoutKind = (lines: readonly string[]) => lines.map((line) => line.replace('container', 'persistent'))
    expect(withoutKind(tree.dump())).toEqual(withoutKind(dump))
  })

  it('creates again what somebody has deleted since, only when that is chosen', async () => {
    const { tree, safety, plan, journal, dump } = await restored()
    tree.delete('/a')
    const kept = await makeUndo(plan, tree, { journal, safety })
    expect(briefSteps(kept.steps)).not.toContain('create /a')
    expect(kept.summary.laterWrites).toEqual({ count: 1, overwritten: false })
    const undo = await makeUndo(plan, tree, { journal, safety, laterWrites: 'overwrite' })
    expect(briefSteps(undo.steps)).toContain('create /a')
    await runPlan(undo, tree)
    expect(tree.dump()).toEqual(dump)
  })

  it('planned once more after it came to a part, does what is left and nothing twice', async () => {
    const { tree, safety, plan, journal, dump } = await restored()
    const undo = await makeUndo(plan, tree, { journal, safety })
    const target = new FakeTarget(tree, {
      identities: [SUPER],
      onCall: (call) => (call.n === 4 ? 'crash-after' : null),
    })
    await expect(runPlan(undo, tree, { target, limits: { batchOperationsMax: 2 } })).rejects.toThrow('died')
    const again = await makeUndo(plan, tree, { journal, safety })
    expect(again.summary.laterWrites).toEqual({ count: 0, overwritten: false })
    expect(again.steps.length).toBeLessThan(undo.steps.length)
    expect(await runPlan(again, tree)).toMatchObject({ conflictCount: 0, alreadyDone: 0 })
    expect(tree.dump()).toEqual(dump)
  })

  it('can be undone and resumed like any plan', async () => {
    const { tree, safety, plan, journal, dump } = await restored()
    const undo = await makeUndo(plan, tree, { journal, safety })
    const undoJournal = new MemoryJournal()
    const target = new FakeTarget(tree, {
      identities: [SUPER],
      onCall: (call) => (call.n === 3 ? 'crash-after' : null),
    })
    const limits = { batchOperationsMax: 2 }
    await expect(runPlan(undo, tree, { journal: undoJournal, target, limits })).rejects.toThrow('died')
    await runPlan(undo, tree, { journal: undoJournal.reopen(), limits })
    expect(tree.dump()).toEqual(dump)
  })
})
