import { mkdir, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { readEnv } from '../../lib/runtime/env.ts'
import { openRuntime, type Runtime } from '../../lib/runtime/runtime.ts'
import { addCluster } from '../../lib/services/clusters/add-cluster.ts'
import { armCluster } from '../../lib/services/clusters/arm-cluster.ts'
import type { ServiceContext } from '../../lib/services/context.ts'
import { setClusterStores } from '../../lib/services/stores/cluster-stores.ts'
import { addStore } from '../../lib/services/stores/edit-store.ts'
import { DEFAULT_STORE_ID } from '../../lib/services/stores/schemas.ts'
import { createToken } from '../../lib/services/tokens/create-token.ts'
import { type S3Server, startS3Server } from '../../lib/testing/s3-server.ts'
import { startZooKeeperProxy, type ZooKeeperProxy } from '../../lib/testing/zookeeper-proxy.ts'
import { findFreePort, startZooKeeper, type ZooKeeperServer } from '../../lib/testing/zookeeper-server.ts'
import { FleetProcess } from './fleet-process.ts'
import { installJobLog } from './job-log.ts'
import { type Postgres, startPostgres } from './postgres.ts'

const CLUSTERS = ['alpha', 'beta', 'gamma']
const WEBS = 2
const WORKERS = 3
/** Small, so that a restore takes long enough to be cut off in the middle. */
const RESTORE_BATCH = 5
const READY_MS = 90_000

export interface FleetCluster {
  readonly id: string
  readonly name: string
  readonly server: ZooKeeperServer
}

/** Where the programs of the product are: a build of them. */
export interface FleetPrograms {
  readonly web: readonly string[]
  readonly worker: readonly string[]
}

/**
 * An installation of several hosts on this machine: each web process and each worker has a data directory of its own, and they share the
 * database, the store and the keys. This process is one more host: it looks, and makes what people make before programs can work.
 */
export class Fleet {
  readonly root: string
  readonly postgres: Postgres
  readonly s3: S3Server
  /** In front of it: what takes it away for a while. */
  readonly s3Network: ZooKeeperProxy
  readonly runtime: Runtime
  readonly context: ServiceContext
  readonly clusters: readonly FleetCluster[]
  readonly webs: readonly FleetProcess[]
  readonly workers: readonly FleetProcess[]
  readonly urls: readonly string[]
  readonly token: string

  private constructor(made: Omit<Fleet, 'waitUntilReady' | 'close' | 'keepArmed'>) {
    this.root = made.root
    this.postgres = made.postgres
    this.s3 = made.s3
    this.s3Network = made.s3Network
    this.runtime = made.runtime
    this.context = made.context
    this.clusters = made.clusters
    this.webs = made.webs
    this.workers = made.workers
    this.urls = made.urls
    this.token = made.token
  }

  static async open(programs: FleetPrograms): Promise<Fleet> {
    const root = await mkdtemp(join(tmpdir(), 'arkeeper-fleet-'))
    const postgres = await startPostgres(await mkdtemp(join(tmpdir(), 'arkeeper-fleet-pg-')))
    const environmentOf = (host: string) => ({
      ARKEEPER_DATA_DIR: join(root, host),
      ARKEEPER_STORE_DIR: join(root, 'store'),
      DATABASE_URL: postgres.url,
      ARKEEPER_SECRET_KEY: Buffer.alloc(32, 7).toString('base64'),
      ARKEEPER_RESTORE_BATCH: String(RESTORE_BATCH),
      LOG_LEVEL: 'warn',
    })
    const runtime = await openRuntime(() => readEnv({ ...environmentOf('observer'), LOG_LEVEL: 'silent' }))
    await installJobLog(postgres.url)
    await runtime.db.user.create({ data: { id: 'admin-1', name: 'Ada', email: 'ada@example.org', role: 'admin' } })
    const context = runtime.contextFor({ kind: 'user', id: 'admin-1', name: 'Ada', role: 'admin' })
    const scopes = ['read', 'backup', 'restore', 'edit', 'admin'] as const
    const { token } = await createToken(context, { name: 'fleet', hours: 24, scopes: [...scopes] })
    const clusters = await Promise.all(
      CLUSTERS.map(async (name) => {
        const server = await startZooKeeper()
        return { name, server, id: (await addCluster(context, { name, connectString: server.connectString })).id }
      }),
    )
    const s3 = await startS3Server('s3proxy')
    const s3Network = await startZooKeeperProxy(s3.port)
    await spreadOverStores(context, clusters, { s3, endpoint: `http://127.0.0.1:${s3Network.port}` })
    await mkdir(join(root, 'logs'))
    const processOf = (name: string, args: readonly string[], more: Record<string, string> = {}) =>
      new FleetProcess({
        name,
        args,
        env: { ...environmentOf(name), NODE_ENV: 'production', ...more },
        logFile: join(root, 'logs', `${name}.log`),
      })
    const ports = await Promise.all(Array.from({ length: WEBS }, () => findFreePort()))
    const webs = ports.map((port, at) =>
      processOf(`web-${at + 1}`, programs.web, { HOST: '127.0.0.1', PORT: String(port) }),
    )
    const workers = Array.from({ length: WORKERS }, (_, at) => processOf(`worker-${at + 1}`, programs.worker))
    const urls = ports.map((port) => `http://127.0.0.1:${port}`)
    const fleet = new Fleet({ root, postgres, s3, s3Network, runtime, context, clusters, webs, workers, urls, token })
    await fleet.keepArmed()
    await fleet.waitUntilReady()
    return fleet
  }

  async keepArmed(): Promise<void> {
    for (const { id } of this.clusters)
      await armCluster(this.context, { clusterId: id, minutes: 60, reason: 'the fleet run' })
  }

  /** All of it, or one of its processes. */
  async waitUntilReady(of: readonly FleetProcess[] = [...this.webs, ...this.workers]): Promise<void> {
    const deadline = Date.now() + READY_MS
    for (;;) {
      const ready = await Promise.all(of.map((each) => this.#isReady(each)))
      if (ready.every(Boolean)) return
      if (Date.now() > deadline) {
        const missing = of.filter((_, at) => !ready[at]).map(({ name }) => name)
        throw new Error(`${missing.join(', ')} was not ready within ${READY_MS} ms; see ${this.root}`)
      }
      await pause(100)
    }
  }

  async #isReady(process: FleetProcess): Promise<boolean> {
    const url = this.urls[this.webs.indexOf(process)]
    try {
      if (url !== undefined) return (await fetch(`${url}/healthz`, { signal: AbortSignal.timeout(2_000) })).ok
      return (await this.runtime.db.workerHeartbeat.count({ where: { pid: process.pid } })) > 0
    } catch (_away) {
      return false
    }
  }

  async close({ keep }: { readonly keep: boolean }): Promise<void> {
    await Promise.all([...this.webs, ...this.workers].map((each) => each.stop()))
    await this.runtime.close()
    await this.postgres.stop()
    await this.s3Network.stop()
    await this.s3.stop()
    await Promise.all(this.clusters.map(({ server }) => server.stop()))
    if (!keep) await rm(this.root, { recursive: true, force: true })
  }
}

/** One cluster's backups go to the folder first, another's to the bucket, each copied to the other; the third has the bucket alone. */
async function spreadOverStores(
  context: ServiceContext,
  [alpha, beta, gamma]: readonly FleetCluster[],
  { s3, endpoint }: { readonly s3: S3Server; readonly endpoint: string },
): Promise<void> {
  const { storeId: bucket } = await addStore(context, {
    kind: 's3',
    name: 'bucket',
    settings: s3.settings({ endpoint }),
    ...s3.keys,
  })
  const set = (cluster: FleetCluster | undefined, storeId: string, copyTo: string | null) =>
    setClusterStores(context, {
      clusterId: cluster?.id ?? '',
      storeId,
      copies: copyTo === null ? [] : [{ storeId: copyTo, what: 'all' }],
    })
  await set(alpha, DEFAULT_STORE_ID, bucket)
  await set(beta, bucket, DEFAULT_STORE_ID)
  await set(gamma, bucket, null)
}

/** The programs as a build has made them. */
export function builtPrograms(): FleetPrograms {
  return { web: [resolve('bin/internal/web.mjs')], worker: [resolve('dist/worker.mjs')] }
}
