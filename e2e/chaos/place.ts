import { existsSync } from 'node:fs'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { createZooKeeper } from '../../lib/adapters/zookeeper/zookeeper.ts'
import { readEnv } from '../../lib/runtime/env.ts'
import { openRuntime, type Runtime } from '../../lib/runtime/runtime.ts'
import { addCluster } from '../../lib/services/clusters/add-cluster.ts'
import type { ServiceContext } from '../../lib/services/context.ts'
import {
  type ControlledServer,
  type ControlledServers,
  createControlledServers,
} from '../../lib/testing/controlled-servers.ts'
import { startZooKeeperProxy, type ZooKeeperProxy } from '../../lib/testing/zookeeper-proxy.ts'
import { findCachedVersions } from '../../lib/testing/zookeeper-server.ts'
import { readBare } from './bare-reader.ts'
import { type Model, ROOT } from './tree-model.ts'
import { type WorkerCommand, WorkerProcess } from './worker-process.ts'

/** The tree as it is to be, and the backup of it. */
export interface Base {
  readonly source: Model
  readonly backupId: string
}

export type PlaceKind = 'alone' | 'ensemble'

/** Small, so that there are many instants between two of them. */
const RESTORE_BATCH = 12
const OP_MULTI = 14
/** What the servers grant at most, however much is asked for. */
export const SESSION_TIMEOUT_MS = 3_000
const WAIT_MS = 90_000
const CLUSTER = 'chaos'

/**
 * One installation with everything of its own: servers behind proxies, a data directory with its database, and worker processes.
 * The services are called in this process, as the web server calls them.
 */
export class Place {
  readonly kind: PlaceKind
  readonly servers: ControlledServers
  readonly proxies: readonly ZooKeeperProxy[]
  readonly dataDir: string
  readonly runtime: Runtime
  readonly context: ServiceContext
  clusterId = ''
  /** What its rounds restore; null before the first. */
  base: Base | null = null
  worker: WorkerProcess
  readonly #command: WorkerCommand
  readonly #env: Readonly<Record<string, string>>
  #onMulti: (() => void) | null = null

  private constructor(made: {
    kind: PlaceKind
    servers: ControlledServers
    proxies: readonly ZooKeeperProxy[]
    dataDir: string
    runtime: Runtime
    command: WorkerCommand
    env: Readonly<Record<string, string>>
  }) {
    this.kind = made.kind
    this.servers = made.servers
    this.proxies = made.proxies
    this.dataDir = made.dataDir
    this.runtime = made.runtime
    this.#command = made.command
    this.#env = made.env
    this.context = made.runtime.contextFor({ kind: 'user', id: 'admin-1', name: 'Ada', role: 'admin' })
    for (const proxy of made.proxies) {
      // From the first byte on, or the frames could not be told apart.
      proxy.onRequest((frame) => {
        if (frame.length >= 8 && frame.readInt32BE(0) > 0 && frame.readInt32BE(4) === OP_MULTI) this.#onMulti?.()
      })
    }
    this.worker = this.startWorker()
  }

  static async open(kind: PlaceKind, command: WorkerCommand): Promise<Place> {
    const dataDir = await mkdtemp(join(tmpdir(), 'arkeeper-chaos-'))
    const servers = await createControlledServers({
      cluster: CLUSTER,
      size: kind === 'alone' ? 1 : 3,
      // Older ones come apart when leaders are killed often (ZOOKEEPER-3023, -4394, -4785 and others).
      version: kind === 'alone' ? undefined : findNewest(),
      // Short ticks: elections and the end of a session are what is waited for most.
      config: {
        tickTime: '250',
        initLimit: '20',
        syncLimit: '8',
        maxSessionTimeout: String(SESSION_TIMEOUT_MS),
        preAllocSize: '1024',
      },
    })
    await servers.startAll()
    const proxies = await Promise.all(
      servers.servers.map(({ connectString }) => startZooKeeperProxy(Number(connectString.split(':')[1]))),
    )
    const env = {
      ARKEEPER_DATA_DIR: dataDir,
      ARKEEPER_SECRET_KEY: Buffer.alloc(32, 7).toString('base64'),
      ARKEEPER_RESTORE_BATCH: String(RESTORE_BATCH),
      LOG_LEVEL: 'warn',
    }
    const runtime = await openRuntime(() => readEnv({ ...env, LOG_LEVEL: 'silent' }))
    await runtime.db.user.create({ data: { id: 'admin-1', name: 'Ada', email: 'ada@example.org', role: 'admin' } })
    const place = new Place({ kind, servers, proxies, dataDir, runtime, command, env })
    const connectString = proxies.map((proxy) => proxy.connectString).join(',')
    place.clusterId = (await addCluster(place.context, { name: CLUSTER, connectString })).id
    return place
  }

  /** Straight at the servers: what the reader and the other writers use. */
  get directly(): string {
    return this.servers.connectString
  }

  startWorker(): WorkerProcess {
    return WorkerProcess.start(this.#command, this.#env, join(this.dataDir, 'worker.log'))
  }

  /**
   * Calls back, once and before it is passed on, when the n-th multi from now comes by that a restore writes with: before it has a journal,
   * it only asks. The returned function calls it off.
   */
  onNthMulti(n: number, restoreId: string, act: () => void): () => void {
    const journal = this.journalOf(restoreId)
    let seen = 0
    const count = () => {
      if (!existsSync(journal) || ++seen !== n) return
      this.#onMulti = null
      act()
    }
    this.#onMulti = count
    return () => {
      if (this.#onMulti === count) this.#onMulti = null
    }
  }

  async findLeader(): Promise<ControlledServer> {
    return this.until('a leader', async () => {
      const states = await createZooKeeper().serverStatus({ connectString: this.directly })
      const at = states.findIndex(({ status }) => status?.mode === 'leader' || status?.mode === 'standalone')
      return this.servers.servers[at]
    })
  }

  journalOf(restoreId: string): string {
    return join(this.context.paths.workDir, 'restores', restoreId, 'journal.jsonl')
  }

  /** Null while every member holds the same; else where they differ. */
  async findDivergence(): Promise<string | null> {
    if (this.kind === 'alone') return null
    for (const server of this.servers.servers) await server.start()
    const trees = await Promise.all(this.servers.servers.map((server) => readBare(server.connectString, ROOT)))
    for (const path of new Set(trees.flatMap((tree) => [...tree.keys()]))) {
      const states = new Set(trees.map((tree) => JSON.stringify(tree.get(path) ?? null)))
      if (states.size > 1) return `the members themselves came apart at ${path}: ${[...states].join(' and ')}`
    }
    return null
  }

  async readJournal(restoreId: string): Promise<string> {
    return readFile(this.journalOf(restoreId), 'utf8').catch(() => '')
  }

  async until<T>(
    what: string,
    find: () => Promise<T | null | undefined | false>,
    options: { timeoutMs?: number; everyMs?: number } = {},
  ): Promise<T> {
    const { timeoutMs = WAIT_MS, everyMs = 15 } = options
    const deadline = Date.now() + timeoutMs
    for (;;) {
      const found = await find()
      if (found) return found
      if (Date.now() > deadline) throw new Error(`waited ${timeoutMs} ms in vain for ${what}; see ${this.dataDir}`)
      await pause(everyMs)
    }
  }

  /** The end of it; `keep` leaves the directories for a person to look at. */
  async close(options: { keep: boolean }): Promise<void> {
    await this.worker.stop()
    await this.runtime.close()
    for (const proxy of this.proxies) await proxy.stop()
    for (const server of this.servers.servers) signalServer(server, 'SIGCONT')
    await this.servers.remove()
    if (!options.keep) await rm(this.dataDir, { recursive: true, force: true })
  }
}

/** The installed one where no other was fetched. */
function findNewest(): string | undefined {
  return findCachedVersions().findLast(({ version, cached }) => cached && version.startsWith('3.9.'))?.version
}

export function signalServer(server: ControlledServer, signal: NodeJS.Signals): void {
  const pid = server.pid()
  if (pid !== null) process.kill(pid, signal)
}

/** Kill −9, as a machine that is switched off. */
export async function killServer(server: ControlledServer): Promise<void> {
  signalServer(server, 'SIGKILL')
  while (server.pid() !== null) await pause(5)
}
