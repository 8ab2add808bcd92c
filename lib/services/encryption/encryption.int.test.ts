import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { generateIdentity, identityToRecipient } from 'age-encryption'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { createFileArchives } from '../../adapters/archive/file-archives.ts'
import type { ClusterConnection } from '../../adapters/zookeeper/connection.ts'
import { createZooKeeper } from '../../adapters/zookeeper/zookeeper.ts'
import { LiveTree } from '../../testing/live-tree.ts'
import { createTestServices, type TestServices } from '../../testing/service-context.ts'
import { addTestPeople, workOffJobs } from '../../testing/work-off-jobs.ts'
import { startZooKeeper, type ZooKeeperServer } from '../../testing/zookeeper-server.ts'
import { getBackup } from '../backups/get-backup.ts'
import { startBackup } from '../backups/start-backup.ts'
import { startVerify } from '../backups/start-verify.ts'
import { addCluster } from '../clusters/add-cluster.ts'
import { armCluster } from '../clusters/arm-cluster.ts'
import type { ServiceContext } from '../context.ts'
import { getJob } from '../jobs/get-job.ts'
import { confirmRestore } from '../restores/confirm-restore.ts'
import { createRestore } from '../restores/create-restore.ts'
import { getRestore } from '../restores/get-restore.ts'
import { startUndo } from '../restores/start-undo.ts'
import { addRecipient } from './change-recipients.ts'
import { setEncryption } from './set-encryption.ts'
import { unlock } from './unlock.ts'

let server: ZooKeeperServer
let client: ClusterConnection
let tree: LiveTree
let services: TestServices
let context: ServiceContext
let clusterId = ''
let secret = ''

beforeAll(async () => {
  server = await startZooKeeper()
  client = await createZooKeeper().connect({ connectString: server.connectString })
  tree = new LiveTree(client)
  services = await createTestServices({
    zookeeper: createZooKeeper(),
    archives: (keys) => createFileArchives({ keys }),
  })
  await addTestPeople(services)
  context = services.contextFor('admin')
  clusterId = (await addCluster(context, { name: 'demo', connectString: server.connectString })).id
  secret = await generateIdentity()
  await addRecipient(context, { clusterId, recipient: await identityToRecipient(secret) })
  await setEncryption(context, { clusterId, mode: 'own' })
})
afterAll(async () => {
  await services?.close()
  await client?.close()
  await server?.stop()
})

const open = () => unlock(context, { clusterId, identity: secret, minutes: 10 })
const close = () => services.clock.advance(10 * 60_000)
const work = () => workOffJobs(services)

/** Everything below the store, as it lies there. */
async function readStore(): Promise<Buffer> {
  const names = await readdir(context.paths.storeDir, { recursive: true, withFileTypes: true })
  const files = names.filter((entry) => entry.isFile())
  return Buffer.concat(await Promise.all(files.map((entry) => readFile(join(entry.parentPath, entry.name)))))
}

test('from backup to undo nothing is in the clear in the store, and the key is needed just where something is read', async () => {
  await tree.create('/app')
  await tree.create('/app/secret-name', 'value-one')
  const { jobId } = await startBackup(context, { clusterId, paths: [] })
  await work()
  const job = await getJob(context, jobId)
  expect(job).toMatchObject({ state: 'succeeded', error: null })
  const backupId = job.subjectId ?? ''
  const backup = await getBackup(context, backupId)
  expect(backup).toMatchObject({ recipients: [await identityToRecipient(secret)], status: 'complete' })
  expect(backup.manifest.encryption?.format).toBe('age')

  await startVerify(context, backupId)
  await work()
  expect(await getBackup(context, backupId)).toMatchObject({ verifyOk: true, verifyDepth: 'sums' })

  await tree.set('/app/secret-name', 'value-two')
  const planIt = async () => {
    const made = await createRestore(context, { clusterId, source: `backup:${backupId}`, selection: { kind: 'all' } })
    await work()
    return getRestore(context, made.restoreId)
  }
  expect(await planIt()).toMatchObject({ state: 'plan-failed', error: { code: 'KEY_MISSING' } })

  await open()
  await startVerify(context, backupId)
  await work()
  expect(await getBackup(context, backupId)).toMatchObject({ verifyOk: true, verifyDepth: 'all' })
  const planned = await planIt()
  expect(planned).toMatchObject({ state: 'planned', undoKey: { at: 'unlock', until: expect.any(String) } })

  // What it writes is in the plan: the run needs no key, and neither does its safety backup.
  close()
  expect(await getRestore(context, planned.id)).toMatchObject({ undoKey: { at: 'nowhere' } })
  await armCluster(context, { clusterId, minutes: 15, reason: 'test' })
  await confirmRestore(context, {
    restoreId: planned.id,
    planHash: planned.plan?.hash ?? '',
    typedName: 'demo',
    reason: 'a test',
  })
  await work()
  const done = await getRestore(context, planned.id)
  expect(done).toMatchObject({ state: 'succeeded', error: null })
  expect((await tree.find('/app/secret-name'))?.data?.toString()).toBe('value-one')
  expect((await getBackup(context, done.safetyBackupId ?? '')).recipients).toHaveLength(1)

  const undo = async () => {
    const { restoreId } = await startUndo(context, planned.id)
    await work()
    return getRestore(context, restoreId)
  }
  expect(await undo()).toMatchObject({ state: 'plan-failed', error: { code: 'KEY_MISSING' } })
  await open()
  expect(await undo()).toMatchObject({ state: 'planned', plan: { updates: 1 } })

  const stored = await readStore()
  expect(stored.length).toBeGreaterThan(1000)
  for (const word of ['secret-name', 'value-one', 'value-two']) expect(stored.includes(word), word).toBe(false)
})
