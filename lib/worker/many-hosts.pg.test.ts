import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { createReadStream } from 'node:fs'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { afterAll, afterEach, beforeAll, expect, it } from 'vitest'
import type { ClusterConnection } from '../adapters/zookeeper/connection.ts'
import { createZooKeeper } from '../adapters/zookeeper/zookeeper.ts'
import { readEnv } from '../runtime/env.ts'
import { openRuntime, type Runtime } from '../runtime/runtime.ts'
import { startBackup } from '../services/backups/start-backup.ts'
import { addCluster } from '../services/clusters/add-cluster.ts'
import { armCluster } from '../services/clusters/arm-cluster.ts'
import type { ServiceContext } from '../services/context.ts'
import { getDiff } from '../services/diffs/get-diff.ts'
import { listDiffTree } from '../services/diffs/list-diff-tree.ts'
import { startDiff } from '../services/diffs/start-diff.ts'
import { startImport } from '../services/imports/start-import.ts'
import { getJob } from '../services/jobs/get-job.ts'
import { confirmRestore } from '../services/restores/confirm-restore.ts'
import { createRestore } from '../services/restores/create-restore.ts'
import { getRestore } from '../services/restores/get-restore.ts'
import { listPlanSteps } from '../services/restores/list-plan-steps.ts'
import { listStepResults } from '../services/restores/list-step-results.ts'
import { startUndo } from '../services/restores/start-undo.ts'
import { listHits } from '../services/searches/list-hits.ts'
import { startSearch } from '../services/searches/start-search.ts'
import { type BundledCommand, bundleScript } from '../testing/bundled-command.ts'
import { LiveTree } from '../testing/live-tree.ts'
import { createDatabaseEnvironment } from '../testing/temp-database.ts'
import { freezeAtMulti, startZooKeeperProxy, type ZooKeeperProxy } from '../testing/zookeeper-proxy.ts'
import { startZooKeeper, type ZooKeeperServer } from '../testing/zookeeper-server.ts'

const CHILDREN = 6_000

let script: BundledCommand
/** Everything that hosts share: the database and the store. Each has a data directory of its own. */
let shared = ''
let database: Awaited<ReturnType<typeof createDatabaseEnvironment>>
let server: ZooKeeperServer
let proxy: ZooKeeperProxy
let client: ClusterConnection
let tree: LiveTree
let a: Runtime
let b: Runtime
let clusterId = ''
const workers: ChildProcess[] = []

const environmentOf = (host: string) => ({
  ARKEEPER_DATA_DIR: join(shared, host),
  ARKEEPER_STORE_DIR: join(shared, 'store'),
  ...database.env,
  ARKEEPER_SECRET_KEY: Buffer.alloc(32, 7).toString('base64'),
  LOG_LEVEL: 'warn',
})
const ADA = { kind: 'user', id: 'admin-1', name: 'Ada', role: 'admin' } as const
const at = (host: Runtime): ServiceContext => host.contextFor(ADA)

beforeAll(async () => {
  script = await bundleScript('lib/worker/main.ts', 'worker')
  shared = await mkdtemp(join(tmpdir(), 'arkeeper-hosts-'))
  database = await createDatabaseEnvironment()
  server = await startZooKeeper()
  client = await createZooKeeper().connect({ connectString: server.connectString })
  tree = new LiveTree(client)
  await tree.fill('/big', CHILDREN, 100)
  proxy = await startZooKeeperProxy(server.port)
  a = await openRuntime(() => readEnv(environmentOf('web-a')))
  b = await openRuntime(() => readEnv(environmentOf('web-b')))
  await a.db.user.create({ data: { id: 'admin-1', name: 'Ada', email: 'ada@example.org', role: 'admin' } })
  clusterId = (await addCluster(at(a), { name: 'demo', connectString: proxy.connectString })).id
  await armCluster(at(a), { clusterId, minutes: 60, reason: 'test' })
})
afterEach(async () => {
  for (const worker of workers.splice(0)) await kill(worker)
})
afterAll(async () => {
  await script?.remove()
  await a?.close()
  await b?.close()
  await database?.drop()
  await client?.close()
  await proxy?.stop()
  await server?.stop()
  await rm(shared, { recursive: true, force: true })
})

async function kill(worker: ChildProcess): Promise<void> {
  if (worker.exitCode !== null || worker.signalCode !== null) return
  worker.kill('SIGKILL')
  await once(worker, 'exit')
}

async function until<T>(what: string, find: () => Promise<T | null | undefined | false>): Promise<T> {
  const deadline = Date.now() + 90_000
  for (;;) {
    const found = await find()
    if (found) return found
    if (Date.now() > deadline) throw new Error(`waited in vain for ${what}`)
    await pause(20)
  }
}

async function startWorker(host: string): Promise<ChildProcess> {
  const env = { ...process.env, ...environmentOf(host) }
  const worker = spawn(process.execPath, [script.file], { env, stdio: ['ignore', 'ignore', 'inherit'] })
  workers.push(worker)
  await until('a sign of life', () => a.db.workerHeartbeat.findFirst({ where: { pid: worker.pid } }))
  return worker
}

const ended = (jobId: string) =>
  until('the end of a job', async () => {
    const job = await getJob(at(b), jobId)
    return job.finishedAt === null ? null : job
  })

const linesOf = async (host: Runtime, restoreId: string) =>
  (await readFile(join(await at(host).workFiles.fetch(join('restores', restoreId)), 'journal.jsonl'), 'utf8'))
    .split('\n')
    .filter((line) => line !== '')
    .map((line): Record<string, unknown> => JSON.parse(line))

async function planned(start: Promise<{ readonly restoreId: string; readonly jobId: string }>) {
  const { restoreId, jobId } = await start
  expect(await ended(jobId)).toMatchObject({ state: 'succeeded', error: null })
  const { plan } = await getRestore(at(b), restoreId)
  return { restoreId, planHash: plan?.hash ?? '', typedName: 'demo', reason: 'test' }
}

it('a restore whose worker is killed is finished by a worker on another host, journal whole, and taken back by a third', async () => {
  const first = await startWorker('worker-1')
  const backup = await ended((await startBackup(at(a), { clusterId, paths: ['/big'] })).jobId)
  expect(backup).toMatchObject({ state: 'succeeded', error: null })
  await tree.remove('/big')
  await tree.create('/big', 'something else')
  const source = `backup:${backup.subjectId}`
  const input = await planned(createRestore(at(a), { clusterId, source, selection: { kind: 'all' } }))
  const { restoreId } = input
  // What the worker has planned is read by a web process that shares no disk with it.
  expect((await listPlanSteps(at(b), { restoreId, limit: 3 })).steps).toHaveLength(3)

  const frozen = freezeAtMulti(proxy, 6)
  const run = await confirmRestore(at(b), input)
  await frozen
  await until('an outcome that others see', async () =>
    (await linesOf(a, restoreId).catch(() => [])).some(({ kind }) => kind === 'outcome'),
  )
  await kill(first)
  proxy.onRequest(null)
  proxy.cut()
  proxy.resume()
  const left = await linesOf(b, restoreId)
  expect(left.some(({ kind }) => kind === 'finished')).toBe(false)

  // Its lease has run out: nobody waits for that here.
  await a.db.job.updateMany({ where: { id: run.jobId, state: 'running' }, data: { leaseUntil: new Date(0) } })
  const second = await startWorker('worker-2')
  const job = await ended(run.jobId)
  expect(job).toMatchObject({ state: 'succeeded', attempts: 2, error: null })
  const restore = await getRestore(at(b), restoreId)
  expect(restore).toMatchObject({ state: 'succeeded', report: { verified: true, conflicts: [] } })
  expect((restore.report?.applied ?? 0) + (restore.report?.alreadyDone ?? 0)).toBe(CHILDREN + 1)
  const whole = await linesOf(a, restoreId)
  expect(whole.slice(0, left.length)).toEqual(left)
  expect(whole.filter(({ kind }) => kind === 'resumed' || kind === 'finished').map(({ kind }) => kind)).toEqual([
    'resumed',
    'finished',
  ])
  expect((await listStepResults(at(a), { restoreId, limit: 1 })).counts).toMatchObject({
    'in-doubt': 0,
    'not-reached': 0,
  })
  await kill(second)

  await startWorker('worker-3')
  const undo = await planned(startUndo(at(b), restoreId))
  expect(await ended((await confirmRestore(at(a), undo)).jobId)).toMatchObject({ state: 'succeeded', error: null })
  expect(await tree.namesOf('/big')).toEqual([])
  expect(await getRestore(at(a), undo.restoreId)).toMatchObject({ state: 'succeeded', report: { verified: true } })
})

it('what a worker has found and what a web process has taken in is there for all the others', async () => {
  const worker = await startWorker('worker-1')
  const diff = await startDiff(at(a), { left: `live:${clusterId}`, right: `live:${clusterId}`, path: '/zookeeper' })
  const search = await startSearch(at(b), { tree: `live:${clusterId}`, pathPattern: 'big' })
  const file = fileURLToPath(new URL('../adapters/archive/imports/fixtures/zoocreeper.json', import.meta.url))
  const facts = { clusterId, fileName: 'zoocreeper.json', note: '', form: null }
  const { jobId } = await startImport(at(b), { facts, bytes: createReadStream(file) })
  await ended(diff.jobId)
  await ended(search.jobId)
  const imported = await ended(jobId)
  await kill(worker)
  for (const host of [a, b]) {
    expect(await getDiff(at(host), diff.diffId)).toMatchObject({ state: 'ready' })
    expect(await listDiffTree(at(host), { diffId: diff.diffId, parent: '/zookeeper' })).toMatchObject({ rows: [] })
    expect((await listHits(at(host), { searchId: search.searchId })).hits.map(({ path }) => path)).toContain('/big')
  }
  expect(imported).toMatchObject({ state: 'succeeded', error: null })
})
