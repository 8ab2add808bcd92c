import { setTimeout as pause } from 'node:timers/promises'
import { createZooKeeper } from '../../lib/adapters/zookeeper/zookeeper.ts'
import type { WriteOperation } from '../../lib/domain/restore/ports.ts'
import { OPEN_ACL } from '../../lib/domain/znode/acl.ts'
import { SeededRandom } from '../../lib/testing/seeded-random.ts'
import { readBare } from '../chaos/bare-reader.ts'
import type { AcceptedJobs } from './accepted-jobs.ts'
import { ApiClient } from './api-client.ts'
import type { Fleet, FleetCluster } from './fleet.ts'

/** Path → data: what a client would read. */
type Model = ReadonlyMap<string, string>

export const ROOT = '/app'
const GROUPS = 12
const NODES_A_GROUP = 40
const OPERATIONS_AT_ONCE = 100
const POLL_MS = 150
/** A job may lose its worker several times, and wait for its lease each time. */
const JOB_MS = 240_000
const TRIES_MAX = 6

export interface LoadCounts {
  restores: number
  undos: number
  /** Runs that a person had to go on with, because all attempts of the job were killed. */
  resumedByHand: number
  treesCompared: number
  /** Why. */
  readonly reasons: string[]
}

export interface LoadOptions {
  readonly fleet: Fleet
  readonly cluster: FleetCluster
  readonly seed: number
  readonly accepted: AcceptedJobs
  readonly counts: LoadCounts
  readonly findings: string[]
  /** No new round begins once it is over. */
  readonly isOver: () => boolean
}

/** What people and programs do with one cluster, one thing after the other; everything through the API of either web process. */
export class ClusterLoad {
  readonly #options: LoadOptions
  readonly #random: SeededRandom
  readonly #api: ApiClient
  #source: Model = new Map()
  #backupId = ''

  constructor(options: LoadOptions) {
    this.#options = options
    this.#random = new SeededRandom(options.seed)
    this.#api = new ApiClient(options.fleet.urls, options.fleet.token, new SeededRandom(options.seed + 1))
  }

  get retries(): number {
    return this.#api.retries
  }

  /** The tree and its first backup. */
  async prepare(): Promise<void> {
    const nodes = new Map<string, string>([[ROOT, 'the root']])
    for (let group = 0; group < GROUPS; group++) {
      nodes.set(`${ROOT}/g${group}`, `group ${group}`)
      for (let at = 0; at < NODES_A_GROUP; at++)
        nodes.set(`${ROOT}/g${group}/n${at}`, this.#random.bytes(60).toString('hex'))
    }
    this.#source = nodes
    await this.#write([...nodes].map(([path, data]) => create(path, data)))
    this.#backupId = (await this.#backup()) ?? ''
  }

  /** Restores and undos of them, each compared with what the tree must be. */
  async restoreAgainAndAgain(): Promise<void> {
    while (!this.#options.isOver()) await this.#restoreOnce()
  }

  /** Everything that only reads the cluster, beside it. */
  async readAgainAndAgain(): Promise<void> {
    while (!this.#options.isOver()) {
      await this.#pick([() => this.#backup(), () => this.#verify(), () => this.#diff(), () => this.#search()])()
      await pause(this.#random.below(400))
    }
  }

  async #restoreOnce(): Promise<void> {
    const { counts } = this.#options
    await this.#damage()
    const before = await this.#read()
    const restoreId = await this.#plan('restore', () =>
      this.#api.post('/restores', {
        clusterId: this.#options.cluster.id,
        source: `backup:${this.#backupId}`,
        selection: { kind: 'subtree', path: ROOT },
        mode: 'mirror',
      }),
    )
    await this.#run(restoreId)
    counts.restores++
    this.#compare(`restore ${restoreId}`, this.#source, await this.#read())
    const undoId = await this.#plan('undo', () => this.#api.post(`/restores/${restoreId}/undo`))
    await this.#run(undoId)
    counts.undos++
    this.#compare(`undo ${undoId} of ${restoreId}`, before, await this.#read())
  }

  /** A plan is a job too; one that lost all its workers is asked for again. */
  async #plan(what: string, ask: () => ReturnType<ApiClient['post']>): Promise<string> {
    for (let tries = 1; ; tries++) {
      const answer = await ask()
      if (answer?.status === 202) {
        const jobId = this.#options.accepted.add('plan', answer.body.jobId)
        const job = await this.#untilEnded(jobId)
        if (job.state === 'succeeded') return String(answer.body.restoreId)
        this.#assertKilled(jobId, job)
      } else if (answer === null) this.#options.accepted.inDoubt++
      if (tries === TRIES_MAX) throw new Error(`no plan of a ${what} could be made: ${JSON.stringify(answer)}`)
    }
  }

  async #run(restoreId: string): Promise<void> {
    const { accepted, counts, cluster } = this.#options
    const { body: planned } = await this.#api.get(`/restores/${restoreId}`)
    const plan = (planned.plan ?? {}) as Record<string, unknown>
    const confirmed = await this.#api.post(`/restores/${restoreId}/confirm`, {
      plan: plan.plan,
      clusterName: cluster.name,
      reason: 'the fleet run',
      dangersRead: true,
    })
    if (confirmed === null) accepted.inDoubt++
    else if (confirmed.status === 202) accepted.add('restore', confirmed.body.jobId)
    else throw new Error(`a confirmation was refused: ${JSON.stringify(confirmed)}`)
    for (let tries = 1; ; tries++) {
      const restore = await this.#untilRestored(restoreId)
      if (restore.state === 'succeeded') return
      const where = `${restoreId} is ${restore.state}: ${JSON.stringify(restore.error)} ${JSON.stringify(restore.result)}`
      if (tries === TRIES_MAX || !['failed', 'planned'].includes(String(restore.state))) throw new Error(where)
      counts.resumedByHand++
      counts.reasons.push(where)
      const verb = restore.state === 'planned' ? 'confirm' : 'resume'
      if (verb === 'confirm') return this.#run(restoreId)
      await this.#api.post(`/restores/${restoreId}/resume`)
    }
  }

  async #backup(): Promise<string | null> {
    const answer = await this.#api.post('/backups', { clusterId: this.#options.cluster.id })
    const job = await this.#follow('backup', answer)
    return job?.state === 'succeeded' ? String(answer?.body.backupId) : null
  }

  async #verify(): Promise<void> {
    await this.#follow('verify', await this.#api.post(`/backups/${this.#backupId}/verify`))
  }

  async #diff(): Promise<void> {
    const right = `live:${this.#options.cluster.id}`
    const answer = await this.#api.post('/diffs', { left: `backup:${this.#backupId}`, right, path: ROOT })
    const job = await this.#follow('diff', answer)
    if (job?.state !== 'succeeded') return
    // Either web process reads what some worker has found.
    const changes = await this.#api.get(`/diffs/${answer?.body.diffId}/changes`)
    if (changes.status !== 200)
      this.#options.findings.push(`changes of a diff cannot be read: ${JSON.stringify(changes)}`)
  }

  async #search(): Promise<void> {
    const tree = `live:${this.#options.cluster.id}`
    const answer = await this.#api.post('/searches', { tree, path: ROOT, pathPattern: 'n1' })
    const job = await this.#follow('search', answer)
    if (job?.state !== 'succeeded') return
    const hits = await this.#api.get(`/searches/${answer?.body.searchId}/hits`)
    if (hits.status !== 200) this.#options.findings.push(`hits of a search cannot be read: ${JSON.stringify(hits)}`)
  }

  async #follow(kind: string, answer: Awaited<ReturnType<ApiClient['post']>>): Promise<Record<string, unknown> | null> {
    const { accepted, findings } = this.#options
    if (answer === null) {
      accepted.inDoubt++
      return null
    }
    if (answer.status !== 202) {
      findings.push(`a ${kind} was refused: ${JSON.stringify(answer)}`)
      return null
    }
    const jobId = accepted.add(kind, answer.body.jobId)
    const job = await this.#untilEnded(jobId)
    if (job.state !== 'succeeded') this.#assertKilled(jobId, job)
    return job
  }

  /** That each attempt of a job met a kill, of its worker or of the database, is bad luck; everything else is a fault. */
  #assertKilled(jobId: string, job: Record<string, unknown>): void {
    const code = (job.error as { code?: unknown } | null)?.code
    if (code !== 'WORKER_STOPPED' && code !== 'DATABASE_AWAY')
      this.#options.findings.push(`job ${jobId} (${job.kind}) is ${job.state}: ${JSON.stringify(job.error)}`)
  }

  #untilEnded(jobId: string): Promise<Record<string, unknown>> {
    return this.#until(`the end of job ${jobId}`, async () => {
      const { body } = await this.#api.get(`/jobs/${jobId}`)
      return body.finishedAt != null ? body : null
    })
  }

  #untilRestored(restoreId: string): Promise<Record<string, unknown>> {
    return this.#until(`the end of restore ${restoreId}`, async () => {
      const { body } = await this.#api.get(`/restores/${restoreId}`)
      return ['queued', 'running', 'verifying'].includes(String(body.state)) ? null : body
    })
  }

  async #until<T>(what: string, find: () => Promise<T | null>): Promise<T> {
    const deadline = Date.now() + JOB_MS
    for (;;) {
      const found = await find()
      if (found !== null) return found
      if (Date.now() > deadline) throw new Error(`waited ${JOB_MS} ms in vain for ${what}`)
      await pause(POLL_MS)
    }
  }

  #compare(what: string, wanted: Model, found: Model): void {
    this.#options.counts.treesCompared++
    const wrong = [...new Set([...wanted.keys(), ...found.keys()])].filter(
      (path) => wanted.get(path) !== found.get(path),
    )
    if (wrong.length === 0) return
    this.#options.findings.push(`after ${what}, ${wrong.length} znodes are wrong, the first is ${wrong[0]}`)
  }

  async #read(): Promise<Model> {
    const seen = await readBare(this.#options.cluster.server.connectString, ROOT)
    return new Map([...seen].map(([path, { data }]) => [path, data ?? '(null)']))
  }

  /** Groups that go, values that change, and znodes that the backup does not know. */
  async #damage(): Promise<void> {
    const now = await this.#read()
    const operations: WriteOperation[] = []
    for (let group = 0; group < GROUPS; group++) {
      const top = `${ROOT}/g${group}`
      const members = [...now.keys()].filter((path) => path.startsWith(`${top}/`))
      if (this.#random.chance(0.5)) {
        for (const path of members) operations.push({ op: 'delete', path, version: -1 })
      } else {
        for (const path of members)
          if (this.#random.chance(0.3))
            operations.push({
              op: 'setData',
              path,
              data: Buffer.from(this.#random.bytes(8).toString('hex')),
              version: -1,
            })
        const extra = `${top}/extra-${this.#random.below(1_000_000)}`
        if (now.has(top)) operations.push(create(extra, 'not of the backup'))
      }
    }
    await this.#write(operations)
  }

  async #write(operations: readonly WriteOperation[]): Promise<void> {
    const connection = await createZooKeeper().connect({
      connectString: this.#options.cluster.server.connectString,
    })
    try {
      for (let at = 0; at < operations.length; at += OPERATIONS_AT_ONCE) {
        const outcome = await connection.multi(operations.slice(at, at + OPERATIONS_AT_ONCE))
        if (outcome.kind !== 'done') throw new Error(`the tree cannot be written: ${JSON.stringify(outcome)}`)
      }
    } finally {
      await connection.close()
    }
  }

  #pick<T>(items: readonly T[]): T {
    return this.#random.pick(items)
  }
}

function create(path: string, data: string): WriteOperation {
  return { op: 'create', path, data: Buffer.from(data), acl: OPEN_ACL, kind: 'persistent', ttlMs: null }
}
