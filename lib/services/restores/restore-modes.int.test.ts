import { createHash } from 'node:crypto'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { createFileArchives } from '../../adapters/archive/file-archives.ts'
import type { ClusterConnection } from '../../adapters/zookeeper/connection.ts'
import { createZooKeeper } from '../../adapters/zookeeper/zookeeper.ts'
import { LiveTree } from '../../testing/live-tree.ts'
import { createTestServices, type TestServices } from '../../testing/service-context.ts'
import { addTestPeople, workOffJobs } from '../../testing/work-off-jobs.ts'
import { startZooKeeper, type ZooKeeperServer } from '../../testing/zookeeper-server.ts'
import { startBackup } from '../backups/start-backup.ts'
import { addCluster } from '../clusters/add-cluster.ts'
import { armCluster } from '../clusters/arm-cluster.ts'
import type { ServiceContext } from '../context.ts'
import { getJob } from '../jobs/get-job.ts'
import { confirmRestore } from './confirm-restore.ts'
import { createRestore } from './create-restore.ts'
import { type ExportReportOptions, exportReport } from './export-report.ts'
import { getRestore } from './get-restore.ts'
import { listLaterWrites } from './list-later-writes.ts'
import { listPlanSteps } from './list-plan-steps.ts'
import { listStepResults } from './list-step-results.ts'
import { planAnew } from './plan-anew.ts'
import { replanRestore } from './replan-restore.ts'
import { replanStale } from './replan-stale.ts'
import type { CreateRestoreInput } from './schemas.ts'
import { listStaleLines } from './stale-lines.ts'
import { startUndo } from './start-undo.ts'

let server: ZooKeeperServer
let client: ClusterConnection
let tree: LiveTree
let services: TestServices
let context: ServiceContext
let clusterId = ''

beforeAll(async () => {
  server = await startZooKeeper()
  client = await createZooKeeper().connect({
    connectString: server.connectString,
    auth: [{ scheme: 'digest', id: 'other:pw' }],
  })
  tree = new LiveTree(client)
})
afterAll(async () => {
  await client?.close()
  await server?.stop()
})
beforeEach(async () => {
  services = await createTestServices({ zookeeper: createZooKeeper(), archives: createFileArchives() })
  await addTestPeople(services)
  context = services.contextFor('admin')
  clusterId = (await addCluster(context, { name: 'demo', connectString: server.connectString })).id
  await armCluster(context, { clusterId, minutes: 15, reason: 'test' })
  for (const name of ['a', 'b', 'c', 'd']) await tree.create(`/${name}`, 'good')
})
afterEach(async () => {
  await services.close()
  await tree.clear()
})

async function backUp(paths: string[] = []): Promise<string> {
  const { jobId } = await startBackup(context, { clusterId, paths })
  await workOffJobs(services)
  return `backup:${(await getJob(context, jobId)).subjectId}`
}

async function plan(input: Partial<CreateRestoreInput> & Pick<CreateRestoreInput, 'source'>) {
  const { restoreId } = await createRestore(context, { clusterId, selection: { kind: 'all' }, ...input })
  await workOffJobs(services)
  return getRestore(context, restoreId)
}

async function planned(started: Promise<{ readonly restoreId: string }>) {
  const { restoreId } = await started
  await workOffJobs(services)
  return getRestore(context, restoreId)
}

async function confirm(restoreId: string, planHash?: string) {
  const hash = planHash ?? (await getRestore(context, restoreId)).plan?.hash ?? ''
  await confirmRestore(context, { restoreId, planHash: hash, typedName: 'demo', reason: 'a test' })
  await workOffJobs(services)
  return getRestore(context, restoreId)
}

async function stepsOf(restoreId: string): Promise<string[]> {
  const { steps } = await listPlanSteps(context, { restoreId })
  return steps.map(({ step, path }) => `${step} ${path}`)
}

async function report(restoreId: string, options?: ExportReportOptions): Promise<string> {
  let text = ''
  for await (const line of exportReport(context, restoreId, options)) text += line
  return text
}

const spoil = async (...names: string[]) => {
  for (const name of names) await tree.set(`/${name}`, 'bad')
}

describe('the stale lines of a plan', () => {
  it('are told with what was expected and found, planned anew alone, and make the old confirmation void', async () => {
    const source = await backUp()
    await spoil('a', 'b', 'c')
    const first = await plan({ source })
    await tree.set('/b', 'theirs')
    await tree.remove('/c')
    services.clock.advance(60_000)
    expect((await getRestore(context, first.id)).stale).toMatchObject({ count: 2, lookedAt: 3, steps: 3 })
    const { lines, next } = await listStaleLines(context, { restoreId: first.id })
    expect(next).toBeNull()
    expect(lines).toMatchObject([
      { step: 'setData', path: '/b', reason: 'version', expected: expect.stringContaining('version 1') },
      { step: 'setData', path: '/c', reason: 'missing', found: 'gone' },
    ])
    expect(lines[0]?.found).toContain('version 2')

    const again = await planned(replanStale(context, first.id))
    expect(again).toMatchObject({ id: first.id, state: 'planned', stale: null })
    expect(again.plan?.hash).not.toBe(first.plan?.hash)
    expect(await stepsOf(first.id)).toEqual(['setData /a', 'setData /b', 'create /c'])
    expect(again.plan?.warnings.map(({ code, path }) => `${code} ${path}`)).toEqual(['replanned /b', 'replanned /c'])
    await expect(confirm(first.id, first.plan?.hash)).rejects.toMatchObject({ code: 'PLAN_CHANGED' })
    expect(await confirm(first.id)).toMatchObject({ state: 'succeeded', report: { applied: 3, verified: true } })
    for (const name of ['a', 'b', 'c']) expect(await tree.text(`/${name}`)).toBe('good')
  })

  it('of a run that stopped become a restore of their own, which leaves alone what was applied', async () => {
    const source = await backUp()
    await spoil('a', 'b', 'c', 'd')
    const first = await plan({ source })
    await tree.set('/c', 'theirs')
    expect(await confirm(first.id)).toMatchObject({ state: 'conflict' })
    await expect(replanStale(services.contextFor('viewer'), first.id)).rejects.toMatchObject({ code: 'FORBIDDEN' })
    const applied = (await listStepResults(context, { restoreId: first.id, result: 'applied' })).results.map(
      (r) => r.path,
    )
    const rest = await planned(replanStale(context, first.id))
    expect(rest).toMatchObject({ state: 'planned', scopeLabel: `The rest of: ${first.scopeLabel}` })
    expect(rest.id).not.toBe(first.id)
    const left = ['/a', '/b', '/c', '/d'].filter((path) => !applied.includes(path))
    expect(await stepsOf(rest.id)).toEqual(left.map((path) => `setData ${path}`))
    // Applied, then written by somebody else: no part of the rest.
    for (const path of applied) await tree.set(path, 'written later')
    expect(await confirm(rest.id)).toMatchObject({ state: 'succeeded' })
    expect(await tree.text('/c')).toBe('good')
    for (const path of applied) expect(await tree.text(path)).toBe('written later')
    // The rest is a restore like any other: it is taken back, and the question of all of it can be asked anew.
    const undone = await planned(startUndo(context, rest.id))
    expect(await confirm(undone.id)).toMatchObject({ state: 'succeeded' })
    expect(await tree.text('/c')).toBe('theirs')
    const anew = await planned(planAnew(context, rest.id))
    expect(anew).toMatchObject({ state: 'planned', scopeLabel: first.scopeLabel })
  })

  it('that a run has skipped are taken up, though the source is gone meanwhile', async () => {
    const source = await backUp()
    await spoil('a', 'b')
    const first = await plan({ source, onConflict: 'skip' })
    await tree.set('/a', 'theirs')
    expect(await confirm(first.id)).toMatchObject({ state: 'incomplete', report: { applied: 1, skipped: 1 } })
    await services.database.client.backup.updateMany({
      where: { id: source.slice('backup:'.length) },
      data: { deletedAt: new Date(0) },
    })
    const rest = await planned(replanStale(context, first.id))
    expect(await stepsOf(rest.id)).toEqual(['setData /a'])
    expect(await confirm(rest.id)).toMatchObject({ state: 'succeeded' })
  })
})

describe('the result of each operation', () => {
  it('is told with its transaction and reason, on a page by result, as JSON Lines and as a sheet', async () => {
    const source = await backUp()
    await tree.create('/=cmd', 'x')
    await spoil('a', 'b', 'd')
    const first = await plan({ source, mode: 'mirror', onConflict: 'skip' })
    expect(JSON.parse((await report(first.id)).split('\n')[0] ?? '')).toMatchObject({ outcome: 'not-reached' })
    await tree.set('/a', 'theirs')
    await tree.set('/b', 'good')
    await confirm(first.id)
    const page = await listStepResults(context, { restoreId: first.id })
    expect(page.counts).toMatchObject({ applied: 2, 'already-done': 1, skipped: 1, conflict: 0, 'not-reached': 0 })
    expect(page.results.map(({ path, result, reason }) => [path, result, reason])).toEqual([
      ['/a', 'skipped', 'version'],
      ['/b', 'already-done', null],
      ['/d', 'applied', null],
      ['/=cmd', 'applied', null],
    ])
    expect(page.results[2]?.zxid).toMatch(/^0x[0-9a-f]+$/)
    const one = await listStepResults(context, { restoreId: first.id, result: 'applied', limit: 1 })
    expect(one.results.map(({ path }) => path)).toEqual(['/d'])
    const rest = await listStepResults(context, { restoreId: first.id, result: 'applied', after: one.next ?? -1 })
    expect(rest).toMatchObject({ results: [{ path: '/=cmd' }], next: null })

    // Behind the steps stands what the restore does not carry.
    const lines = (await report(first.id)).trimEnd().split('\n')
    const outcomes = lines.map((line) => JSON.parse(line).outcome).filter((outcome) => outcome !== undefined)
    expect(outcomes).toEqual(['skipped', 'already-done', 'applied', 'applied'])
    expect(JSON.parse(lines[0] ?? '')).toMatchObject({ conflict: 'version', resolution: 'skipped' })
    const sheet = (await report(first.id, { format: 'csv', kind: 'delete' })).split('\r\n')
    expect(sheet[0]).toBe('index,step,path,outcome,zxid,conflict,resolution,expected')
    expect(sheet[1]).toMatch(/^3,delete,\/=cmd,applied,0x[0-9a-f]+,,,"version 0, created at 0x[0-9a-f]+"$/)
    expect(sheet).toHaveLength(3)
  })
})

describe('mirroring', () => {
  it('names what it deletes, by part of the tree and one by one', async () => {
    const source = await backUp()
    await tree.create('/extra')
    for (const name of ['x', 'y']) await tree.create(`/extra/${name}`)
    await tree.create('/more')
    const view = await plan({ source, mode: 'mirror' })
    expect(view.plan).toMatchObject({
      deletes: 4,
      deletions: [
        { path: '/extra', count: 3 },
        { path: '/more', count: 1 },
      ],
    })
    const { steps } = await listPlanSteps(context, { restoreId: view.id, kind: 'delete', under: '/extra' })
    expect(steps.map(({ path }) => path)).toEqual(['/extra/y', '/extra/x', '/extra'])
  })

  it('refuses a source that is empty, as a whole or below the path, before there is a plan', async () => {
    await tree.create('/empty')
    const source = await backUp(['/empty'])
    for (const name of ['x', 'y']) await tree.create(`/empty/${name}`)
    const selection = { kind: 'subtree', path: '/empty' } as const
    expect(await plan({ source, selection, mode: 'mirror' })).toMatchObject({
      state: 'plan-failed',
      plan: null,
      error: { code: 'EMPTY_SOURCE' },
    })
    expect(await plan({ source, selection, mode: 'update' })).toMatchObject({ state: 'planned', plan: { steps: 0 } })
    // Picked one by one, a deletion is nobody's accident.
    const picked = { kind: 'picked', paths: ['/empty/x'], subtrees: [] } as const
    const chosen = { ...picked, paths: [...picked.paths], subtrees: [] }
    expect(await plan({ source, selection: chosen, mode: 'mirror' })).toMatchObject({ plan: { deletes: 1 } })
  })

  it('never deletes what the backup could not read, nor what lies above it', async () => {
    await tree.create('/hidden')
    await tree.create('/hidden/x', 'secret')
    await tree.create('/hidden/x/below')
    await tree.setAcl('/hidden/x', [{ perms: 31, scheme: 'digest', id: digestOf('other', 'pw') }])
    const source = await backUp()
    await tree.setAcl('/hidden/x', [{ perms: 31, scheme: 'world', id: 'anyone' }])
    await tree.create('/hidden/y')
    const view = await plan({ source, mode: 'mirror' })
    expect(await stepsOf(view.id)).toEqual(['delete /hidden/y'])
    expect(view.plan?.warnings).toMatchObject([{ code: 'unreadable', path: '/hidden/x' }])
  })
})

describe('an undo that meets later writes', () => {
  async function restored() {
    const source = await backUp()
    await spoil('a', 'b')
    await tree.remove('/c')
    const done = await confirm((await plan({ source })).id)
    expect(done).toMatchObject({ state: 'succeeded', report: { applied: 3 } })
    return done
  }

  it('lists them, leaves them as they are, and takes them back only when told to', async () => {
    const done = await restored()
    await tree.set('/a', 'later')
    await tree.set('/c', 'later')
    const undo = await planned(startUndo(context, done.id))
    expect(undo.plan).toMatchObject({ updates: 1, deletes: 0, laterWrites: { count: 2, overwritten: false } })
    const { writes } = await listLaterWrites(context, { restoreId: undo.id })
    expect(writes).toMatchObject([
      {
        path: '/a',
        what: 'data',
        expected: expect.stringContaining('version 2'),
        found: expect.stringContaining('version 3'),
      },
      { path: '/c', what: 'data' },
    ])
    const hash = undo.plan?.hash
    await replanRestore(context, undo.id, 'overwrite')
    await workOffJobs(services)
    const all = await getRestore(context, undo.id)
    expect(all.plan).toMatchObject({ updates: 2, deletes: 1, laterWrites: { count: 2, overwritten: true } })
    await expect(confirm(undo.id, hash)).rejects.toMatchObject({ code: 'PLAN_CHANGED' })
    await replanRestore(context, undo.id, 'keep')
    await workOffJobs(services)
    expect(await confirm(undo.id, hash)).toMatchObject({ state: 'succeeded', report: { applied: 1, conflicts: [] } })
    expect([await tree.text('/a'), await tree.text('/b'), await tree.text('/c')]).toEqual(['later', 'bad', 'later'])
    await expect(replanRestore(context, done.id, 'keep')).rejects.toMatchObject({ code: 'WRONG_STATE' })
  })

  it('and stopped at one that came after its plan, is planned anew, or its stale lines are', async () => {
    const done = await restored()
    const undo = await planned(startUndo(context, done.id))
    await tree.set('/b', 'later')
    expect(await confirm(undo.id)).toMatchObject({ state: 'conflict' })
    const anew = await planned(planAnew(context, undo.id))
    expect(anew).toMatchObject({ undoOfId: done.id, plan: { laterWrites: { count: 1, overwritten: false } } })
    const rest = await planned(replanStale(context, undo.id))
    expect(rest).toMatchObject({ undoOfId: done.id, state: 'planned' })
    expect(await stepsOf(rest.id)).toContain('setData /b')
    expect(await confirm(rest.id)).toMatchObject({ state: 'succeeded' })
    expect([await tree.text('/a'), await tree.text('/b'), await tree.text('/c')]).toEqual(['bad', 'bad', undefined])
    expect((await getRestore(context, done.id)).undoneById).toBe(rest.id)
  })
})

function digestOf(user: string, password: string): string {
  return `${user}:${createHash('sha1').update(`${user}:${password}`).digest('base64')}`
}
