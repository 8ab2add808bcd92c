import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { enqueueJob } from '../../jobs/enqueue-job.ts'
import { createTestServices, type TestServices } from '../../testing/service-context.ts'
import type { Role, ServiceContext } from '../context.ts'
import { retryJob } from '../jobs/retry-job.ts'
import { deactivatePerson, setRole } from '../people/change-person.ts'
import { confirmPhysical, resumePhysical } from '../physical/start-physical.ts'
import { cancelRestore } from '../restores/cancel-restore.ts'
import { confirmRestore } from '../restores/confirm-restore.ts'
import { getRestoreRow, toSubject } from '../restores/find-restore.ts'
import { listRestores } from '../restores/list-restores.ts'
import { replanRestore } from '../restores/replan-restore.ts'
import { resumeRestore } from '../restores/resume-restore.ts'
import { runRestore } from '../restores/run-restore.ts'
import { decideApproval } from './decide-approval.ts'
import { listWaitingApprovals } from './list-waiting-approvals.ts'
import { requestApproval } from './request-approval.ts'
import { assertApprovedRun } from './require-approval.ts'
import { setApproval } from './set-approval.ts'

// A database on disk for each test: slow where many test files run at once.
vi.setConfig({ testTimeout: 30_000, hookTimeout: 30_000 })

const MINUTE_MS = 60_000
const HASH = 'sha256:one'
const PEOPLE = { ann: 'operator', bob: 'operator', carl: 'operator', vera: 'viewer', root: 'admin' } as const
type Name = keyof typeof PEOPLE

let services: TestServices
beforeEach(async () => {
  services = await createTestServices()
  const { client } = services.database
  for (const [id, role] of Object.entries(PEOPLE)) {
    await client.user.create({ data: { id, name: id, email: `${id}@example.org`, role } })
  }
  await client.cluster.create({
    data: {
      id: 'c1',
      name: 'orders',
      connectString: '127.0.0.1:2181',
      sessionTimeoutMs: 30_000,
      environment: 'production',
      armedUntil: new Date(services.clock.now() + 365 * 24 * 60 * MINUTE_MS),
      approvalMinutes: 240,
    },
  })
  await addRestore('r1')
})
afterEach(() => services.close())

const as = (name: Name): ServiceContext => {
  const role: Role = PEOPLE[name]
  return { ...services.contextFor(role), actor: { kind: 'user', id: name, name, role } }
}
const db = () => services.database.client

/** Planned by ann. */
async function addRestore(id: string): Promise<void> {
  const plan = { hash: HASH, creates: 1, updates: 0, deletes: 0, aclChanges: 0, steps: 1, dataBytes: 1, skipped: {} }
  await db().restore.create({
    data: {
      id,
      clusterId: 'c1',
      source: 'backup:b1',
      sourceLabel: 'a backup',
      scope: { kind: 'all' },
      mode: 'update',
      onConflict: 'stop',
      dir: `restores/${id}`,
      state: 'planned',
      planHash: HASH,
      planSummary: { ...plan, warnings: [], plannedAtZxid: '0x1', plannedAt: '2026-01-02T03:04:05.000Z' },
      createdById: 'ann',
    },
  })
}

const ask = (name: Name = 'ann', planHash = HASH) =>
  requestApproval(as(name), {
    subjectKind: 'restore',
    subjectId: 'r1',
    planHash,
    typedName: 'orders',
    reason: 'a bad deploy',
  })
async function decide(name: Name, decision: 'approve' | 'reject' = 'approve', planHash = HASH): Promise<void> {
  const latest = await db().approval.findFirstOrThrow({ orderBy: { requestedAt: 'desc' } })
  await decideApproval(as(name), { approvalId: latest.id, planHash, decision, note: 'read it' })
}
const run = (name: Name = 'ann', planHash = HASH) =>
  confirmRestore(as(name), { restoreId: 'r1', planHash, typedName: 'orders', reason: 'a bad deploy' })
const state = async () => (await getRestoreRow({ db: db() }, 'r1')).state
const approvalOf = async (name: Name) => {
  const [view] = await listRestores(as(name), { clusterId: 'c1' })
  return view?.approval ?? null
}
async function begin(): Promise<void> {
  await assertApprovedRun(services.contextFor('admin'), toSubject(await getRestoreRow({ db: db() }, 'r1')))
}
const deeds = async () =>
  (await services.readAudit()).map(({ action, outcome, actorId }) => `${action} ${outcome} ${actorId ?? 'arkeeper'}`)

async function endRun(ended = 'failed'): Promise<string> {
  const { jobId } = await getRestoreRow({ db: db() }, 'r1')
  await db().job.update({ where: { id: jobId ?? '' }, data: { state: 'failed', attempts: 1 } })
  await db().restore.update({ where: { id: 'r1' }, data: { state: ended } })
  return jobId ?? ''
}

describe('a restore to a cluster that asks for a second person', () => {
  test('runs after another person has approved that very plan, and not before; each step is on record', async () => {
    await expect(run()).rejects.toMatchObject({ code: 'APPROVAL_NEEDED', unaffected: 'nothing was written' })
    await ask()
    await expect(run()).rejects.toMatchObject({ code: 'APPROVAL_NEEDED', message: expect.stringMatching(/waits/) })
    await decide('bob')
    expect(await state(), 'an approval starts nothing').toBe('planned')
    await run()
    expect(await state()).toBe('queued')
    await expect(begin()).resolves.toBeUndefined()
    expect(await deeds()).toEqual([
      'restore.confirm failed ann',
      'restore.request-approval ok ann',
      'restore.confirm failed ann',
      'restore.approve ok bob',
      'restore.confirm ok ann',
    ])
  })

  test('asks nothing where the cluster does not', async () => {
    await db().cluster.update({ where: { id: 'c1' }, data: { approvalMinutes: null } })
    expect(await approvalOf('ann')).toBeNull()
    await expect(ask()).rejects.toMatchObject({ code: 'WRONG_STATE' })
    await run()
    await expect(begin()).resolves.toBeUndefined()
  })

  test('can be asked for while the cluster is read-only, but not run', async () => {
    await db().cluster.update({ where: { id: 'c1' }, data: { armedUntil: null } })
    await ask()
    await decide('bob')
    await expect(run()).rejects.toMatchObject({ code: 'CLUSTER_READ_ONLY' })
  })

  test('asks for the name of the cluster and the plan of now', async () => {
    await expect(
      requestApproval(as('ann'), {
        subjectKind: 'restore',
        subjectId: 'r1',
        planHash: HASH,
        typedName: 'order',
        reason: 'x',
      }),
    ).rejects.toMatchObject({ code: 'CONFIRMATION_MISMATCH' })
    await expect(ask('ann', 'sha256:other')).rejects.toMatchObject({ code: 'PLAN_CHANGED' })
    await ask()
    await expect(ask('carl')).rejects.toMatchObject({ code: 'WRONG_STATE', message: expect.stringMatching(/already/) })
  })
})

describe('who may approve', () => {
  test('neither who made the plan, nor who asked, nor who made it again, nor a viewer', async () => {
    await enqueueJob(db(), {
      id: 'j1',
      kind: 'plan-restore',
      payload: { restoreId: 'r1' },
      clusterId: 'c1',
      subjectId: 'r1',
      actor: as('root').actor,
      nowMs: services.clock.now(),
    })
    await ask('carl')
    for (const name of ['ann', 'carl', 'root'] as const) {
      await expect(decide(name), name).rejects.toMatchObject({ code: 'FORBIDDEN' })
      await expect(decide(name, 'reject'), name).rejects.toMatchObject({ code: 'FORBIDDEN' })
      expect((await approvalOf(name))?.canDecide, name).toMatchObject({ ok: false })
    }
    await expect(decide('vera')).rejects.toMatchObject({ code: 'FORBIDDEN' })
    expect((await approvalOf('vera'))?.canDecide.reason).toMatch(/viewer/)
    expect((await deeds()).filter((deed) => / denied /.test(deed))).toHaveLength(7)
    expect((await approvalOf('bob'))?.canDecide).toEqual({ ok: true, reason: null })
    await decide('bob')
    expect((await approvalOf('ann'))?.state).toBe('approved')
  })

  test('of data of another cluster, only who may restore there too; lowered there, it is void', async () => {
    const cluster = await db().cluster.findUniqueOrThrow({ where: { id: 'c1' } })
    await db().cluster.create({ data: { ...cluster, id: 'c2', name: 'vault', approvalMinutes: null } })
    await db().restore.update({ where: { id: 'r1' }, data: { otherClusterId: 'c2' } })
    await ask()
    const { id: approvalId } = await db().approval.findFirstOrThrow()
    const bob = { ...as('bob'), actor: { ...as('bob').actor, clusterRoles: { c2: 'viewer' } } } as ServiceContext
    const yes = { approvalId, planHash: HASH, decision: 'approve', note: 'x' } as const
    await expect(decideApproval(bob, yes)).rejects.toMatchObject({ code: 'FORBIDDEN' })
    expect((await services.readAudit()).at(-1)).toMatchObject({ outcome: 'denied', otherClusterId: 'c2' })
    const [seen] = await listRestores(bob, { clusterId: 'c1' })
    expect(seen?.approval?.canDecide).toMatchObject({ ok: false })
    await decide('carl')
    await db().clusterRole.create({ data: { userId: 'carl', clusterId: 'c2', role: 'viewer' } })
    await expect(run()).rejects.toMatchObject({ code: 'APPROVAL_NEEDED' })
    expect(await approvalOf('ann')).toMatchObject({ state: 'void' })
  })

  test('who approved does not start it: another operator may', async () => {
    await ask()
    await decide('bob')
    await expect(run('bob')).rejects.toMatchObject({ code: 'APPROVAL_NEEDED', message: expect.stringMatching(/You/) })
    await expect(run('vera')).rejects.toMatchObject({ code: 'FORBIDDEN' })
    await run('carl')
    expect(await state()).toBe('queued')
  })

  test('of two who answer at the same time one counts', async () => {
    await ask()
    const answers = await Promise.allSettled([decide('bob', 'approve'), decide('carl', 'reject')])
    expect(answers.filter(({ status }) => status === 'fulfilled')).toHaveLength(1)
    const decided = (await deeds()).filter((deed) => /(approve|reject) ok/.test(deed))
    expect(decided).toHaveLength(1)
    const lost = answers.find((answer) => answer.status === 'rejected')
    expect(lost).toMatchObject({ reason: { code: 'WRONG_STATE' } })
  })

  test('a rejected plan does not run; it says why, and may be asked for again with that on the page', async () => {
    await ask()
    const { id } = await db().approval.findFirstOrThrow()
    await expect(
      decideApproval(as('bob'), { approvalId: id, planHash: HASH, decision: 'reject', note: ' ' }),
    ).rejects.toMatchObject({ code: 'INVALID_INPUT' })
    await decide('bob', 'reject')
    await expect(run()).rejects.toMatchObject({ code: 'APPROVAL_NEEDED', message: 'It was rejected' })
    services.clock.advance(1)
    await ask()
    expect(await approvalOf('carl')).toMatchObject({
      state: 'waiting',
      earlier: [{ state: 'rejected', decidedByName: 'bob', note: 'read it' }],
    })
  })
})

describe('an approval ends', () => {
  test('when its time has run out, which is on record once, and can be asked for anew', async () => {
    await ask()
    await decide('bob')
    services.clock.advance(240 * MINUTE_MS - 1)
    expect((await approvalOf('ann'))?.canRun.ok).toBe(true)
    services.clock.advance(1)
    expect(await approvalOf('ann')).toMatchObject({ state: 'expired', canRun: { ok: false }, canRequest: { ok: true } })
    for (const _ of [1, 2]) {
      await expect(run()).rejects.toMatchObject({ code: 'APPROVAL_NEEDED', message: expect.stringMatching(/expired/) })
    }
    expect((await deeds()).filter((deed) => /expire/.test(deed))).toEqual(['restore.expire-approval ok arkeeper'])
    await ask()
    await decide('bob')
    await run()
    expect(await state()).toBe('queued')
  })

  test('with the plan: one that is made again needs its own, even when it comes out the same', async () => {
    await ask()
    await decide('bob')
    await replanRestore(as('ann'), 'r1')
    await db().restore.update({ where: { id: 'r1' }, data: { state: 'planned', planHash: HASH } })
    await expect(run()).rejects.toMatchObject({ code: 'APPROVAL_NEEDED', message: expect.stringMatching(/made again/) })
    await db().restore.update({ where: { id: 'r1' }, data: { planHash: 'sha256:two' } })
    await expect(decide('carl')).rejects.toMatchObject({ code: 'PLAN_CHANGED' })
    await expect(run('ann', 'sha256:two')).rejects.toMatchObject({ code: 'APPROVAL_NEEDED' })
    expect(await deeds()).toContain('restore.void-approval ok ann')
  })

  test('is for one hash: a plan that changed under it does not run, whoever changed it', async () => {
    await ask()
    await decide('bob')
    await db().restore.update({ where: { id: 'r1' }, data: { planHash: 'sha256:two' } })
    await expect(run('ann', 'sha256:two')).rejects.toMatchObject({
      code: 'APPROVAL_NEEDED',
      message: expect.stringMatching(/another plan/),
    })
    await expect(run('ann', HASH)).rejects.toMatchObject({ code: 'PLAN_CHANGED' })
  })

  test('with its restore', async () => {
    await ask()
    await cancelRestore(as('ann'), 'r1')
    expect((await approvalOf('bob'))?.latest).toMatchObject({
      state: 'void',
      endedBecause: 'The restore was cancelled',
    })
    await expect(decide('bob')).rejects.toMatchObject({ code: 'WRONG_STATE' })
    expect(await listWaitingApprovals(as('bob'))).toEqual([])
  })

  test('when the person who asked or who approved is gone, or may not any more', async () => {
    await ask()
    await decide('bob')
    await setRole(as('root'), { userId: 'bob', role: 'viewer' })
    await expect(run()).rejects.toMatchObject({ message: expect.stringMatching(/bob, who approved/) })
    services.clock.advance(1)
    await ask()
    await decide('carl')
    await deactivatePerson(as('root'), 'carl')
    await expect(run()).rejects.toMatchObject({ message: expect.stringMatching(/carl, who approved/) })
    services.clock.advance(1)
    await ask()
    await deactivatePerson(as('root'), 'ann')
    await expect(decide('root')).rejects.toMatchObject({ code: 'WRONG_STATE', message: expect.stringMatching(/ann/) })
    expect((await deeds()).filter((deed) => /void-approval ok root/.test(deed))).toHaveLength(3)
  })

  test('when the people of it are changed past the service, too', async () => {
    await ask()
    await decide('bob')
    await db().user.update({ where: { id: 'bob' }, data: { role: 'viewer' } })
    await expect(run()).rejects.toMatchObject({
      code: 'APPROVAL_NEEDED',
      message: expect.stringMatching(/approve any/),
    })
    await db().user.delete({ where: { id: 'bob' } })
    await expect(run()).rejects.toMatchObject({ code: 'APPROVAL_NEEDED' })
  })

  test('when the cluster stops asking: nothing is approved by that, and asking again starts from nothing', async () => {
    await ask()
    await setApproval(as('root'), { clusterId: 'c1', required: false })
    expect(await state()).toBe('planned')
    expect(await approvalOf('bob')).toBeNull()
    expect(await listWaitingApprovals(as('bob'))).toEqual([])
    await setApproval(as('root'), { clusterId: 'c1', required: true, minutes: 15 })
    expect(await approvalOf('ann')).toMatchObject({ state: 'void', minutes: 15 })
    await expect(run()).rejects.toMatchObject({ code: 'APPROVAL_NEEDED' })
    await expect(decide('bob')).rejects.toMatchObject({ code: 'WRONG_STATE' })
    expect((await services.readAudit()).filter(({ action }) => action === 'cluster.set-approval')).toMatchObject([
      { before: { approvalMinutes: 240 }, after: { approvalMinutes: null } },
      { before: { approvalMinutes: null }, after: { approvalMinutes: 15 } },
    ])
  })
})

describe('the worker begins', () => {
  test('what was queued in time, however late it comes to it', async () => {
    await ask()
    await decide('bob')
    await run()
    services.clock.advance(1000 * MINUTE_MS)
    await expect(begin()).resolves.toBeUndefined()
  })

  test.each<[string, () => Promise<unknown>, RegExp]>([
    ['whose cluster began to ask when it was queued already', () => db().approval.deleteMany(), /without the approval/],
    ['whose approver was deactivated since', () => deactivatePerson(as('root'), 'bob'), /bob/],
    ['whose author was deactivated since', () => deactivatePerson(as('root'), 'ann'), /ann/],
    [
      'whose plan is another one now',
      () => db().restore.update({ where: { id: 'r1' }, data: { planHash: 'sha256:two' } }),
      /another plan/,
    ],
    ['that was never queued under it', () => db().approval.updateMany({ data: { usedAt: null } }), /without/],
    [
      'that was queued too late',
      () => db().approval.updateMany({ data: { usedAt: new Date(services.clock.now() + 999 * MINUTE_MS) } }),
      /after its approval had expired/,
    ],
    ['that was rejected', () => db().approval.updateMany({ data: { state: 'rejected' } }), /not approved/],
    [
      'in a state that it does not know',
      () => db().approval.updateMany({ data: { state: 'perhaps' } }),
      /not approved/,
    ],
  ])('nothing %s', async (_, change, message) => {
    await ask()
    await decide('bob')
    await run()
    await change()
    await expect(begin()).rejects.toMatchObject({ code: 'APPROVAL_NEEDED', message: expect.stringMatching(message) })
  })
})

describe('a run that was cut short', () => {
  test('goes on while the approval of its plan holds, and is asked for anew afterwards', async () => {
    await ask()
    await decide('bob')
    await run()
    await endRun()
    await resumeRestore(as('ann'), 'r1')
    const jobId = await endRun()
    services.clock.advance(240 * MINUTE_MS)
    await expect(resumeRestore(as('ann'), 'r1')).rejects.toMatchObject({ code: 'APPROVAL_NEEDED' })
    await expect(retryJob(as('ann'), jobId)).rejects.toMatchObject({ code: 'APPROVAL_NEEDED' })
    await ask()
    await expect(resumeRestore(as('ann'), 'r1')).rejects.toMatchObject({ code: 'APPROVAL_NEEDED' })
    await decide('carl')
    await expect(retryJob(as('carl'), jobId)).rejects.toMatchObject({ code: 'APPROVAL_NEEDED' })
    await retryJob(as('ann'), jobId)
    expect(await state()).toBe('queued')
    await expect(begin()).resolves.toBeUndefined()
  })

  test('by a worker that died before it wrote anything asks once more whether both persons stand for it', async () => {
    await ask()
    await decide('bob')
    await run()
    await db().restore.update({ where: { id: 'r1' }, data: { state: 'running' } })
    await db().approval.updateMany({ data: { state: 'rejected', endedBecause: 'bob has thought again' } })
    const job = await db().job.findFirstOrThrow({ where: { kind: 'run-restore' } })
    const claimed = { ...job, owner: 'w', token: 2 }
    const work = { job: claimed, progress: () => undefined, log: async () => undefined, assertOwned: () => undefined }
    await expect(runRestore(as('ann'), { restoreId: 'r1' }, work)).rejects.toMatchObject({
      code: 'APPROVAL_NEEDED',
      message: 'bob has thought again',
    })
  })

  test('nobody who ran it may be its second person', async () => {
    await ask()
    await decide('bob')
    await run('carl')
    await endRun()
    services.clock.advance(240 * MINUTE_MS)
    await ask()
    await expect(decide('carl')).rejects.toMatchObject({ code: 'FORBIDDEN' })
    await decide('bob')
  })
})

test('what waits is listed for everybody, and says who may answer', async () => {
  expect(await listWaitingApprovals(as('bob'))).toEqual([])
  await ask()
  expect(await listWaitingApprovals(as('bob'))).toMatchObject([
    { subjectKind: 'restore', subjectId: 'r1', clusterName: 'orders', requestedByName: 'ann', isMine: true },
  ])
  expect(await listWaitingApprovals(as('ann'))).toMatchObject([{ isMine: false }])
  expect(await listWaitingApprovals(as('vera'))).toMatchObject([{ isMine: false }])
  await decide('bob')
  expect(await listWaitingApprovals(as('bob'))).toEqual([])
})

test('only an administrator says whether a cluster asks, and for how long within bounds', async () => {
  await expect(setApproval(as('bob'), { clusterId: 'c1', required: false })).rejects.toMatchObject({
    code: 'FORBIDDEN',
  })
  for (const minutes of [14, 7 * 24 * 60 + 1, 20.5]) {
    await expect(setApproval(as('root'), { clusterId: 'c1', required: true, minutes })).rejects.toMatchObject({
      code: 'INVALID_INPUT',
    })
  }
  expect(await setApproval(as('root'), { clusterId: 'c1', required: true })).toMatchObject({ approvalMinutes: 240 })
})

describe('a restore of files to such a cluster', () => {
  const PLAN = { servers: [], findings: [] }
  const asked = {
    subjectKind: 'physical',
    subjectId: 'p1',
    planHash: 'h1',
    typedName: 'orders',
    reason: 'disk lost',
  } as const
  const confirm = (name: Name) =>
    confirmPhysical(as(name), { physicalId: 'p1', planHash: 'h1', typedName: 'orders', reason: 'disk lost' })

  beforeEach(async () => {
    for (const id of ['rita', 'sven']) {
      await db().user.create({ data: { id, name: id, email: `${id}@example.org`, role: 'admin' } })
    }
    const plan = {
      ...PLAN,
      kind: 'standalone',
      way: 'worker',
      archiveZxid: '0x1',
      lastSeenZxid: null,
      fileZxid: '0x1',
      fileName: 'snapshot.1',
      bytes: 1,
      sha256: 'ab',
      znodes: 1,
      asideFolder: 'aside',
    }
    await db().physicalRestore.create({
      data: {
        id: 'p1',
        clusterId: 'c1',
        backupId: 'b1',
        sourceLabel: 'a backup',
        way: 'worker',
        options: {},
        state: 'checked',
        plan,
        planHash: 'h1',
        dir: 'physical/p1',
        createdById: 'root',
      },
    })
  })
  const other = (id: string): ServiceContext => ({
    ...services.contextFor('admin'),
    actor: { kind: 'user', id, name: id, role: 'admin' },
  })
  const answer = async (context: ServiceContext) => {
    const { id } = await db().approval.findFirstOrThrow({ orderBy: { requestedAt: 'desc' } })
    await decideApproval(context, { approvalId: id, planHash: 'h1', decision: 'approve' })
  }

  test('needs a second administrator for that very plan', async () => {
    await expect(confirm('root')).rejects.toMatchObject({ code: 'APPROVAL_NEEDED' })
    await expect(requestApproval(as('ann'), asked)).rejects.toMatchObject({ code: 'FORBIDDEN' })
    await requestApproval(as('root'), asked)
    await expect(answer(as('root'))).rejects.toMatchObject({ code: 'FORBIDDEN' })
    await expect(answer(as('bob'))).rejects.toMatchObject({ code: 'FORBIDDEN' })
    await answer(other('rita'))
    await db().physicalRestore.update({ where: { id: 'p1' }, data: { planHash: 'h2' } })
    await expect(confirm('root')).rejects.toMatchObject({ code: 'PLAN_CHANGED' })
    await db().physicalRestore.update({ where: { id: 'p1' }, data: { planHash: 'h1' } })
    await confirm('root')
    expect(await db().physicalRestore.findUnique({ where: { id: 'p1' }, select: { state: true } })).toEqual({
      state: 'queued',
    })
    expect((await deeds()).filter((deed) => / ok /.test(deed))).toEqual([
      'physical-restore.request-approval ok root',
      'physical-restore.approve ok rita',
      'physical-restore.confirm ok root',
    ])
  })

  test('its way back is covered by the approval of the run while that holds, and asked for afterwards', async () => {
    await requestApproval(as('root'), asked)
    await answer(other('rita'))
    await confirm('root')
    await db().physicalRestore.update({ where: { id: 'p1' }, data: { state: 'failed' } })
    const of = { clusterId: 'c1', otherClusterId: null, planHash: 'h1', createdById: 'root' } as const
    const subject = { kind: 'physical', id: 'p1', ...of } as const
    await expect(assertApprovedRun(as('root'), subject, 'undo')).resolves.toBeUndefined()
    services.clock.advance(240 * MINUTE_MS)
    await expect(resumePhysical(as('root'), 'p1')).rejects.toMatchObject({ code: 'APPROVAL_NEEDED' })
    // No file was moved: there is no way back to ask for.
    await expect(requestApproval(as('root'), { ...asked, purpose: 'undo' })).rejects.toMatchObject({
      code: 'WRONG_STATE',
    })
    await db().approval.updateMany({ data: { purpose: 'undo', state: 'approved', expiresAt: new Date(8e15) } })
    await expect(resumePhysical(as('root'), 'p1')).rejects.toMatchObject({
      code: 'APPROVAL_NEEDED',
      message: expect.stringMatching(/old files back only/),
    })
  })
})
