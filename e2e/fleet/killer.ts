import { setTimeout as pause } from 'node:timers/promises'
import { SeededRandom } from '../../lib/testing/seeded-random.ts'
import type { Fleet } from './fleet.ts'
import type { FleetProcess } from './fleet-process.ts'

export type KillKind = 'worker' | 'web' | 'database' | 'bucket'

export interface Kill {
  readonly kind: KillKind
  readonly name: string
  readonly pid: number
  readonly atMs: number
}

const EVERY_MS = { least: 1_500, most: 5_000 }
const DOWN_MS = { least: 100, most: 4_000 }
/** A job has two attempts: killed at every turn, it would prove no more than that. */
const GRACE_MS = { least: 1_000, most: 4_000 }
/** Turns. */
const DATABASE_EVERY = 8
const BUCKET_EVERY = 5

/** Kills −9 at random instants, one thing at a time, and starts again what it has killed. */
export class Killer {
  readonly kills: Kill[] = []
  /** Why it has killed no more: what it has killed did not come back. */
  failure: unknown = null
  readonly #fleet: Fleet
  readonly #random: SeededRandom
  readonly #stopping = new AbortController()
  #running: Promise<void> | null = null

  constructor(fleet: Fleet, seed: number) {
    this.#fleet = fleet
    this.#random = new SeededRandom(seed)
  }

  start(): void {
    this.#running ??= this.#run().catch((error: unknown) => {
      this.failure = error
    })
  }

  /** Everything runs again when it returns. */
  async stop(): Promise<void> {
    this.#stopping.abort()
    await this.#running
    for (const each of [...this.#fleet.webs, ...this.#fleet.workers]) each.restart()
    await this.#fleet.waitUntilReady()
  }

  async #run(): Promise<void> {
    for (let turn = 1; ; turn++) {
      await this.#wait(EVERY_MS)
      if (this.#stopping.signal.aborted) return
      if (turn % DATABASE_EVERY === 0) await this.#crashDatabase()
      else if (turn % BUCKET_EVERY === 0) await this.#takeBucketAway()
      else if (this.#random.chance(0.7)) await this.#kill('worker', await this.#pickWorker())
      else await this.#kill('web', this.#random.pick(this.#fleet.webs))
    }
  }

  async #kill(kind: KillKind, victim: FleetProcess): Promise<void> {
    this.kills.push({ kind, name: victim.name, pid: victim.pid, atMs: Date.now() })
    await victim.kill()
    await this.#wait(DOWN_MS)
    victim.restart()
    await this.#fleet.waitUntilReady([victim])
    if (kind === 'worker') await this.#wait(GRACE_MS)
  }

  async #crashDatabase(): Promise<void> {
    this.kills.push({ kind: 'database', name: 'PostgreSQL', pid: -1, atMs: Date.now() })
    await this.#fleet.postgres.crashAndRestart()
  }

  /** The network to it freezes, or breaks every connection. */
  async #takeBucketAway(): Promise<void> {
    const { s3Network } = this.#fleet
    this.kills.push({ kind: 'bucket', name: 'S3', pid: -1, atMs: Date.now() })
    if (this.#random.chance(0.5)) s3Network.cut()
    s3Network.freeze()
    await this.#wait(DOWN_MS)
    s3Network.cut()
    s3Network.resume()
  }

  /** One that has something to lose, where there is one. */
  async #pickWorker(): Promise<FleetProcess> {
    const { db } = this.#fleet.runtime
    const busy = await db.job.findMany({ where: { state: 'running' }, select: { leaseOwner: true } }).catch(() => [])
    const workers = this.#fleet.workers.filter((worker) =>
      busy.some(({ leaseOwner }) => leaseOwner?.split(':').includes(String(worker.pid))),
    )
    return this.#random.pick(workers.length > 0 ? workers : this.#fleet.workers)
  }

  async #wait({ least, most }: { readonly least: number; readonly most: number }): Promise<void> {
    const ms = least + this.#random.below(most - least)
    await pause(ms, undefined, { signal: this.#stopping.signal }).catch(() => undefined)
  }
}
