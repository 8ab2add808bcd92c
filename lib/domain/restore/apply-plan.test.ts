import { describe, expect, it } from 'vitest'
import { type FakeFault, FakeTarget, FakeTree } from '../../testing/fake-target.ts'
import { MemoryJournal } from '../../testing/memory-journal.ts'
import { makePlan, runPlan, SUPER, stepsOf } from '../../testing/restore-rig.ts'
import { SeededRandom } from '../../testing/seeded-random.ts'
import { buildTree, mutateTree, randomTree } from '../../testing/znode-builder.ts'
import { type Acl, OPEN_ACL } from '../znode/acl.ts'
import type { Znode } from '../znode/znode.ts'
import type { ApplyLimits, ApplyProgress } from './apply-plan.ts'
import { parseJournal } from './journal.ts'
import type { ConflictPolicy, RestoreMode } from './plan.ts'
import { verifyRestore } from './verify-restore.ts'

const OPS = { scheme: 'digest', id: 'ops:hash=' }
const readOnly: Acl = [{ perms: 1, scheme: 'world', id: 'anyone' }]
const small: Partial<ApplyLimits> = { batchOperationsMax: 3, window: 3, batchAclStepsMax: 2 }

/** What the tree must hold after a full mirror: the source without its ephemerals, plus the live ephemerals. */
function withoutEphemerals(tree: FakeTree): string[] {
  return tree.dump().filter((line) => !line.includes(' ephemeral '))
}

/** Every path is created and deleted at most once, and no more than one data and one ACL write reach it. */
function expectNothingTwice(tree: FakeTree, context: object): void {
  const seen = new Map<string, number>()
  for (const { op, path } of tree.commits) seen.set(`${op} ${path}`, (seen.get(`${op} ${path}`) ?? 0) + 1)
  const twice = [...seen].filter(([, count]) => count > 1)
  expect({ ...context, twice }).toEqual({ ...context, twice: [] })
}

function randomCase(seed: number, size = 30): { before: Znode[]; after: Znode[]; expected: string[] } {
  const random = new SeededRandom(seed)
  const before = randomTree(random, { size, kinds: ['persistent'] })
  const after = mutateTree(random, before, { edits: 20 })
  if (after.length === 1) after.push(...buildTree(['/rest']).slice(1))
  return { before, after, expected: withoutEphemerals(new FakeTree(after)) }
}

describe('applyPlan', () => {
  it('makes the live tree like the source and reports what it did', async () => {
    const tree = new FakeTree(buildTree([{ path: '/a', data: 'old' }, '/gone/x']))
    const source = buildTree([
      { path: '/a', data: 'new' },
      { path: '/b/c', data: Buffer.from([0, 255]), acl: readOnly },
    ])
    const plan = await makePlan(tree, source, { mode: 'mirror' })
    const progress: ApplyProgress[] = []
    const report = await runPlan(plan, tree, { onProgress: (one) => progress.push(one) })
    expect(report).toEqual({
      applied: 5,
      alreadyDone: 0,
      skipped: 0,
      conflicts: [],
      conflictCount: 0,
      conflictsLeft: [],
      conflictsLeftCount: 0,
      stopped: false,
      cancelled: false,
      paused: false,
    })
    expect(tree.dump()).toEqual(new FakeTree(source).dump())
    expect(progress.at(-1)).toMatchObject({ applied: 5, steps: 5 })
    expect(progress[0]).toMatchObject({ applied: 0, path: null })
  })

  it('reaches the source exactly on random trees, in all batch sizes, touching nothing twice', {
    timeout: 60_000,
  }, async () => {
    for (let seed = 1; seed <= 60; seed++) {
      const { before, after, expected } = randomCase(seed)
      const tree = new FakeTree(before)
      const plan = await makePlan(tree, after, { mode: 'mirror' })
      const report = await runPlan(plan, tree, { limits: { ...small, batchOperationsMax: 1 + (seed % 7) } })
      expect({ seed, dump: withoutEphemerals(tree), conflicts: report.conflicts }).toEqual({
        seed,
        dump: expected,
        conflicts: [],
      })
      expectNothingTwice(tree, { seed })
    }
  })

  it('keeps several multis in flight, each within the byte and operation limits', async () => {
    const source = buildTree(Array.from({ length: 300 }, (_, i) => ({ path: `/n${i}`, data: Buffer.alloc(1000, i) })))
    const tree = new FakeTree()
    const plan = await makePlan(tree, source)
    const target = new FakeTarget(tree, { identities: [SUPER], requestBytesMax: 21_024 })
    const report = await runPlan(plan, tree, { target, limits: { batchOperationsMax: 50 } })
    expect(report.applied).toBe(300)
    expect(target.inFlightMax).toBe(4)
    expect(Math.max(...target.multis.map((multi) => multi.bytes))).toBeLessThanOrEqual(21_024)
    expect(target.multis.length).toBeLessThan(20)
    const few = new FakeTarget(new FakeTree(), { identities: [SUPER] })
    await runPlan(plan, few.tree, { target: few, limits: { batchOperationsMax: 50 } })
    expect(few.multis.map((multi) => multi.operations)).toEqual([50, 50, 50, 50, 50, 50])
  })

  it('needs no read at all to create into an empty place', async () => {
    const tree = new FakeTree()
    const plan = await makePlan(tree, buildTree(['/a/b', '/c']))
    const kinds: string[] = []
    const target = new FakeTarget(tree, {
      identities: [SUPER],
      onCall: (call) => {
        kinds.push(call.kind)
        return null
      },
    })
    await runPlan(plan, tree, { target })
    expect(kinds).toEqual(['multi'])
  })

  it('takes a live state that is already as wanted for done', async () => {
    const tree = new FakeTree(buildTree([{ path: '/u', data: '1' }, '/d']))
    const source = buildTree([
      { path: '/u', data: '2' },
      { path: '/n', data: 'x' },
      '/m',
      { path: '/acl', acl: readOnly },
    ])
    tree.create('/acl')
    const plan = await makePlan(tree, source, { mode: 'mirror' })
    tree.setData('/u', '2')
    tree.create('/n', { data: 'x' })
    tree.delete('/d')
    tree.setAclAs('/acl', readOnly)
    tree.commits.length = 0
    const report = await runPlan(plan, tree)
    expect(report).toMatchObject({ applied: 1, alreadyDone: 4, skipped: 0, stopped: false, conflictCount: 0 })
    expect(tree.commits.map(({ op, path }) => `${op} ${path}`)).toEqual(['create /m'])
  })

  describe('a writer between plan and apply', () => {
    const before = buildTree([
      { path: '/a', data: '1' },
      { path: '/z', data: '1' },
      '/old',
      { path: '/acl', data: 'k' },
    ])
    const source = buildTree([
      { path: '/a', data: '2' },
      '/new/child',
      { path: '/z', data: '2' },
      { path: '/acl', data: 'k', acl: readOnly },
    ])
    const meddlings: readonly { name: string; path: string; reason: string; meddle: (tree: FakeTree) => void }[] = [
      { name: 'new data', path: '/a', reason: 'version', meddle: (tree) => tree.setData('/a', 'theirs') },
      {
        name: 'a re-created znode with the same version',
        path: '/a',
        reason: 'recreated',
        meddle: (tree) => {
          tree.delete('/a')
          tree.create('/a', { data: 'theirs' })
        },
      },
      { name: 'a deleted znode', path: '/a', reason: 'missing', meddle: (tree) => tree.delete('/a') },
      {
        name: 'a znode where one is created',
        path: '/new',
        reason: 'exists',
        meddle: (tree) => tree.create('/new', { data: 'theirs' }),
      },
      {
        name: 'an ephemeral where one is created',
        path: '/new',
        reason: 'ephemeral',
        meddle: (tree) => tree.create('/new', { kind: 'ephemeral' }),
      },
      {
        name: 'new data in a znode to delete',
        path: '/old',
        reason: 'version',
        meddle: (tree) => tree.setData('/old', 'theirs'),
      },
      {
        name: 'a re-created znode to delete',
        path: '/old',
        reason: 'recreated',
        meddle: (tree) => {
          tree.delete('/old')
          tree.create('/old')
        },
      },
      {
        name: 'children in a znode to delete',
        path: '/old',
        reason: 'not-empty',
        meddle: (tree) => tree.create('/old/theirs'),
      },
      {
        name: 'another ACL',
        path: '/acl',
        reason: 'acl-version',
        meddle: (tree) => tree.setAclAs('/acl', [{ perms: 3, scheme: 'world', id: 'anyone' }]),
      },
      {
        name: 'a re-created znode under an ACL step',
        path: '/acl',
        reason: 'recreated',
        meddle: (tree) => {
          tree.delete('/acl')
          tree.create('/acl', { data: 'k' })
        },
      },
    ]

    it.each(meddlings)(
      'is a conflict that stops the run and overwrites nothing: $name',
      async ({ path, reason, meddle }) => {
        const tree = new FakeTree(before)
        const plan = await makePlan(tree, source, { mode: 'mirror' })
        meddle(tree)
        const theirs = tree.dump().filter((line) => line.startsWith(`${path} `) || line.startsWith(`${path}/`))
        const told: string[] = []
        const report = await runPlan(plan, tree, {
          limits: small,
          onConflictFound: (conflict) => told.push(conflict.path),
        })
        expect(report.stopped).toBe(true)
        expect(report.conflicts).toMatchObject([{ path, reason, resolution: 'stopped' }])
        expect(told).toEqual([path])
        expect(tree.dump().filter((line) => line.startsWith(`${path} `) || line.startsWith(`${path}/`))).toEqual(theirs)
      },
    )

    it.each(meddlings)('is skipped on demand, everything else is done: $name', async ({ path, reason, meddle }) => {
      const tree = new FakeTree(before)
      const plan = await makePlan(tree, source, { mode: 'mirror' })
      meddle(tree)
      const theirs = tree.dump().filter((line) => line.startsWith(`${path} `))
      const report = await runPlan(plan, tree, { onConflict: 'skip' })
      expect(report.stopped).toBe(false)
      expect(report.conflicts[0]).toMatchObject({ path, reason, resolution: 'skipped' })
      expect(report.applied + report.alreadyDone + report.skipped).toBe(plan.steps.length)
      expect(tree.dump().filter((line) => line.startsWith(`${path} `))).toEqual(theirs)
      const rest = (dump: string[]) => dump.filter((line) => !line.startsWith(path))
      expect(rest(tree.dump())).toEqual(rest(new FakeTree(source).dump()))
    })

    it.each(meddlings)(
      'is overwritten on demand, guarded by what was found: $name',
      async ({ path, reason, meddle }) => {
        const tree = new FakeTree(before)
        const plan = await makePlan(tree, source, { mode: 'mirror' })
        meddle(tree)
        const report = await runPlan(plan, tree, { onConflict: 'overwrite' })
        const possible = !['missing', 'ephemeral', 'not-empty'].includes(reason)
        expect(report.conflicts[0]).toMatchObject({ path, reason, resolution: possible ? 'overwritten' : 'skipped' })
        // What the policy settled is left to nobody.
        expect(report.conflictsLeftCount).toBe(possible ? 0 : report.conflictCount)
        expect(report.conflictsLeft).toHaveLength(report.conflictsLeftCount)
        if (possible) expect(tree.dump()).toEqual(new FakeTree(source).dump())
        else expect(tree.dump()).not.toEqual(new FakeTree(source).dump())
      },
    )

    it('goes on from a stop once the conflict is gone, and nothing is applied twice', async () => {
      const tree = new FakeTree(before)
      const plan = await makePlan(tree, source, { mode: 'mirror' })
      tree.create('/new', { data: 'theirs' })
      const journal = new MemoryJournal()
      expect((await runPlan(plan, tree, { journal, limits: small })).stopped).toBe(true)
      tree.delete('/new')
      tree.commits.length = 0
      const report = await runPlan(plan, tree, { journal: journal.reopen(), limits: small })
      expect(report).toMatchObject({ stopped: false, applied: plan.steps.length, conflictCount: 0 })
      expect(tree.dump()).toEqual(new FakeTree(source).dump())
      expectNothingTwice(tree, {})
    })
  })

  it('sees a writer that comes between the check and the write', async () => {
    const tree = new FakeTree(buildTree([{ path: '/a', data: '1' }]))
    const plan = await makePlan(tree, buildTree([{ path: '/a', data: '2' }]))
    const meddle = (policy: ConflictPolicy) => {
      const target = new FakeTarget(tree, {
        identities: [SUPER],
        onCall: (call) => {
          if (call.kind === 'multi' && call.nOfKind === 1) tree.setData('/a', 'theirs')
          return null
        },
      })
      return runPlan(plan, tree, { target, onConflict: policy })
    }
    expect((await meddle('stop')).conflicts).toMatchObject([{ reason: 'version', resolution: 'stopped' }])
    expect(tree.dump()[1]).toContain(Buffer.from('theirs').toString('base64'))
  })

  it('sees a writer that comes between the check and a delete', async () => {
    const tree = new FakeTree(buildTree(['/old', '/keep']))
    const plan = await makePlan(tree, buildTree(['/keep']), { mode: 'mirror' })
    const target = new FakeTarget(tree, {
      identities: [SUPER],
      onCall: (call) => {
        if (call.kind === 'multi' && call.nOfKind === 1) tree.setData('/old', 'theirs')
        return null
      },
    })
    const report = await runPlan(plan, tree, { target })
    expect(report.conflicts).toMatchObject([{ path: '/old', reason: 'version', resolution: 'stopped' }])
    expect(tree.has('/old')).toBe(true)
  })

  it('names the reason of each of many refusals in one batch without sending everything again for each', async () => {
    const tree = new FakeTree(buildTree([{ path: '/locked', acl: readOnly }, '/open']))
    const names = Array.from({ length: 40 }, (_, i) => [`/locked/n${i}`, `/open/n${i}`]).flat()
    const plan = await makePlan(tree, buildTree([{ path: '/locked', acl: readOnly }, ...names]), { identities: [] })
    const target = new FakeTarget(tree)
    const report = await runPlan(plan, tree, { target, onConflict: 'skip' })
    expect(report).toMatchObject({ applied: 40, skipped: 40, conflictCount: 40 })
    expect(report.conflicts.every(({ reason }) => reason === 'no-auth')).toBe(true)
    expect(target.multis.reduce((sum, multi) => sum + multi.operations, 0)).toBeLessThan(80 * 3)
  })

  it('tells of a znode that was re-created in the very instant of the write', async () => {
    const tree = new FakeTree(buildTree([{ path: '/a', data: '1' }]))
    const plan = await makePlan(tree, buildTree([{ path: '/a', data: '2' }]))
    const target = new FakeTarget(tree, {
      identities: [SUPER],
      onCall: (call) => {
        if (call.kind === 'multi') {
          tree.delete('/a')
          tree.create('/a', { data: 'theirs' })
        }
        return null
      },
    })
    const report = await runPlan(plan, tree, { target })
    expect(report).toMatchObject({ applied: 1, stopped: true })
    expect(report.conflicts).toMatchObject([{ path: '/a', reason: 'recreated', resolution: 'overwritten' }])
    expect(report.conflictsLeft).toEqual(report.conflicts)
  })

  it('gives up with a conflict when others write faster than it can', async () => {
    const tree = new FakeTree(buildTree([{ path: '/a', data: '1' }]))
    const plan = await makePlan(tree, buildTree([{ path: '/a', data: '2' }]))
    let n = 0
    const target = new FakeTarget(tree, {
      identities: [SUPER],
      onCall: (call) => {
        if (call.kind === 'multi') tree.setData('/a', `theirs ${n++}`)
        return null
      },
    })
    const report = await runPlan(plan, tree, { target, onConflict: 'overwrite' })
    expect(report.conflicts).toMatchObject([{ path: '/a', resolution: 'skipped' }])
    expect(n).toBeLessThan(20)
  })

  it('drops the creates below a place that it had to give up, and goes on elsewhere', async () => {
    const tree = new FakeTree(buildTree(['/parent', '/free']))
    const plan = await makePlan(tree, buildTree(['/parent/a/b', '/parent/c', '/free/x', '/parent']))
    tree.delete('/parent')
    const report = await runPlan(plan, tree, { onConflict: 'skip', limits: { batchOperationsMax: 2, window: 4 } })
    expect(report.conflicts.map(({ path, reason }) => `${path} ${reason}`).sort()).toEqual([
      '/parent/a parent-missing',
      '/parent/a/b parent-missing',
      '/parent/c parent-missing',
    ])
    expect(report).toMatchObject({ applied: 1, skipped: 3, stopped: false })
    expect(tree.has('/free/x')).toBe(true)
  })

  it('names a refusal that no state explains, and skips only what was refused', async () => {
    const locked: Acl = [{ perms: 1, scheme: 'world', id: 'anyone' }]
    const tree = new FakeTree(buildTree([{ path: '/locked', acl: locked }, '/open']))
    const source = buildTree([{ path: '/locked', acl: locked }, '/locked/a/b', '/locked/c', '/open/d', '/open/e'])
    const plan = await makePlan(tree, source, { identities: [] })
    const target = () => new FakeTarget(tree)
    const stopped = await runPlan(plan, tree, { target: target() })
    expect(stopped.conflicts).toMatchObject([{ path: '/locked/a', reason: 'no-auth', resolution: 'stopped' }])
    expect(tree.has('/open/d')).toBe(false)
    const skipped = await runPlan(plan, tree, { target: target(), onConflict: 'skip' })
    expect(skipped.conflicts.map(({ path, reason }) => `${path} ${reason}`)).toEqual([
      '/locked/a no-auth',
      '/locked/a/b parent-missing',
      '/locked/c no-auth',
    ])
    expect(skipped).toMatchObject({ applied: 2, skipped: 3 })
    expect(tree.has('/open/e')).toBe(true)
  })

  it.each([
    ['QUOTA_EXCEEDED', 'quota'],
    ['INVALID_ACL', 'invalid-acl'],
    ['UNIMPLEMENTED', 'unsupported'],
    ['OTHER', 'refused'],
  ] as const)('reports %s as %s', async (refuse, reason) => {
    const tree = new FakeTree()
    const plan = await makePlan(tree, buildTree(['/a', '/b']))
    const target = new FakeTarget(tree, {
      identities: [SUPER],
      onCall: (call) =>
        call.kind === 'multi' && call.paths.includes('/b') ? { refuse, index: call.paths.indexOf('/b') } : null,
    })
    const report = await runPlan(plan, tree, { target, onConflict: 'skip' })
    expect(report).toMatchObject({ applied: 1, skipped: 1, conflicts: [{ path: '/b', reason }] })
  })

  it('does not send a step that has become too large for the server', async () => {
    const tree = new FakeTree()
    const plan = await makePlan(tree, buildTree([{ path: '/big', data: Buffer.alloc(5000) }, '/small']))
    const target = new FakeTarget(tree, { identities: [SUPER], requestBytesMax: 3000 })
    const report = await runPlan(plan, tree, { target, onConflict: 'skip' })
    expect(report).toMatchObject({ applied: 1, skipped: 1, conflicts: [{ path: '/big', reason: 'too-large' }] })
    expect(target.multis.every((multi) => multi.bytes <= 3000)).toBe(true)
  })

  it('does not take a refusal for a conflict when only an earlier batch had held back the parent', async () => {
    const tree = new FakeTree()
    const source = buildTree([{ path: '/a', data: 'same' }, '/b/c/d', '/b/e'])
    const plan = await makePlan(tree, source)
    tree.create('/a', { data: 'same' })
    const report = await runPlan(plan, tree, { limits: { batchOperationsMax: 2, window: 4 } })
    expect(report).toMatchObject({ stopped: false, conflictCount: 0, alreadyDone: 1, applied: 4 })
    expect(tree.dump()).toEqual(new FakeTree(source).dump())
  })

  it('restores below restrictive ACLs with its own identity and leaves exactly the final ACLs', async () => {
    const opsRead: Acl = [{ perms: 1, ...OPS }]
    const source = buildTree([
      { path: '/p', acl: opsRead },
      { path: '/p/q', acl: opsRead },
      '/p/q/r',
      { path: '/p/s', acl: opsRead },
    ])
    const tree = new FakeTree()
    const plan = await makePlan(tree, source, { identities: [OPS] })
    const report = await runPlan(plan, tree, { target: new FakeTarget(tree, { identities: [OPS] }) })
    expect(report).toMatchObject({ conflictCount: 0, applied: 6 })
    expect(tree.dump()).toEqual(new FakeTree(source).dump())
  })

  it('does not tighten a znode that someone else created in place of ours', async () => {
    const opsRead: Acl = [{ perms: 1, ...OPS }]
    const tree = new FakeTree()
    const plan = await makePlan(tree, buildTree([{ path: '/p', acl: opsRead }, '/p/q']), { identities: [OPS] })
    const target = new FakeTarget(tree, {
      identities: [OPS],
      onCall: (call) => {
        if (call.kind === 'read') {
          tree.delete('/p/q')
          tree.delete('/p')
          tree.create('/p', { data: 'theirs' })
        }
        return null
      },
    })
    const report = await runPlan(plan, tree, { target })
    expect(report.conflicts).toMatchObject([{ path: '/p', reason: 'recreated', resolution: 'stopped' }])
    expect(tree.dump()[1]).toContain('31:world:anyone')
  })

  it('ends a cancelled run between batches and resumes it', async () => {
    const source = buildTree(Array.from({ length: 20 }, (_, i) => `/n${i}`))
    const tree = new FakeTree()
    const plan = await makePlan(tree, source)
    const controller = new AbortController()
    const journal = new MemoryJournal()
    const target = new FakeTarget(tree, {
      identities: [SUPER],
      onCall: (call) => {
        if (call.n === 2) controller.abort()
        return null
      },
    })
    const first = await runPlan(plan, tree, { journal, target, limits: small, signal: controller.signal })
    expect(first).toMatchObject({ cancelled: true, stopped: false })
    expect(first.applied).toBe(tree.commits.length)
    expect(first.applied).toBeLessThan(20)
    const second = await runPlan(plan, tree, { journal: journal.reopen() })
    expect(second).toMatchObject({ cancelled: false, applied: 20 })
    expectNothingTwice(tree, {})
  })

  it('pauses between batches with nothing on its way, says so in the journal, and goes on to the exact target', async () => {
    const source = buildTree(Array.from({ length: 20 }, (_, i) => `/n${i}`))
    const tree = new FakeTree()
    const plan = await makePlan(tree, source)
    const journal = new MemoryJournal()
    let asked = 0
    const shouldPause = async () => ++asked === 3
    const first = await runPlan(plan, tree, { journal, limits: small, shouldPause })
    expect(first).toMatchObject({ paused: true, cancelled: false, stopped: false })
    expect(first.applied).toBe(tree.commits.length)
    expect(first.applied).toBeGreaterThan(0)
    expect(first.applied).toBeLessThan(20)
    const state = parseJournal(journal.text())
    expect(state?.result).toBe('paused')
    expect([...Array(20).keys()].filter((index) => state?.doubtful.has(index))).toEqual([])
    expect(asked).toBe(3)
    const second = await runPlan(plan, tree, { journal: journal.reopen(), shouldPause: async () => false })
    expect(second).toMatchObject({ paused: false, applied: 20 })
    expectNothingTwice(tree, {})
  })

  it('finds a conflict, not a licence, in what somebody wrote during a pause', async () => {
    const tree = new FakeTree()
    const plan = await makePlan(tree, buildTree(Array.from({ length: 20 }, (_, i) => `/n${i}`)))
    const journal = new MemoryJournal()
    await runPlan(plan, tree, { journal, limits: small, shouldPause: async () => true })
    expect(tree.commits).toHaveLength(0)
    const other = new FakeTarget(tree, { identities: [SUPER] })
    await other.multi([
      { op: 'create', path: '/n7', data: Buffer.from('theirs'), acl: OPEN_ACL, kind: 'persistent', ttlMs: null },
    ])
    const second = await runPlan(plan, tree, { journal: journal.reopen() })
    expect(second).toMatchObject({ paused: false, stopped: true })
    expect(second.conflicts).toMatchObject([{ path: '/n7', reason: 'exists' }])
  })

  it('does nothing more for a run that is done', async () => {
    const tree = new FakeTree()
    const plan = await makePlan(tree, buildTree(['/a']))
    const journal = new MemoryJournal()
    await runPlan(plan, tree, { journal })
    const before = journal.appendCount
    expect(await runPlan(plan, tree, { journal })).toMatchObject({ applied: 1 })
    expect(journal.appendCount).toBe(before)
  })

  it('refuses the journal of another plan', async () => {
    const tree = new FakeTree()
    const journal = new MemoryJournal()
    await runPlan(await makePlan(tree, buildTree(['/a'])), tree, { journal })
    const other = await makePlan(tree, buildTree(['/b']))
    await expect(runPlan(other, tree, { journal })).rejects.toMatchObject({ code: 'JOURNAL_MISMATCH' })
    expect(tree.has('/b')).toBe(false)
  })

  it.each([
    ['a step out of place', (step: object) => ({ ...step, index: 5 })],
    ['a step below /zookeeper', (step: object) => ({ ...step, path: '/zookeeper/config/x' })],
    ['the root of quotas', (step: object) => ({ ...step, path: '/zookeeper/quota' })],
    ['the root', (step: object) => ({ ...step, path: '/' })],
  ])('refuses to run a plan with %s', async (_name, change) => {
    const tree = new FakeTree()
    const plan = await makePlan(tree, buildTree(['/a']))
    const steps = stepsOf(plan.steps.map((step) => Object.assign({}, step, change(step))))
    await expect(runPlan(plan, tree, { steps })).rejects.toMatchObject({ code: 'BAD_STEP' })
    expect(tree.commits).toEqual([])
  })

  it('ends with an error that can be resumed when the server takes no writes', async () => {
    const tree = new FakeTree()
    const source = buildTree(['/a', '/b'])
    const plan = await makePlan(tree, source)
    const journal = new MemoryJournal()
    const target = new FakeTarget(tree, { identities: [SUPER], onCall: () => ({ refuse: 'NOT_READ_ONLY', index: 0 }) })
    await expect(runPlan(plan, tree, { journal, target, onConflict: 'skip' })).rejects.toMatchObject({
      code: 'TARGET_READ_ONLY',
    })
    expect(await runPlan(plan, tree, { journal: journal.reopen() })).toMatchObject({ applied: 2 })
  })

  describe('crash and resume', { timeout: 60_000 }, () => {
    const opsRead: Acl = [{ perms: 1, ...OPS }]

    async function scenario(mode: RestoreMode = 'mirror') {
      const before = buildTree([
        { path: '/a', data: '1' },
        { path: '/b', data: '1' },
        { path: '/c', acl: readOnly },
        '/old/x/y',
        '/old/z',
        { path: '/open', acl: readOnly },
      ])
      const source = buildTree([
        { path: '/a', data: '2' },
        { path: '/b', data: '2' },
        '/c',
        '/n/1',
        '/n/2/3',
        { path: '/p', acl: opsRead },
        { path: '/p/q', acl: opsRead },
        { path: '/p/q/r', acl: opsRead },
        { path: '/open', acl: opsRead },
      ])
      const tree = new FakeTree(before)
      const plan = await makePlan(tree, source, { mode, identities: [OPS] })
      return { tree, plan, expected: new FakeTree(source).dump() }
    }

    /** A first process that dies in the given way, then others that resume until one gets to the end. */
    async function dieAndResume(
      die: { append: number; kept: boolean | 'torn' } | { call: number; fault: FakeFault },
      options: { powerCut?: boolean } = {},
    ) {
      const { tree, plan, expected } = await scenario()
      const context = { ...die, ...options }
      let journal = new MemoryJournal()
      if ('append' in die) journal.dieAt = die
      const target = new FakeTarget(tree, {
        identities: [SUPER],
        onCall: (call) => ('call' in die && call.n === die.call ? die.fault : null),
      })
      const died = await runPlan(plan, tree, { journal, target, limits: small }).then(
        () => false,
        () => true,
      )
      journal = journal.reopen(options)
      const report = await runPlan(plan, tree, { journal, limits: small })
      expect({ ...context, dump: tree.dump() }).toEqual({ ...context, dump: expected })
      expectNothingTwice(tree, context)
      expect({ ...context, report }).toMatchObject({
        ...context,
        report: { stopped: false, cancelled: false, conflictCount: 0 },
      })
      const settled = report.applied + report.alreadyDone + report.skipped
      expect({ ...context, settled }).toEqual({ ...context, settled: plan.steps.length })
      expect(parseJournal(journal.text())?.result).toBe('done')
      return died
    }

    it.each([false, true, 'torn'] as const)(
      'reaches the target exactly after a death at any journal line (line kept: %s)',
      async (kept) => {
        let n = 1
        while (await dieAndResume({ append: n, kept })) n++
        expect(n).toBeGreaterThan(15)
      },
    )

    it('reaches the target exactly after a power cut at any journal line', async () => {
      let n = 1
      while (await dieAndResume({ append: n, kept: false }, { powerCut: true })) n++
      expect(n).toBeGreaterThan(15)
    })

    it.each(['crash-before', 'crash-after'] as const)(
      'reaches the target exactly after a %s at any call',
      async (fault) => {
        let n = 1
        while (await dieAndResume({ call: n, fault })) n++
        expect(n).toBeGreaterThan(10)
      },
    )

    it.each(['unknown-lost', 'unknown-applied', 'unknown-late'] as const)(
      'goes on by itself when the answer to any write is lost (%s)',
      async (fault) => {
        for (let n = 1; ; n++) {
          const { tree, plan, expected } = await scenario()
          let hit = false
          const target = new FakeTarget(tree, {
            identities: [SUPER],
            onCall: (call) => {
              if (call.kind === 'read' || call.n !== n) return null
              hit = true
              return fault
            },
          })
          const report = await runPlan(plan, tree, { target, limits: small })
          expect({ n, dump: tree.dump(), report }).toMatchObject({
            n,
            dump: expected,
            report: { stopped: false, conflictCount: 0, applied: plan.steps.length, alreadyDone: 0 },
          })
          expectNothingTwice(tree, { n, fault })
          if (!hit && n > 25) break
        }
      },
    )

    it('survives many deaths in one run on random trees', async () => {
      for (let seed = 1; seed <= 40; seed++) {
        const random = new SeededRandom(seed)
        const { before, after, expected } = randomCase(seed + 1000, 40)
        const tree = new FakeTree(before)
        const plan = await makePlan(tree, after, { mode: 'mirror' })
        let journal = new MemoryJournal()
        for (let life = 1; ; life++) {
          expect({ seed, alive: life < 200 }).toEqual({ seed, alive: true })
          // Every process gets a little further than the last one may have.
          const lifetime = 1 + random.below(3 + life)
          if (random.chance(0.5))
            journal.dieAt = { append: lifetime, kept: random.pick([true, false, 'torn'] as const) }
          const fault = random.pick(['crash-before', 'crash-after', 'unknown-applied', 'unknown-lost'] as const)
          const target = new FakeTarget(tree, {
            identities: [SUPER],
            onCall: (call) =>
              call.n === lifetime && (call.kind !== 'read' || fault.startsWith('crash')) && !journal.dieAt
                ? fault
                : null,
          })
          const report = await runPlan(plan, tree, { journal, target, limits: small }).catch(() => null)
          if (report) {
            expect({ seed, report }).toMatchObject({ seed, report: { stopped: false, conflictCount: 0 } })
            break
          }
          journal = journal.reopen({ powerCut: random.chance(0.3) })
        }
        expect({ seed, dump: withoutEphemerals(tree) }).toEqual({ seed, dump: expected })
        expectNothingTwice(tree, { seed })
      }
    })

    it.each([1, 2])(
      'knows a late write for its own when it was cancelled before that was settled (at call %i)',
      async (at) => {
        const tree = new FakeTree()
        const plan = await makePlan(tree, buildTree(['/a', '/b']))
        const journal = new MemoryJournal()
        const controller = new AbortController()
        const target = new FakeTarget(tree, {
          identities: [SUPER],
          onCall: (call) => {
            if (call.n === at) controller.abort()
            return call.n === 1 ? 'unknown-late' : null
          },
        })
        const first = await runPlan(plan, tree, { journal, target, signal: controller.signal })
        expect(first).toMatchObject({ cancelled: true, applied: 0 })
        // Whatever is still on its way arrives before the next write of the lost session.
        await target.setAcl('/', [{ perms: 31, scheme: 'world', id: 'anyone' }], -1)
        expect(tree.has('/b')).toBe(true)
        const report = await runPlan(plan, tree, { journal: journal.reopen() })
        expect(report).toMatchObject({ applied: 2, alreadyDone: 0, conflictCount: 0 })
      },
    )

    it('tells its own znode, changed by someone since, from a stranger', async () => {
      const tree = new FakeTree()
      const plan = await makePlan(tree, buildTree(['/a', '/b', '/c']))
      const journal = new MemoryJournal()
      const target = new FakeTarget(tree, { identities: [SUPER], onCall: () => 'crash-after' })
      await expect(runPlan(plan, tree, { journal, target })).rejects.toThrow('died')
      tree.setData('/b', 'theirs, later')
      const report = await runPlan(plan, tree, { journal: journal.reopen() })
      expect(report).toMatchObject({ applied: 3, conflictCount: 0 })
      expect(tree.dump()[2]).toContain(Buffer.from('theirs, later').toString('base64'))
    })

    it('finds a conflict, not a licence, in what someone wrote while it was dead', async () => {
      const { tree, plan } = await scenario()
      const journal = new MemoryJournal()
      const target = new FakeTarget(tree, {
        identities: [SUPER],
        onCall: (call) => (call.kind === 'multi' ? 'crash-before' : null),
      })
      await expect(runPlan(plan, tree, { journal, target, limits: small })).rejects.toThrow('died')
      tree.setData('/a', 'theirs')
      const report = await runPlan(plan, tree, { journal: journal.reopen(), limits: small })
      expect(report.conflicts).toMatchObject([{ path: '/a', reason: 'version', resolution: 'stopped' }])
    })
  })
})

describe('verifyRestore', () => {
  it('finds nothing after a complete run, deferred ACLs included', async () => {
    const opsRead: Acl = [{ perms: 1, ...OPS }]
    const tree = new FakeTree(buildTree(['/old']))
    const plan = await makePlan(tree, buildTree([{ path: '/p', acl: opsRead }, '/p/q']), {
      mode: 'mirror',
      identities: [OPS],
    })
    await runPlan(plan, tree)
    const target = new FakeTarget(tree, { identities: [SUPER] })
    expect(await verifyRestore({ steps: stepsOf(plan.steps), target })).toEqual({
      equal: true,
      checked: plan.steps.length,
      differences: [],
      differenceCount: 0,
      aclsHidden: 0,
      aclsUnresolved: 0,
      // One list for each znode, however many steps bring it there.
      aclsCompared: 2,
      counters: { checked: 0, reached: 0 },
    })
  })

  it('names every touched path that is not as planned', async () => {
    const tree = new FakeTree(buildTree(['/old', { path: '/u', data: '1' }, '/acl']))
    const source = buildTree(['/n1', '/n2', '/n3', { path: '/u', data: '2' }, { path: '/acl', acl: readOnly }])
    const plan = await makePlan(tree, source, { mode: 'mirror' })
    await runPlan(plan, tree)
    tree.delete('/n1')
    tree.setData('/n2', 'x')
    tree.setAclAs('/n3', readOnly)
    tree.setData('/u', '3')
    tree.setAclAs('/acl', [{ perms: 31, ...OPS }])
    tree.create('/old')
    const report = await verifyRestore({
      steps: stepsOf(plan.steps),
      target: new FakeTarget(tree, { identities: [SUPER] }),
    })
    expect(report.differences.map(({ path, reason }) => `${path} ${reason}`).sort()).toEqual([
      '/acl acl',
      '/n1 missing',
      '/n2 data',
      '/n3 acl',
      '/old present',
      '/u data',
    ])
    expect(report).toMatchObject({ equal: false, differenceCount: 6 })
  })

  it('is not green on what it cannot read', async () => {
    const tree = new FakeTree()
    const plan = await makePlan(tree, buildTree([{ path: '/p', acl: [{ perms: 31, ...OPS }] }]))
    await runPlan(plan, tree)
    const report = await verifyRestore({ steps: stepsOf(plan.steps), target: new FakeTarget(tree) })
    expect(report).toMatchObject({ equal: false, differences: [{ path: '/p', reason: 'unreadable' }] })
  })
})
