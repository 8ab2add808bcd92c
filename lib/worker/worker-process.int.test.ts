import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import type { ClusterConnection } from '../adapters/zookeeper/connection.ts'
import { createZooKeeper } from '../adapters/zookeeper/zookeeper.ts'
import { readEnv } from '../runtime/env.ts'
import { openRuntime, type Runtime } from '../runtime/runtime.ts'
import { listBackups } from '../services/backups/list-backups.ts'
import { startBackup } from '../services/backups/start-backup.ts'
import { addCluster } from '../services/clusters/add-cluster.ts'
import { armCluster } from '../services/clusters/arm-cluster.ts'
import type { ServiceContext } from '../services/context.ts'
import { getDiff } from '../services/diffs/get-diff.ts'
import { startDiff } from '../services/diffs/start-diff.ts'
import { cancelJob } from '../services/jobs/cancel-job.ts'
import { getJob } from '../services/jobs/get-job.ts'
import { retryJob } from '../services/jobs/retry-job.ts'
import { confirmRestore } from '../services/restores/confirm-restore.ts'
import { createRestore } from '../services/restores/create-restore.ts'
import { getRestore } from '../services/restores/get-restore.ts'
import { type BundledCommand, bundleScript } from '../testing/bundled-command.ts'
import { LiveTree } from '../testing/live-tree.ts'
import { createDatabaseEnvironment } from '../testing/temp-database.ts'
import { freezeAtMulti, startZooKeeperProxy, type ZooKeeperProxy } from '../testing/zookeeper-proxy.ts'
import { startZooKeeper, type ZooKeeperServer } from '../testing/zookeeper-server.ts'

const CHILDREN = 10_000

let script: BundledCommand
let dataDir = ''
let server: ZooKeeperServer
let serverDir = ''
let client: ClusterConnection
let runtime: Runtime
let context: ServiceContext
let database: Awaited<ReturnType<typeof createDatabaseEnvironment>>
const workers: ChildProcess[] = []

const environment = () => ({
  ...database.env,
  ARKEEPER_DATA_DIR: dataDir,
  ARKEEPER_SECRET_KEY: Buffer.alloc(32, 7).toString('base64'),
  LOG_LEVEL: 'warn',
})

beforeAll(async () => {
  script = await bundleScript('lib/worker/main.ts', 'worker')
  serverDir = await mkdtemp(join(tmpdir(), 'arkeeper-zk-'))
  server = await startZooKeeper({ dataDir: serverDir })
  client = await createZooKeeper().connect({ connectString: server.connectString })
  await new LiveTree(client).fill('/big', CHILDREN, 300)
})
afterAll(async () => {
  await script?.remove()
  await client?.close()
  await server?.stop()
  await rm(serverDir, { recursive: true, force: true })
})
beforeEach(async () => {
  dataDir = await mkdtemp(join(tmpdir(), 'arkeeper-worker-'))
  database = await createDatabaseEnvironment()
  runtime = await openRuntime(() => readEnv(environment()))
  await runtime.db.user.create({ data: { id: 'admin-1', name: 'Ada', email: 'ada@example.org', role: 'admin' } })
  context = runtime.contextFor({ kind: 'user', id: 'admin-1', name: 'Ada', role: 'admin' })
})
afterEach(async () => {
  for (const worker of workers.splice(0)) {
    if (worker.exitCode !== null || worker.signalCode !== null) continue
    worker.kill('SIGKILL')
    await once(worker, 'exit')
  }
  await runtime.close()
  await database.drop()
  await rm(dataDir, { recursive: true, force: true })
})

async function until<T>(
  what: string,
  find: () => Promise<T | null | undefined | false>,
  timeoutMs = 60_000,
): Promise<T> {
  const deadline = Date.now() + timeoutMs
  for (;;) {
    const found = await find()
    if (found) return found
    if (Date.now() > deadline) throw new Error(`waited ${timeoutMs} ms in vain for ${what}`)
    await pause(10)
  }
}

async function startWorker(): Promise<ChildProcess> {
  const env = { ...process.env, ...environment() }
  const worker = spawn(process.execPath, [script.file], { env, stdio: ['ignore', 'ignore', 'inherit'] })
  workers.push(worker)
  await until('a sign of life of the worker', () =>
    runtime.db.workerHeartbeat.findFirst({ where: { pid: worker.pid } }),
  )
  return worker
}

const add = (connectString: string) =>
  addCluster(context, { name: 'demo', connectString }).then((cluster) => cluster.id)
const ended = (jobId: string) =>
  until('the end of a job', async () => {
    const job = await getJob(context, jobId)
    return job.finishedAt === null ? null : job
  })
const filesInStore = async () => {
  const folders = await readdir(context.paths.storeDir).catch(() => [])
  return (await Promise.all(folders.map((folder) => readdir(join(context.paths.storeDir, folder))))).flat()
}

describe('a worker process', () => {
  it('is killed in the middle of a restore, and another one brings the cluster to exactly the planned state', async () => {
    const tree = new LiveTree(client)
    await using proxy = disposable(await startZooKeeperProxy(server.port))
    const clusterId = await add(proxy.connectString)
    await startWorker()
    const backup = await ended((await startBackup(context, { clusterId, paths: ['/big'] })).jobId)
    expect(backup).toMatchObject({ state: 'succeeded', error: null })
    await tree.remove('/big')
    await tree.create('/big', 'something else')
    await armCluster(context, { clusterId, minutes: 15, reason: 'test' })
    const { restoreId, jobId } = await createRestore(context, {
      clusterId,
      source: `backup:${backup.subjectId}`,
      selection: { kind: 'all' },
    })
    expect(await ended(jobId)).toMatchObject({ state: 'succeeded' })
    const { plan } = await getRestore(context, restoreId)
    expect(plan).toMatchObject({ creates: CHILDREN, updates: 1 })

    const input = { restoreId, planHash: plan?.hash ?? '', typedName: 'demo', reason: 'test' }
    // More than are on their way at once, so that some were answered; far from all.
    const frozen = freezeAtMulti(proxy, 6)
    const run = await confirmRestore(context, input)
    await frozen
    const journal = async () => {
      const dir = await context.workFiles.fetch(join('restores', restoreId))
      return readFile(join(dir, 'journal.jsonl'), 'utf8').catch(() => '')
    }
    const outcomes = async () => (await journal()).split('"kind":"outcome"').length - 1
    await until('a batch of the restore', async () => (await outcomes()) >= 1)
    const [first] = workers
    first?.kill('SIGKILL')
    if (first) await once(first, 'exit')
    proxy.onRequest(null)
    proxy.cut()
    proxy.resume()
    const before = await journal()
    expect(before).not.toContain('"kind":"finished"')
    const written = await tree.namesOf('/big')
    expect(written.length).toBeGreaterThan(0)
    expect(written.length).toBeLessThan(CHILDREN)

    await startWorker()
    const job = await ended(run.jobId)
    expect(job).toMatchObject({ state: 'succeeded', attempts: 2, error: null })
    expect(job.log.map((line) => line.message).join('\n')).toContain('The worker stopped')
    const restore = await getRestore(context, restoreId)
    expect(restore).toMatchObject({ state: 'succeeded', report: { verified: true, conflicts: [] } })
    expect((restore.report?.applied ?? 0) + (restore.report?.alreadyDone ?? 0)).toBe(CHILDREN + 1)
    expect(await journal()).toContain('"kind":"resumed"')

    const diff = await startDiff(context, { left: `backup:${backup.subjectId}`, right: `live:${clusterId}` })
    await ended(diff.jobId)
    expect(await getDiff(context, diff.diffId)).toMatchObject({
      state: 'ready',
      summary: { added: 0, removed: 0, changed: 0, compared: CHILDREN + 1 },
    })
    const safety = await listBackups(context, { clusterId, includeSafety: true })
    expect(safety.backups.filter(({ purpose }) => purpose === 'safety')).toHaveLength(1)
    const audit = await runtime.db.auditEntry.findMany({ where: { action: 'restore.run' }, orderBy: { id: 'asc' } })
    expect(audit.map((entry) => entry.outcome)).toEqual(['started', 'started', 'ok'])
  })

  it('fails a backup whose server stops in the middle, leaves nothing of it, and takes it when asked again', async () => {
    const proxy = await startZooKeeperProxy(server.port)
    try {
      const clusterId = await add(proxy.connectString)
      await startWorker()
      const stopped = stopAfter(proxy, 30)
      const { jobId } = await startBackup(context, { clusterId, paths: [] })
      await stopped
      await server.stop()
      proxy.cut()
      const failed = await ended(jobId)
      expect(failed.state).toBe('failed')
      expect(failed.error?.message).toMatch(/connection|connect/i)
      expect(failed.error?.remedy).toBeTruthy()
      expect((await listBackups(context)).backups).toEqual([])
      expect(await filesInStore()).toEqual([])

      server = await startZooKeeper({ dataDir: serverDir, clientPort: server.port })
      proxy.onRequest(null)
      proxy.resume()
      await retryJob(context, jobId)
      const again = await ended(jobId)
      expect(again).toMatchObject({ state: 'succeeded', error: null })
      const { backups } = await listBackups(context)
      expect(backups).toMatchObject([{ id: failed.subjectId, status: 'complete' }])
      expect(await filesInStore()).toHaveLength(1)
    } finally {
      await proxy.stop()
    }
  })

  it('ends a cancelled job without a trace, gives its job back when it is told to stop, and is gone', async () => {
    const proxy = await startZooKeeperProxy(server.port)
    try {
      const clusterId = await add(proxy.connectString)
      const worker = await startWorker()
      const cancelled = stopAfter(proxy, 30)
      const unwanted = await startBackup(context, { clusterId, paths: ['/big'] })
      await cancelled
      await cancelJob(context, unwanted.jobId)
      expect(await ended(unwanted.jobId)).toMatchObject({ state: 'cancelled', cancelRequested: true })
      expect(await filesInStore()).toEqual([])
      proxy.resume()

      const stopped = stopAfter(proxy, 30)
      const { jobId } = await startBackup(context, { clusterId, paths: ['/big'] })
      await stopped
      const exited = once(worker, 'exit')
      worker.kill('SIGTERM')
      expect(await exited).toEqual([0, null])
      expect(await getJob(context, jobId)).toMatchObject({ state: 'queued', attempts: 0 })
      expect(await runtime.db.workerHeartbeat.count()).toBe(0)
      expect(await filesInStore()).toEqual([])

      proxy.onRequest(null)
      proxy.resume()
      await startWorker()
      expect(await ended(jobId)).toMatchObject({ state: 'succeeded', attempts: 1 })
    } finally {
      await proxy.stop()
    }
  })
})

function disposable(proxy: ZooKeeperProxy): ZooKeeperProxy & AsyncDisposable {
  return Object.assign(proxy, { [Symbol.asyncDispose]: () => proxy.stop() })
}

/** Freezes the network once so many requests have gone through: the middle of a walk. */
function stopAfter(proxy: ZooKeeperProxy, requests: number): Promise<void> {
  return new Promise((resolve) => {
    let seen = 0
    proxy.onRequest(() => {
      if (++seen !== requests) return
      proxy.freeze()
      resolve()
    })
  })
}
