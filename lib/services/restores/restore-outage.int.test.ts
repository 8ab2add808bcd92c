import { afterAll, afterEach, beforeAll, beforeEach, expect, it } from 'vitest'
import { createFileArchives } from '../../adapters/archive/file-archives.ts'
import type { ClusterConnection, ZooKeeperPort } from '../../adapters/zookeeper/connection.ts'
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
import { cancelRestore } from './cancel-restore.ts'
import { confirmRestore } from './confirm-restore.ts'
import { createRestore } from './create-restore.ts'
import { getRestore } from './get-restore.ts'

// Each value fills a batch by itself.
const NAMES = Array.from({ length: 8 }, (_, i) => `n${i}`)
const FIRST_PAUSE_MS = 2_000

const zookeeper = createZooKeeper()
let server: ZooKeeperServer
let client: ClusterConnection
let tree: LiveTree
let services: TestServices
let context: ServiceContext
let clusterId = ''
/** The session of the next connection that writes ends when its first batch is on its way. */
let losesSession = false

const port: ZooKeeperPort = {
  ...zookeeper,
  connect: async (...args) => {
    const [target, options] = args
    // A server that was told to end a session may leave the connection of its former holder open and silent: short, so that it is left soon.
    const connection = await zookeeper.connect({ ...target, sessionTimeoutMs: 12_000 }, options)
    const multi: ClusterConnection['multi'] = async (...operations) => {
      const answer = connection.multi(...operations)
      // What is only asked beforehand is no batch.
      if (losesSession && !operations[0].some(({ op }) => op === 'check')) {
        losesSession = false
        await zookeeper.endSession(target, connection.sessionTicket)
      }
      return answer
    }
    return new Proxy(connection, {
      get: (inner, key) => {
        if (key === 'multi') return multi
        const value: unknown = Reflect.get(inner, key)
        return typeof value === 'function' ? value.bind(inner) : value
      },
    })
  },
}

beforeAll(async () => {
  server = await startZooKeeper()
  client = await zookeeper.connect({ connectString: server.connectString })
  tree = new LiveTree(client)
})
afterAll(async () => {
  await client?.close()
  await server?.stop()
})
beforeEach(async () => {
  services = await createTestServices({ zookeeper: port, archives: createFileArchives() })
  await addTestPeople(services)
  context = services.contextFor('admin')
  clusterId = (await addCluster(context, { name: 'demo', connectString: server.connectString })).id
  await tree.create('/app')
  for (const [i, name] of NAMES.entries()) await tree.create(`/app/${name}`, Buffer.alloc(300_000, i))
})
afterEach(async () => {
  losesSession = false
  await services.close()
  await tree.clear()
})

/** A confirmed restore whose worker has lost its session in the middle. */
async function losingItsSession(): Promise<{ restoreId: string; jobId: string }> {
  const backup = await startBackup(context, { clusterId, paths: [] })
  await workOffJobs(services)
  const backupId = (await getJob(context, backup.jobId)).subjectId ?? ''
  for (const name of NAMES) await tree.remove(`/app/${name}`)
  await armCluster(context, { clusterId, minutes: 15, reason: 'test' })
  const { restoreId } = await createRestore(context, {
    clusterId,
    source: `backup:${backupId}`,
    selection: { kind: 'all' },
  })
  await workOffJobs(services)
  const { plan } = await getRestore(context, restoreId)
  losesSession = true
  const input = { restoreId, planHash: plan?.hash ?? '', typedName: 'demo', reason: 'a test' }
  const { jobId } = await confirmRestore(context, input)
  await workOffJobs(services)
  return { restoreId, jobId }
}

it('a restore that loses its session goes on by itself to the exact target', async () => {
  const { restoreId, jobId } = await losingItsSession()
  expect(await getRestore(context, restoreId)).toMatchObject({ state: 'running', finishedAt: null })
  const waiting = await getJob(context, jobId)
  expect(waiting).toMatchObject({ state: 'queued', attempts: 1, error: null })
  expect(waiting.log.at(-1)?.message).toMatch(/The cluster was lost .*goes on by itself/)

  services.clock.advance(FIRST_PAUSE_MS)
  expect(await workOffJobs(services)).toBe(1)
  const restore = await getRestore(context, restoreId)
  expect(restore).toMatchObject({ state: 'succeeded', report: { verified: true, conflicts: [] } })
  expect((restore.report?.applied ?? 0) + (restore.report?.alreadyDone ?? 0)).toBe(NAMES.length)
  for (const [i, name] of NAMES.entries()) {
    const znode = await tree.find(`/app/${name}`)
    expect(Buffer.from(znode?.data ?? []).equals(Buffer.alloc(300_000, i))).toBe(true)
    expect(znode?.stat.version).toBe(0)
  }
})

it('it can be stopped for good while it waits', async () => {
  const { restoreId } = await losingItsSession()
  await cancelRestore(context, restoreId)
  expect(await getRestore(context, restoreId)).toMatchObject({ state: 'cancelled' })
  services.clock.advance(FIRST_PAUSE_MS)
  expect(await workOffJobs(services)).toBe(0)
})

it('a cluster whose address has changed since the plan gets nothing of it', async () => {
  await armCluster(context, { clusterId, minutes: 15, reason: 'test' })
  const backup = await startBackup(context, { clusterId, paths: [] })
  await workOffJobs(services)
  const backupId = (await getJob(context, backup.jobId)).subjectId ?? ''
  await tree.remove('/app/n0')
  const question = { clusterId, source: `backup:${backupId}`, selection: { kind: 'all' } } as const
  const { restoreId } = await createRestore(context, question)
  await workOffJobs(services)
  const { plan } = await getRestore(context, restoreId)
  const connectString = `${server.connectString},${server.connectString}`
  await services.database.client.cluster.update({ where: { id: clusterId }, data: { connectString } })
  const input = { restoreId, planHash: plan?.hash ?? '', typedName: 'demo', reason: 'a test' }
  const { jobId } = await confirmRestore(context, input)
  await workOffJobs(services)
  expect(await getJob(context, jobId)).toMatchObject({ state: 'failed', error: { code: 'PLAN_CHANGED' } })
  expect(await tree.find('/app/n0')).toBeNull()
})
