import { setTimeout as pause } from 'node:timers/promises'
import zookeeper, { type PackageClient } from 'node-zookeeper-client'
import type { ClusterConnection } from '../../lib/adapters/zookeeper/connection.ts'
import { createZooKeeper } from '../../lib/adapters/zookeeper/zookeeper.ts'
import { OPEN_ACL, PERM } from '../../lib/domain/znode/acl.ts'
import { SeededRandom } from '../../lib/testing/seeded-random.ts'

type Failure = { readonly code?: number } | null
interface BareClient extends PackageClient {
  setData(path: string, data: Buffer, version: number, done: (error: Failure) => void): void
  remove(path: string, version: number, done: (error: Failure) => void): void
}

const READ_ACL = [{ perms: PERM.read, scheme: 'world', id: 'anyone' }, ...OPEN_ACL]
const AT_ONCE = 16
const KNOWN_MAX = 400
/** What is further behind is not caught up with. */
const BEHIND_MS_MAX = 1_000

/** Programs that write all kinds of changes through the ordinary clients, and go on whatever becomes of the servers. */
export class Writers {
  acknowledged = 0
  refused = 0
  lost = 0
  /** Of each batch of writes since the last `restart`, ms. */
  latencies: number[] = []
  readonly #atOnce: number
  readonly #everyMs: number
  readonly #stop = new AbortController()
  readonly #running: Promise<void>[]

  /** `perSecond`: of all together; Infinity: as fast as they are answered. `atOnce`: of each, before it waits for their answers. */
  constructor(
    connectString: string,
    { count, seed, perSecond, atOnce = AT_ONCE }: { count: number; seed: number; perSecond: number; atOnce?: number },
  ) {
    this.#everyMs = (atOnce / (perSecond / count)) * 1000
    this.#atOnce = atOnce
    this.#running = Array.from({ length: count }, (_, i) =>
      this.#write(connectString, `/writer-${i}`, new SeededRandom(seed + i)),
    )
  }

  restart(): void {
    this.acknowledged = 0
    this.refused = 0
    this.lost = 0
    this.latencies = []
  }

  async end(): Promise<void> {
    this.#stop.abort()
    await Promise.all(this.#running)
  }

  async #write(connectString: string, root: string, random: SeededRandom): Promise<void> {
    const state = { root, random, made: [] as string[], number: 0 }
    while (!this.#stop.signal.aborted) {
      const client = await createZooKeeper()
        .connect({ connectString, sessionTimeoutMs: 6_000, requestTimeoutMs: 5_000 })
        .catch(() => null)
      if (client === null) {
        await pause(100)
        continue
      }
      const bare = zookeeper.createClient(connectString, { sessionTimeout: 6_000, retries: 0 }) as BareClient
      bare.connect()
      await client.create({ path: root, data: null, acl: OPEN_ACL, kind: 'persistent' }).catch(() => null)
      let failed = 0
      let due = performance.now()
      while (!this.#stop.signal.aborted && failed === 0) {
        const began = performance.now()
        const done = await Promise.all(
          Array.from({ length: this.#atOnce }, () => within(6_000, writeOne(client, bare, state)).catch(() => null)),
        )
        this.latencies.push(performance.now() - began)
        this.acknowledged += done.filter((ok) => ok === true).length
        this.refused += done.filter((ok) => ok === false).length
        failed = done.filter((ok) => ok === null).length
        this.lost += failed
        // By the clock, so that a rate is kept whatever an answer takes.
        due = Math.max(due + this.#everyMs, began - BEHIND_MS_MAX)
        if (due > performance.now()) await pause(due - performance.now())
      }
      bare.close()
      await client.close().catch(() => undefined)
    }
  }
}

interface WriterState {
  readonly root: string
  readonly random: SeededRandom
  readonly made: string[]
  number: number
}

/** True: it was acknowledged; false: refused, which is a transaction as well where the leader numbered it. */
async function writeOne(client: ClusterConnection, bare: BareClient, state: WriterState): Promise<boolean> {
  const { root, random, made } = state
  const what = random.next()
  const path = `${root}/n${state.number++}`
  const data = random.bytes(random.below(200))
  const create = async (kind: 'persistent' | 'ephemeral' | 'container' | 'ttl', sequential = false) => {
    const ttlMs = kind === 'ttl' ? 3_600_000 : undefined
    const outcome = await client.create({ path, data, acl: OPEN_ACL, kind, sequential, ttlMs })
    if (outcome.kind === 'done' && kind === 'persistent') made.push(outcome.path)
    return outcome.kind === 'done'
  }
  if (made.length === 0 || (what < 0.22 && made.length < KNOWN_MAX)) return create('persistent', random.chance(0.2))
  if (what < 0.3) return create('ephemeral')
  if (what < 0.32 && state.number < 2000) return create(random.chance(0.5) ? 'ttl' : 'container')
  if (what < 0.62) return plain((done) => bare.setData(random.pick(made), data, -1, done))
  if (what < 0.8) {
    const gone = made.splice(random.below(made.length), 1)[0]!
    return plain((done) => bare.remove(gone, -1, done))
  }
  if (what < 0.88)
    return (await client.setAcl(random.pick(made), random.chance(0.5) ? READ_ACL : OPEN_ACL, -1)).kind === 'done'
  const child = `${path}/child`
  const whole = await client.multi([
    { op: 'create', path, data, acl: OPEN_ACL, kind: 'persistent', ttlMs: null },
    { op: 'create', path: child, data: null, acl: READ_ACL, kind: 'persistent', ttlMs: null },
    { op: 'setData', path: random.pick(made), data, version: -1 },
    { op: 'setData', path, data: Buffer.from(path), version: 0 },
    { op: 'delete', path: child, version: 0 },
  ])
  if (whole.kind === 'done') made.push(path)
  return whole.kind === 'done'
}

function plain(start: (done: (error: Failure) => void) => void): Promise<boolean> {
  return new Promise((resolve, reject) => {
    start((error) => {
      if (!error) resolve(true)
      // Below −100: the server's answer; above: the connection's.
      else if (error.code !== undefined && error.code <= -100) resolve(false)
      else reject(error)
    })
  })
}

async function within<T>(ms: number, work: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => reject(new Error(`no answer within ${ms} ms`)), ms)
  })
  try {
    return await Promise.race([work, late])
  } finally {
    clearTimeout(timer)
  }
}
