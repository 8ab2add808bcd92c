import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, beforeEach, expect, it } from 'vitest'
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
import { confirmRestore } from '../restores/confirm-restore.ts'
import { createRestore } from '../restores/create-restore.ts'
import { getRestore } from '../restores/get-restore.ts'
import { listPlanSteps } from '../restores/list-plan-steps.ts'
import { replanRestore } from '../restores/replan-restore.ts'
import { startUndo } from '../restores/start-undo.ts'
import type { RestoreView } from '../restores/views.ts'
import { decideApproval } from './decide-approval.ts'
import { requestApproval } from './request-approval.ts'
import { setApproval } from './set-approval.ts'

let server: ZooKeeperServer
let client: ClusterConnection
let tree: LiveTree
let services: TestServices
/** Makes plans, asks, and runs. */
let author: ServiceContext
let second: ServiceContext
let backupId = ''
let clusterId = ''

beforeAll(async () => {
  server = await startZooKeeper()
  client = await createZooKeeper().connect({ connectString: server.connectString })
  tree = new LiveTree(client)
})
afterAll(async () => {
  await client?.close()
  await server?.stop()
})
beforeEach(async () => {
  services = await createTestServices({ zookeeper: createZooKeeper(), archives: createFileArchives() })
  await addTestPeople(services)
  author = services.contextFor('operator')
  second = services.contextFor('admin')
  clusterId = (await addCluster(second, { name: 'demo', connectString: server.connectString })).id
  await armCluster(second, { clusterId, minutes: 480, reason: 'test' })
  await setApproval(second, { clusterId, required: true })
  await tree.create('/app', 'one')
  await tree.create('/app/config', '{"a":1}')
  const { jobId } = await startBackup(author, { clusterId, paths: [] })
  await workOffJobs(services)
  backupId = (await getJob(author, jobId)).subjectId ?? ''
  await tree.set('/app/config', '{"a":2}')
})
afterEach(async () => {
  await services.close()
  await tree.clear()
})

async function plan(): Promise<RestoreView> {
  const { restoreId } = await createRestore(author, {
    clusterId,
    source: `backup:${backupId}`,
    selection: { kind: 'all' },
  })
  await workOffJobs(services)
  return getRestore(author, restoreId)
}

const hashOf = (view: RestoreView) => view.plan?.hash ?? ''

async function ask(view: RestoreView): Promise<void> {
  const planHash = hashOf(view)
  const subject = { subjectKind: 'restore', subjectId: view.id } as const
  await requestApproval(author, { ...subject, planHash, typedName: 'demo', reason: 'a bad deploy' })
}

/** As the second person sees it: the plan that their own page shows. */
async function approve(restoreId: string): Promise<void> {
  const seen = await getRestore(second, restoreId)
  expect(seen.approval).toMatchObject({ state: 'waiting', canDecide: { ok: true } })
  const approvalId = seen.approval?.latest?.id ?? ''
  await decideApproval(second, { approvalId, planHash: hashOf(seen), decision: 'approve' })
}

async function run(view: RestoreView): Promise<RestoreView> {
  const { id: restoreId } = view
  await confirmRestore(author, { restoreId, planHash: hashOf(view), typedName: 'demo', reason: 'a bad deploy' })
  await workOffJobs(services)
  return getRestore(author, restoreId)
}

const config = async () => Buffer.from((await tree.find('/app/config'))?.data ?? '').toString()

it('is planned, approved by a second person who sees the same steps, run, verified, and undone the same way', async () => {
  const planned = await plan()
  expect(planned).toMatchObject({ approval: { state: 'none' }, canConfirm: { ok: false } })
  await ask(planned)
  expect(await listPlanSteps(second, { restoreId: planned.id })).toMatchObject({
    steps: [{ path: '/app/config', step: 'setData' }],
  })
  await approve(planned.id)
  expect(await config()).toBe('{"a":2}')
  expect(await getRestore(author, planned.id)).toMatchObject({ state: 'planned', canConfirm: { ok: true } })
  expect(await run(planned)).toMatchObject({ state: 'succeeded', report: { verified: true, applied: 1 } })
  expect(await config()).toBe('{"a":1}')

  const { restoreId } = await startUndo(author, planned.id)
  await workOffJobs(services)
  const undo = await getRestore(author, restoreId)
  expect(undo).toMatchObject({ state: 'planned', approval: { state: 'none' }, canConfirm: { ok: false } })
  await expect(run(undo)).rejects.toMatchObject({ code: 'APPROVAL_NEEDED' })
  await ask(undo)
  await approve(restoreId)
  expect(await run(undo)).toMatchObject({ state: 'succeeded' })
  expect(await config()).toBe('{"a":2}')
})

it('is refused after the live tree has moved and the plan was made again: the new one is approved anew', async () => {
  const planned = await plan()
  await ask(planned)
  await approve(planned.id)
  await tree.set('/app/config', '{"a":3}')
  await tree.set('/app', 'two')
  await replanRestore(author, planned.id)
  await workOffJobs(services)
  const again = await getRestore(author, planned.id)
  expect(again).toMatchObject({ state: 'planned', plan: { updates: 2 }, approval: { state: 'void' } })
  await expect(run(planned)).rejects.toMatchObject({ code: expect.stringMatching(/PLAN_CHANGED|APPROVAL_NEEDED/) })
  await expect(run(again)).rejects.toMatchObject({ code: 'APPROVAL_NEEDED' })
  expect(await config()).toBe('{"a":3}')
  // The newest request counts: the clock of tests stands still.
  services.clock.advance(1)
  await ask(again)
  await approve(planned.id)
  expect(await run(again)).toMatchObject({ state: 'succeeded' })
  expect(await config()).toBe('{"a":1}')
})

it('writes nothing when its files are not those that were approved', async () => {
  const planned = await plan()
  await ask(planned)
  await approve(planned.id)
  const file = join(services.database.dir, 'work', 'restores', planned.id, 'steps.jsonl')
  const steps = await readFile(file, 'utf8')
  const other = Buffer.from('{"a":9}').toString('base64')
  const changed = steps.replace(Buffer.from('{"a":1}').toString('base64'), other)
  expect(changed).not.toBe(steps)
  await writeFile(file, changed)
  expect(await run(planned)).toMatchObject({ state: 'failed', error: { code: 'PLAN_MISMATCH' } })
  expect(await config()).toBe('{"a":2}')
})

it('writes nothing when the approver is deactivated before the worker comes to it', async () => {
  const planned = await plan()
  await ask(planned)
  await approve(planned.id)
  const { id: restoreId } = planned
  await confirmRestore(author, { restoreId, planHash: hashOf(planned), typedName: 'demo', reason: 'a bad deploy' })
  await services.database.client.user.update({ where: { id: 'admin-1' }, data: { deactivatedAt: new Date() } })
  await workOffJobs(services)
  expect(await getRestore(author, restoreId)).toMatchObject({ state: 'failed', error: { code: 'APPROVAL_NEEDED' } })
  expect(await config()).toBe('{"a":2}')
})
