import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { describe, expect, it } from 'vitest'
import { FakeTree } from '../../testing/fake-target.ts'
import { briefSteps, makePlan, SUPER } from '../../testing/restore-rig.ts'
import { SeededRandom } from '../../testing/seeded-random.ts'
import { buildTree, buildZnode, mutateTree, randomTree } from '../../testing/znode-builder.ts'
import type { Acl } from '../znode/acl.ts'
import { isWithin, parentPath } from '../znode/path.ts'
import type { PlanStep } from './plan.ts'
import { assertPlanSteps } from './plan-hash.ts'
import { encodeStep } from './step-codec.ts'

const OPS = { scheme: 'digest', id: 'ops:hash=' }
const opsOnly: Acl = [{ perms: 31, ...OPS }]
const readOnly: Acl = [{ perms: 1, scheme: 'world', id: 'anyone' }]
const codes = (warnings: readonly { code: string; path: string }[]) =>
  warnings.map(({ code, path }) => `${code} ${path}`)

describe('planRestore', () => {
  it('creates parents first, updates in path order, and deletes nothing by default', async () => {
    const live = new FakeTree(buildTree([{ path: '/a', data: 'old' }, '/only-live/x']))
    const source = buildTree([{ path: '/a', data: 'new' }, '/a/b/c', '/z'])
    const { steps, summary } = await makePlan(live, source)
    expect(briefSteps(steps)).toEqual(['setData /a', 'create /a/b', 'create /a/b/c', 'create /z'])
    expect(summary).toMatchObject({ creates: 3, updates: 1, deletes: 0, aclChanges: 0, steps: 4, mode: 'update' })
    expect(summary.skipped).toEqual({ ephemeral: 0, system: 0, mode: 2 })
    expect(steps.map((step) => step.index)).toEqual([0, 1, 2, 3])
  })

  it.each([
    ['create', ['create /new']],
    ['update', ['create /new', 'setData /upd']],
    ['mirror', ['create /new', 'setData /upd', 'delete /old/x/y', 'delete /old/x', 'delete /old']],
  ] as const)('mode %s plans only what it allows', async (mode, expected) => {
    const live = new FakeTree(buildTree(['/old/x/y', { path: '/upd', data: '1' }]))
    const source = buildTree(['/new', { path: '/upd', data: '2' }])
    expect(briefSteps((await makePlan(live, source, { mode })).steps)).toEqual(expected)
  })

  it('carries the live state that each step expects', async () => {
    const live = new FakeTree(buildTree([{ path: '/a', data: '1' }]))
    live.setData('/a', '2')
    live.setAclAs('/a', readOnly)
    const [step] = (await makePlan(live, buildTree([{ path: '/a', data: '3', acl: readOnly }]))).steps
    expect(step).toMatchObject({ step: 'setData', expect: { kind: 'present', czxid: 1n, version: 1, aversion: 1 } })
  })

  it.each([buildTree([]), buildTree([{ path: '/e', kind: 'ephemeral' }]), buildTree(['/zookeeper/quota'])])(
    'refuses to mirror a source that holds nothing to restore',
    async (...source) => {
      const live = new FakeTree(buildTree(['/a']))
      await expect(makePlan(live, source, { mode: 'mirror' })).rejects.toMatchObject({ code: 'EMPTY_SOURCE' })
      expect((await makePlan(live, source, { mode: 'update' })).steps).toEqual([])
    },
  )

  it('never touches ephemerals, the system subtree, or places below a live ephemeral', async () => {
    const live = new FakeTree(
      buildTree([
        { path: '/lock', kind: 'ephemeral' },
        { path: '/gone/e', kind: 'ephemeral' },
        '/gone/p',
        '/zookeeper/a',
      ]),
    )
    const source = buildTree([
      '/lock/child/grandchild',
      { path: '/mine', kind: 'ephemeral' },
      { path: '/zookeeper/b', data: 'x' },
      '/other',
    ])
    const { steps, summary } = await makePlan(live, source, { mode: 'mirror' })
    expect(briefSteps(steps)).toEqual(['create /other', 'delete /gone/p'])
    expect(summary.skipped).toMatchObject({ ephemeral: 3, system: 2, 'ephemeral-parent': 2, 'kept-parent': 1 })
    expect(codes(summary.warnings)).toEqual(['ephemeral-parent /lock', 'kept-parent /gone'])
  })

  it('restores only what was picked, a path alone or a subtree, ending at a slash', async () => {
    const live = new FakeTree()
    const source = buildTree(['/a/x', '/ab', '/b/y/z', '/c'])
    const selection = { paths: ['/c'], subtrees: ['/a'] }
    const { steps, summary } = await makePlan(live, source, { selection })
    expect(briefSteps(steps)).toEqual(['create /a', 'create /a/x', 'create /c'])
    expect(summary.warnings).toEqual([])
  })

  it('adds the missing parents of a picked znode and says so', async () => {
    const source = buildTree(['/a', { path: '/b', data: 'parent' }, '/b/c/d/e', '/b/c/other'])
    const { steps, summary } = await makePlan(new FakeTree(), source, { selection: { paths: ['/b/c/d'] } })
    expect(briefSteps(steps)).toEqual(['create /b', 'create /b/c', 'create /b/c/d'])
    expect(steps[0]).toMatchObject({ data: Buffer.from('parent') })
    expect(codes(summary.warnings)).toEqual(['parent-added /b', 'parent-added /b/c'])
  })

  it('does not delete a picked parent of something that was not picked', async () => {
    const live = new FakeTree(buildTree(['/a/b/c', '/a/d']))
    const source = buildTree(['/x'])
    const { steps, summary } = await makePlan(live, source, { mode: 'mirror', selection: { paths: ['/a', '/a/d'] } })
    expect(briefSteps(steps)).toEqual(['delete /a/d'])
    expect(codes(summary.warnings)).toEqual(['kept-parent /a'])
  })

  it('puts a subtree somewhere else, with the parents that are missing there', async () => {
    const live = new FakeTree(buildTree([{ path: '/home', acl: opsOnly }]))
    const source = buildTree([{ path: '/a', data: 'root' }, '/a/b', '/ab'])
    const { steps, summary } = await makePlan(live, source, { sourcePath: '/a', targetPath: '/home/x/copy' })
    expect(briefSteps(steps)).toEqual(['create /home/x', 'create /home/x/copy', 'create /home/x/copy/b'])
    expect(steps[0]).toMatchObject({ acl: opsOnly, data: null })
    expect(steps[1]).toMatchObject({ data: Buffer.from('root') })
    expect(codes(summary.warnings)).toEqual(['parent-added /home/x'])
  })

  it('takes missing ancestors of the scope from the source when nothing is mapped', async () => {
    const source = buildTree([{ path: '/a', data: 'from source' }, '/a/b/c'])
    const { steps } = await makePlan(new FakeTree(), source, { sourcePath: '/a/b', targetPath: '/a/b' })
    expect(briefSteps(steps)).toEqual(['create /a', 'create /a/b', 'create /a/b/c'])
    expect(steps[0]).toMatchObject({ data: Buffer.from('from source') })
  })

  it('keeps container and TTL kinds, and says where a kind cannot be known or changed', async () => {
    const live = new FakeTree(buildTree([{ path: '/k', data: '1' }]))
    const source = buildTree([
      { path: '/c', kind: 'container' },
      { path: '/t', kind: 'ttl', ttlMs: 5000 },
      { path: '/k', kind: 'container', data: '2' },
    ])
    const { steps, summary } = await makePlan(live, source, { target: { identities: [SUPER], showKinds: true } })
    expect(steps).toMatchObject([
      { step: 'create', path: '/c', kind: 'container', ttlMs: null },
      { step: 'setData', path: '/k' },
      { step: 'create', path: '/t', kind: 'ttl', ttlMs: 5000 },
    ])
    expect(codes(summary.warnings)).toEqual(['kind-differs /k'])
  })

  it('puts ACLs that take rights away last and bottom-up, and those that give rights before what needs them', async () => {
    const live = new FakeTree(buildTree(['/a/b', { path: '/open', acl: readOnly, data: '1' }]))
    const source = buildTree([
      { path: '/a', acl: readOnly },
      { path: '/a/b', acl: opsOnly, data: 'x' },
      '/a/b/c',
      { path: '/open', data: '2' },
    ])
    const { steps } = await makePlan(live, source, { identities: [] })
    expect(briefSteps(steps)).toEqual([
      'setData /a/b',
      'create /a/b/c',
      'setAcl /open',
      'setData /open',
      'setAcl /a/b',
      'setAcl /a',
    ])
  })

  it('creates a parent that would lock us out with rights of our own first, and tightens it last', async () => {
    const source = buildTree([{ path: '/p', acl: readOnly }, '/p/c', { path: '/leaf', acl: readOnly }])
    const { steps } = await makePlan(new FakeTree(), source, { identities: [OPS] })
    expect(briefSteps(steps)).toEqual(['create /leaf', 'create /p', 'create /p/c', 'setAcl /p'])
    expect(steps[1]).toMatchObject({ acl: [...readOnly, { perms: 31, ...OPS }] })
    expect(steps[3]).toMatchObject({ acl: readOnly, expect: { kind: 'absent' } })
    expect(steps[0]).toMatchObject({ acl: readOnly })
  })

  it('never opens a znode for want of an identity: it takes the final ACL and warns', async () => {
    const { steps, summary } = await makePlan(new FakeTree(), buildTree([{ path: '/p', acl: opsOnly }, '/p/c']), {
      identities: [],
    })
    expect(steps[0]).toMatchObject({ path: '/p', acl: opsOnly })
    expect(codes(summary.warnings)).toEqual(['acl-lockout /p', 'acl-lockout /p'])
  })

  it('warns of an ACL that leaves no admin right to those who restore', async () => {
    const source = buildTree([
      { path: '/p', acl: readOnly },
      { path: '/q', acl: opsOnly },
    ])
    const { summary } = await makePlan(new FakeTree(), source, { identities: [OPS] })
    expect(codes(summary.warnings)).toEqual(['acl-lockout /p'])
  })

  it('never writes a masked ACL back', async () => {
    const masked: Acl = [{ perms: 31, scheme: 'digest', id: 'app:x' }, ...readOnly]
    const source = buildTree([
      { path: '/m', acl: masked },
      { path: '/all', acl: [masked[0]!] },
      '/all/child',
      { path: '/upd', acl: masked, data: '2' },
    ])
    const live = new FakeTree(buildTree([{ path: '/upd', data: '1' }]))
    const known = await makePlan(live, source, { identities: [OPS] })
    expect(known.steps).toMatchObject([
      { step: 'create', path: '/all', acl: [{ perms: 31, ...OPS }] },
      { step: 'create', path: '/all/child' },
      { step: 'create', path: '/m', acl: [...readOnly, { perms: 31, ...OPS }] },
      { step: 'setData', path: '/upd' },
    ])
    expect(codes(known.summary.warnings)).toEqual(['acl-masked /all', 'acl-masked /m'])
    const unknown = await makePlan(live, source, { identities: [] })
    expect(briefSteps(unknown.steps)).toEqual(['create /m', 'setData /upd'])
    expect(unknown.summary.skipped).toMatchObject({ 'acl-masked': 1, 'parent-missing': 1 })
  })

  it('leaves out what does not fit a request, and what lies below it', async () => {
    const source = buildTree([
      { path: '/big', data: Buffer.alloc(20_000) },
      '/big/child',
      { path: '/small', data: 'x' },
    ])
    const { steps, summary } = await makePlan(new FakeTree(), source, {
      limits: { requestBytesMax: 10_000, aloneBytesMax: 10_000, encodedSizeOf: () => 30_000, lastZxidSeen: () => 0n },
    })
    expect(steps).toEqual([])
    expect(summary.skipped['too-large']).toBe(2)
    expect(summary.skipped['parent-missing']).toBe(1)
  })

  it('warns of sequence counters that would go back, counting the children that the plan creates', async () => {
    const live = new FakeTree(buildTree(['/same', '/enough']))
    const source = [
      ...buildTree(['/enough/a', '/enough/b', '/new/a', '/same']).map((znode) =>
        ['/new', '/same', '/enough'].includes(znode.path)
          ? buildZnode({ path: znode.path, stat: { cversion: znode.path === '/enough' ? 2 : 7 } })
          : znode,
      ),
    ]
    const tree = new FakeTree(source)
    for (const [path, count] of [
      ['/new', 6],
      ['/same', 7],
    ] as const) {
      for (let i = 0; i < count; i++) {
        tree.create(`${path}/t${i}`)
        tree.delete(`${path}/t${i}`)
      }
    }
    const { summary } = await makePlan(live, tree)
    expect(codes(summary.warnings)).toEqual(['counter-back /new', 'counter-back /same'])
    expect(summary.warnings[0]?.message).toContain('number 1, in the source it would have got 7')
  })

  it('plans nothing at or below places that could not be read, and does not delete above them', async () => {
    const secret: Acl = [{ perms: 31, scheme: 'digest', id: 'other:h=' }]
    const live = new FakeTree(buildTree([{ path: '/a/b', acl: secret }, '/a/b/c', '/a/d']))
    const { steps, summary } = await makePlan(live, buildTree(['/x', '/a/b/new']), {
      mode: 'mirror',
      target: { identities: [] },
    })
    expect(briefSteps(steps)).toEqual(['create /x', 'delete /a/d'])
    expect(codes(summary.warnings)).toContain('unreadable /a/b')
    const wiped = await makePlan(live, buildTree(['/x']), { mode: 'mirror', target: { identities: [] } })
    expect(briefSteps(wiped.steps)).toEqual(['create /x', 'delete /a/d'])
  })

  it('lists a hundred warnings of a kind and counts the rest', async () => {
    const source = buildTree(Array.from({ length: 130 }, (_, i) => ({ path: `/n${i}`, acl: readOnly })))
    const { summary } = await makePlan(new FakeTree(), source, { identities: [] })
    expect(summary.warnings).toHaveLength(101)
    expect(summary.warnings.at(-1)).toEqual({ code: 'acl-lockout', path: '/', message: 'and 30 more of this kind' })
  })

  it('gives the same plan the same hash, and any other plan another one', async () => {
    const live = () => new FakeTree(buildTree([{ path: '/a', data: '1' }]))
    const source = buildTree([
      { path: '/a', data: '2' },
      { path: '/b', data: 'x' },
    ])
    const first = await makePlan(live(), source)
    expect(first.summary.plan).toMatch(/^sha256:[0-9a-f]{64}$/)
    expect((await makePlan(live(), source)).summary.plan).toBe(first.summary.plan)
    const linesOf = async function* (lines: readonly string[]) {
      for (const line of lines) yield [line]
    }
    const heard: PlanStep[] = []
    await assertPlanSteps(first.summary, linesOf(first.lines), (step) => heard.push(step))
    expect(heard).toEqual(first.steps)
    const variants: PlanStep[][] = [
      first.steps.slice(1),
      first.steps.slice(0, 1),
      [...first.steps].reverse(),
      first.steps.map((step) => (step.step === 'create' ? { ...step, data: Buffer.from('y') } : step)),
      first.steps.map((step) => (step.step === 'create' ? { ...step, data: null } : step)),
      first.steps.map((step) => (step.step === 'create' ? { ...step, acl: readOnly } : step)),
      first.steps.map((step) => (step.step === 'setData' ? { ...step, expect: { ...step.expect, version: 7 } } : step)),
      first.steps.map((step) => (step.step === 'setData' ? { ...step, expect: { ...step.expect, czxid: 7n } } : step)),
      first.steps.map((step) => ({ ...step, path: `${step.path}x` })),
    ]
    for (const steps of variants) {
      await expect(assertPlanSteps(first.summary, linesOf(steps.map(encodeStep)))).rejects.toMatchObject({
        code: 'PLAN_MISMATCH',
      })
    }
    // Another text of the same steps is not what was confirmed, either.
    const spaced = first.lines.map((line) => line.replace('"index":', '"index": '))
    await expect(assertPlanSteps(first.summary, linesOf(spaced))).rejects.toMatchObject({ code: 'PLAN_MISMATCH' })
    for (const other of [
      { onConflict: 'skip' },
      { mode: 'create' },
      { names: { source: 'backup', target: 'prod' } },
    ] as const) {
      expect((await makePlan(live(), source, other)).summary.plan).not.toBe(first.summary.plan)
    }
  })

  it('tells nothing of a value by the hash of a salted plan: the same steps have another hash with another salt', async () => {
    const live = () => new FakeTree(buildTree([{ path: '/a', data: '1' }]))
    const source = buildTree([{ path: '/a', data: 'a secret' }])
    const plain = await makePlan(live(), source)
    const salted = await makePlan(live(), source, { salt: 'one' })
    const other = await makePlan(live(), source, { salt: 'other' })
    expect(salted.lines).toEqual(plain.lines)
    expect(new Set([plain.summary.plan, salted.summary.plan, other.summary.plan]).size).toBe(3)
    const lines = () =>
      (async function* () {
        yield salted.lines
      })()
    await assertPlanSteps(salted.summary, lines())
    const forgotten = { ...salted.summary, salt: undefined }
    await expect(assertPlanSteps(forgotten, lines())).rejects.toMatchObject({ code: 'PLAN_MISMATCH' })
  })

  it('keeps parents before children and children before deleted parents on random trees', async () => {
    for (let seed = 1; seed <= 60; seed++) {
      const random = new SeededRandom(seed)
      const before = randomTree(random, { size: 40, ephemerals: true })
      const after = mutateTree(random, before, { edits: 25 })
      const live = new FakeTree(before)
      const { steps } = await makePlan(live, after, { mode: 'mirror' })
      const created = new Set<string>()
      const deleted: string[] = []
      for (const step of steps) {
        if (step.step === 'create') {
          expect({ seed, ok: live.has(parentPath(step.path)) || created.has(parentPath(step.path)) }).toEqual({
            seed,
            ok: true,
          })
          created.add(step.path)
        } else if (step.step === 'delete') {
          expect({ seed, ok: deleted.every((path) => !isWithin(step.path, path)) }).toEqual({ seed, ok: true })
          deleted.push(step.path)
        }
      }
    }
  })

  it('plans a hundred thousand steps without holding them', { timeout: 60_000 }, async () => {
    const count = 100_000
    const payload = Buffer.alloc(400)
    setFlagsFromString('--expose-gc')
    const collectGarbage: () => void = runInNewContext('gc')
    let held = Number.POSITIVE_INFINITY
    async function* changes() {
      for (let at = 0; at < count; at += 1000) {
        await new Promise((resolve) => setImmediate(resolve))
        if (at === 90_000) {
          collectGarbage()
          held = alive.slice(0, 80).filter((ref) => ref.deref() !== undefined).length
        }
        yield Array.from({ length: 1000 }, (_, i) => {
          const path = `/n${String(at + i).padStart(6, '0')}`
          const after = buildZnode({ path, data: Buffer.from(payload) })
          return { path, change: 'added', fields: [], ephemeral: false, before: null, after } as const
        })
      }
    }
    const { planRestore } = await import('./plan-restore.ts')
    const alive: WeakRef<PlanStep>[] = []
    let bytes = 0
    const summary = await planRestore({
      changes: changes(),
      limits: {
        requestBytesMax: 1_048_575,
        aloneBytesMax: 1_048_575,
        encodedSizeOf: () => 500,
        lastZxidSeen: () => 0n,
      },
      sink: {
        write: (step, line) => {
          bytes += line.length
          if (step.index % 1000 !== 0) return
          alive.push(new WeakRef(step))
          expect(encodeStep(step)).toBe(line)
        },
      },
      mode: 'update',
      onConflict: 'stop',
      source: 's',
      target: 't',
      sourcePath: '/',
      targetPath: '/',
      plannedAtMs: 1,
    })
    expect(summary).toMatchObject({ creates: count, steps: count, dataBytes: count * 400 })
    expect(bytes).toBeGreaterThan(count * 500)
    // What was written before is not held on to while planning goes on.
    expect(held).toBe(0)
  })
})
