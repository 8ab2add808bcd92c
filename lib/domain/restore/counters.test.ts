import { describe, expect, it } from 'vitest'
import { type FakeFault, FakeTarget, FakeTree } from '../../testing/fake-target.ts'
import { MemoryJournal } from '../../testing/memory-journal.ts'
import { asSource, briefSteps, makePlan, makeUndo, runPlan, SUPER, stepsOf } from '../../testing/restore-rig.ts'
import { buildTree } from '../../testing/znode-builder.ts'
import type { ApplyProgress } from './apply-plan.ts'
import type { CounterOptions } from './fidelity.ts'
import { parseJournal } from './journal.ts'
import type { PlanStep } from './plan.ts'
import { planFromTrees } from './plan-from-trees.ts'
import { decodeStep, encodeStep } from './step-codec.ts'
import { verifyRestore } from './verify-restore.ts'

const BURN: CounterOptions = { mode: 'burn', operationsMax: 100_000 }

/** So many children made and removed again: what a queue is after a while. */
function spend(tree: FakeTree, path: string, children: number): void {
  for (let n = 0; n < children; n++) {
    tree.create(`${path}/spent`)
    tree.delete(`${path}/spent`)
  }
}

function treeOf(counters: Readonly<Record<string, number>>, paths: readonly string[] = []): FakeTree {
  const tree = new FakeTree(buildTree([...Object.keys(counters), ...paths]))
  for (const [path, counter] of Object.entries(counters)) spend(tree, path, counter - counterOf(tree, path))
  tree.commits.length = 0
  return tree
}

function counterOf(tree: FakeTree, path: string): number {
  const znode = tree.znodes().find((each) => each.path === path)
  if (!znode) throw new Error(`${path} is not there`)
  return znode.stat.cversion
}

const advances = (steps: readonly PlanStep[]) =>
  steps.flatMap((step) => (step.step === 'advanceCounter' ? [`${step.path} ${step.from}→${step.to}`] : []))

describe('planning counters', () => {
  it('leaves them unless asked, and says which stay behind', async () => {
    const { steps, summary } = await makePlan(treeOf({ '/q': 2 }), treeOf({ '/q': 9 }))
    expect(steps).toEqual([])
    expect(summary.warnings.map(({ code, path }) => `${code} ${path}`)).toContain('counter-back /q')
    expect(summary.fidelity?.counters).toMatchObject({
      mode: 'leave',
      operations: 0,
      left: { total: 1, listed: [{ path: '/q', next: 2, source: 9, reason: 'left' }] },
    })
  })

  it('advances existing and created parents to the number of the source, what the plan creates counted in', async () => {
    const live = treeOf({ '/q': 2 })
    const { steps, summary } = await makePlan(live, treeOf({ '/q': 9, '/new': 5 }, ['/q/a', '/new/b']), {
      counters: BURN,
    })
    expect(briefSteps(steps)).toEqual([
      'create /new',
      'create /new/b',
      'create /q/a',
      'advanceCounter /new',
      'advanceCounter /q',
    ])
    expect(advances(steps)).toEqual(['/new 1→5', '/q 3→9'])
    expect(summary.fidelity?.counters).toMatchObject({ operations: 2 * (4 + 6), batches: 1, left: { total: 0 } })
    expect(summary.warnings.filter(({ code }) => code === 'counter-advance')).toHaveLength(1)
  })

  it('comes after deletes and before the ACLs that take rights away', async () => {
    const ops = { scheme: 'digest', id: 'ops:hash=' }
    const source = new FakeTree(buildTree([{ path: '/q', acl: [{ perms: 1, ...ops }] }]))
    spend(source, '/q', 4)
    const { steps } = await makePlan(new FakeTree(buildTree(['/q', '/z'])), source, {
      counters: BURN,
      mode: 'mirror',
      identities: [ops],
    })
    expect(briefSteps(steps)).toEqual(['delete /z', 'advanceCounter /q', 'setAcl /q'])
  })

  it('spends what the cap allows on the cheapest and lists the others as physical only', async () => {
    const live = treeOf({ '/a': 0, '/b': 0, '/c': 0 })
    const source = treeOf({ '/a': 40, '/b': 3, '/c': 10 })
    const { steps, summary } = await makePlan(live, source, { counters: { mode: 'burn', operationsMax: 26 } })
    expect(advances(steps)).toEqual(['/b 0→3', '/c 0→10'])
    expect(summary.fidelity?.counters.left).toEqual({
      total: 1,
      listed: [{ path: '/a', next: 0, source: 40, reason: 'cap' }],
    })
  })

  it('never empties a container, and asks for the rights first', async () => {
    const source = new FakeTree(
      buildTree([
        { path: '/box', kind: 'container' },
        { path: '/closed', acl: [{ perms: 1, scheme: 'world', id: 'anyone' }] },
      ]),
    )
    spend(source, '/box', 3)
    source.create('/closed/a')
    source.delete('/closed/a')
    const { steps, summary } = await makePlan(new FakeTree(), source, { counters: BURN, identities: [] })
    expect(advances(steps)).toEqual([])
    expect(summary.fidelity?.counters.left.listed.map(({ path, reason }) => `${path} ${reason}`)).toEqual([
      '/box empty-container',
      '/closed no-rights',
    ])
  })

  it.each([
    ['nothing but reading, which it has rights beside until the end', 1, ['/q 1→4']],
    ['making children and not removing them', 5, []],
  ])('looks at the rights of a created parent: %s', async (_name, perms, expected) => {
    const ops = { scheme: 'digest', id: 'ops:hash=' }
    const source = new FakeTree(buildTree([{ path: '/q', acl: [{ perms, ...ops }] }, '/q/a']))
    spend(source, '/q', 3)
    const live = new FakeTree()
    const plan = await makePlan(live, source, { counters: BURN, identities: [ops] })
    expect(advances(plan.steps)).toEqual(expected)
    const target = new FakeTarget(live, { identities: [ops] })
    expect(await runPlan(plan, live, { target })).toMatchObject({ conflictCount: 0 })
  })

  it('keeps to the selection: what is picked, and parents that get children', async () => {
    const source = treeOf({ '/a': 5, '/b': 5, '/c': 5 }, ['/c/x'])
    const live = treeOf({ '/a': 0, '/b': 0, '/c': 0 })
    const { steps } = await makePlan(live, source, { counters: BURN, selection: { subtrees: ['/a'], paths: ['/c/x'] } })
    expect(advances(steps)).toEqual(['/a 0→5', '/c 1→5'])
  })

  it('gives the same hash for the same plan, and another one for other counters', async () => {
    const plan = async (operationsMax: number) =>
      makePlan(treeOf({ '/q': 0 }), treeOf({ '/q': 9 }), { counters: { mode: 'burn', operationsMax } })
    expect((await plan(100)).summary.plan).toBe((await plan(50)).summary.plan)
    expect((await plan(100)).summary.plan).not.toBe((await plan(2)).summary.plan)
  })

  it('reads its steps back from their lines, and refuses others', () => {
    const line = '{"index":3,"step":"advanceCounter","path":"/q","from":2,"to":9,"expect":{"kind":"absent"}}'
    expect(encodeStep(decodeStep(line))).toBe(line)
    for (const other of ['"to":2', '"to":2147483648', '"to":"9"', '"to":9.5'])
      expect(() => decodeStep(line.replace('"to":9', other))).toThrow('counters')
  })
})

describe('advancing counters', () => {
  async function planned(counter = 1234) {
    const live = treeOf({ '/q': 2 })
    const plan = await makePlan(live, treeOf({ '/q': counter }), { counters: BURN })
    return { live, plan, counter }
  }
  const check = async (tree: FakeTree, steps: readonly PlanStep[]) =>
    verifyRestore({ steps: stepsOf(steps), target: new FakeTarget(tree, { identities: [SUPER] }) })

  it('brings the counter to exactly the number of the source, in few transactions, and leaves nothing behind', async () => {
    const { live, plan, counter } = await planned()
    const target = new FakeTarget(live, { identities: [SUPER] })
    const progress: ApplyProgress[] = []
    const report = await runPlan(plan, live, { target, onProgress: (one) => progress.push(one) })
    expect(report).toMatchObject({ applied: 1, conflictCount: 0 })
    expect(counterOf(live, '/q')).toBe(counter)
    expect(live.childNames('/q')).toEqual([])
    expect(target.multis.map(({ operations }) => operations)).toEqual([1000, 1000, 464])
    expect(progress.flatMap(({ counter: at }) => (at ? [at.at] : []))).toEqual([2, 502, 1002, 1234])
    expect(await check(live, plan.steps)).toMatchObject({ equal: true, counters: { checked: 1, reached: 1 } })
  })

  it('keeps to smaller transactions where those are asked for', async () => {
    const { live, plan, counter } = await planned(12)
    const target = new FakeTarget(live, { identities: [SUPER] })
    await runPlan(plan, live, { target, limits: { batchOperationsMax: 7 } })
    expect(target.multis.map(({ operations }) => operations)).toEqual([6, 6, 6, 2])
    expect(counterOf(live, '/q')).toBe(counter)
  })

  it('puts many small ones into one transaction', async () => {
    const small = Object.fromEntries(Array.from({ length: 40 }, (_, n) => [`/q${n}`, 3]))
    const live = treeOf(Object.fromEntries(Object.keys(small).map((path) => [path, 0])))
    const plan = await makePlan(live, treeOf(small), { counters: BURN })
    const target = new FakeTarget(live, { identities: [SUPER] })
    expect(await runPlan(plan, live, { target })).toMatchObject({ applied: 40 })
    expect(target.multis.map(({ operations }) => operations)).toEqual([240])
    expect(Object.keys(small).map((path) => counterOf(live, path))).toEqual(Array(40).fill(3))
  })

  it('never goes beyond its target, whoever else creates children meanwhile', async () => {
    const { live, plan, counter } = await planned()
    let others = 0
    const target = new FakeTarget(live, {
      identities: [SUPER],
      // Between the reading and the writing, where no reading can see it.
      onCall: ({ kind, nOfKind }) => {
        if (kind === 'multi' && nOfKind % 2 === 1 && others < 3) {
          others++
          live.create(`/q/other${others}`)
        }
        return null
      },
    })
    await runPlan(plan, live, { target })
    expect(counterOf(live, '/q')).toBe(counter)
    expect(live.childNames('/q')).toEqual(['other1', 'other2', 'other3'])
  })

  it('has nothing to do where the counter is beyond already', async () => {
    const { live, plan } = await planned()
    spend(live, '/q', 2000)
    live.commits.length = 0
    expect(await runPlan(plan, live)).toMatchObject({ applied: 0, alreadyDone: 1 })
    expect(live.commits).toEqual([])
  })

  const faults: FakeFault[] = ['crash-before', 'crash-after', 'unknown-lost', 'unknown-applied', 'unknown-late']
  it.each(faults)('is exact after %s at any instant', async (fault) => {
    for (let at = 1; at <= 7; at++) {
      const { live, plan, counter } = await planned()
      const journal = new MemoryJournal()
      const faulty = new FakeTarget(live, {
        identities: [SUPER],
        onCall: ({ kind, n }) =>
          n === at && (kind === 'multi' || fault.toString().startsWith('crash')) ? fault : null,
      })
      await runPlan(plan, live, { journal, target: faulty }).catch(() => undefined)
      await runPlan(plan, live, { journal: journal.reopen() })
      expect({ at, counter: counterOf(live, '/q'), children: live.childNames('/q') }).toEqual({
        at,
        counter,
        children: [],
      })
    }
  })

  it('is exact after the process died at any line of the journal', async () => {
    for (let append = 1; append <= 4; append++) {
      for (const kept of [true, false, 'torn'] as const) {
        const { live, plan, counter } = await planned()
        const journal = new MemoryJournal()
        journal.dieAt = { append, kept }
        await runPlan(plan, live, { journal }).catch(() => undefined)
        await runPlan(plan, live, { journal: journal.reopen() })
        expect({ append, kept, counter: counterOf(live, '/q') }).toEqual({ append, kept, counter })
      }
    }
  })

  it('pauses and is cancelled between two transactions, and goes on from there', async () => {
    const { live, plan, counter } = await planned()
    const journal = new MemoryJournal()
    let asked = 0
    const paused = await runPlan(plan, live, { journal, shouldPause: async () => ++asked > 2 })
    expect(paused).toMatchObject({ paused: true, applied: 0 })
    expect(counterOf(live, '/q')).toBe(1002)
    const controller = new AbortController()
    const cancelled = await runPlan(plan, live, {
      journal,
      signal: controller.signal,
      onProgress: ({ counter: at }) => at && controller.abort(),
    })
    expect(cancelled).toMatchObject({ cancelled: true })
    const done = await runPlan(plan, live, { journal })
    expect(done).toMatchObject({ applied: 1, paused: false, cancelled: false })
    expect(counterOf(live, '/q')).toBe(counter)
    expect(parseJournal(journal.text())?.findApplied(0)).not.toBeNull()
  })

  it.each(['stop', 'skip', 'overwrite'] as const)(
    'treats a parent that was created anew as a conflict (%s)',
    async (policy) => {
      const { live, plan, counter } = await planned()
      live.delete('/q')
      live.create('/q')
      const report = await runPlan(plan, live, { onConflict: policy })
      expect(report.conflicts).toMatchObject([
        {
          path: '/q',
          reason: 'recreated',
          resolution: { stop: 'stopped', skip: 'skipped', overwrite: 'overwritten' }[policy],
        },
      ])
      expect(counterOf(live, '/q')).toBe(policy === 'overwrite' ? counter : 0)
    },
  )

  it('says why it could not: a parent that is gone, a right that is missing', async () => {
    const gone = await planned()
    gone.live.delete('/q')
    expect(await runPlan(gone.plan, gone.live)).toMatchObject({ stopped: true, conflicts: [{ reason: 'missing' }] })
    const closed = await planned()
    closed.live.setAclAs('/q', [{ perms: 1, scheme: 'world', id: 'anyone' }])
    const target = new FakeTarget(closed.live)
    const report = await runPlan(closed.plan, closed.live, { target, onConflict: 'skip' })
    expect(report).toMatchObject({ skipped: 1, conflicts: [{ reason: 'no-auth' }] })
    expect(await check(closed.live, closed.plan.steps)).toMatchObject({
      differences: [{ path: '/q', reason: 'counter' }],
      counters: { checked: 1, reached: 0 },
    })
  })

  it('cannot be taken back, and the undo says so', async () => {
    const { live, plan } = await planned()
    const journal = new MemoryJournal()
    const safety = live.znodes()
    await runPlan(plan, live, { journal })
    const undo = await makeUndo(plan, live, { journal, safety })
    expect(undo.steps).toEqual([])
    expect(undo.summary.warnings).toMatchObject([{ code: 'counter-kept', path: '/q' }])
  })
})

describe('what a plan does not carry', () => {
  it('lists ephemerals with their owner, and whether its session was alive in the source', async () => {
    const source = new FakeTree(buildTree(['/s']))
    source.create('/s/e', { kind: 'ephemeral' })
    const lines: unknown[] = []
    const live = new FakeTarget(new FakeTree(), { identities: [SUPER] })
    const { fidelity } = await planFromTrees({
      live,
      source: asSource(source),
      names: { source: 'backup', target: 'demo' },
      sourcePath: '/',
      targetPath: '/',
      mode: 'update',
      onConflict: 'stop',
      limits: live,
      plannedAtMs: 1,
      sink: { write: () => undefined },
      ownerSession: (owner) => (owner === 0x10001n ? 'dead' : 'alive'),
      onLeftOut: (line) => lines.push(line),
    })
    const listed = { path: '/s/e', owner: '0x10001', session: 'dead' }
    expect(fidelity?.ephemerals).toEqual({ left: { total: 1, listed: [listed] }, dead: 1 })
    expect(lines).toContainEqual({ leftOut: 'ephemeral', ...listed })
  })

  it('counts kinds that it creates, and names those that the client protocol does not tell', async () => {
    const source = buildTree([
      { path: '/box', kind: 'container' },
      { path: '/there', kind: 'ttl', ttlMs: 5000 },
      { path: '/new', kind: 'ttl', ttlMs: 7000 },
    ])
    const { summary } = await makePlan(new FakeTree(buildTree(['/there'])), source)
    expect(summary.fidelity?.kinds).toMatchObject({
      containers: 1,
      ttls: 1,
      unknown: { total: 0 },
      untold: { total: 1, listed: [{ path: '/there', source: 'ttl (5000 ms)' }] },
    })
    const walked = await makePlan(
      new FakeTree(),
      buildTree(['/x']).map((znode) => ({ ...znode, kind: 'unknown' as const })),
    )
    expect(walked.summary.fidelity?.kinds.unknown.total).toBe(0)
  })
})
