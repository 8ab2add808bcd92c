import { watch } from 'node:fs'
import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { formatHex64, formatHex64Bare } from '../../lib/base/hex64.ts'
import { findGap } from '../../lib/domain/txnlog/continuity.ts'
import type { TxnEntry } from '../../lib/domain/txnlog/entry.ts'
import { LogReader } from '../../lib/domain/txnlog/read-log.ts'
import { TXN_TYPE } from '../../lib/domain/txnlog/txn.ts'
import { encodeLogHead, frameEntry } from '../../lib/domain/txnlog/write-log.ts'
import { readEnv } from '../../lib/runtime/env.ts'
import { openRuntime, type Runtime } from '../../lib/runtime/runtime.ts'
import { addCluster } from '../../lib/services/clusters/add-cluster.ts'
import type { ServiceContext } from '../../lib/services/context.ts'
import { setFollow } from '../../lib/services/follow/set-follow.ts'
import { logFolder } from '../../lib/services/logs/log-folder.ts'
import type { SeededRandom } from '../../lib/testing/seeded-random.ts'
import { WorkerProcess } from '../chaos/worker-process.ts'
import type { Followers, Following } from './followers.ts'

const CLUSTER = 'followed'
/** A piece is begun each time that a worker takes the stream up: so long it is waited for. */
const PIECE_WAIT_MS = 20_000
const CATCH_UP_MS = 120_000

/** Workers of the product that follow a cluster into its archive, over a database and a store of their own. */
export class WorkerFollowers implements Followers {
  readonly #worker: string
  readonly #env: Readonly<Record<string, string>>
  readonly #dir: string
  readonly #runtime: Runtime
  readonly #context: ServiceContext
  readonly #clusterId: string
  #killedAtPieces = 0
  #isAtPiece = false
  #rows: readonly (readonly [string, number])[] = []

  private constructor(made: {
    worker: string
    env: Readonly<Record<string, string>>
    dir: string
    runtime: Runtime
    context: ServiceContext
    clusterId: string
  }) {
    this.#worker = made.worker
    this.#env = made.env
    this.#dir = made.dir
    this.#runtime = made.runtime
    this.#context = made.context
    this.#clusterId = made.clusterId
  }

  static async open(input: { worker: string; dir: string; connectString: string; quorum: string }) {
    const { worker, dir, connectString, quorum } = input
    await mkdir(dir, { recursive: true })
    const env = {
      ARKEEPER_DATA_DIR: dir,
      ARKEEPER_SECRET_KEY: Buffer.alloc(32, 7).toString('base64'),
      LOG_LEVEL: 'warn',
    }
    const runtime = await openRuntime(() => readEnv({ ...env, LOG_LEVEL: 'silent' }))
    await runtime.db.user.create({ data: { id: 'admin-1', name: 'Ada', email: 'ada@example.org', role: 'admin' } })
    const context = runtime.contextFor({ kind: 'user', id: 'admin-1', name: 'Ada', role: 'admin' })
    const { id: clusterId } = await addCluster(context, { name: CLUSTER, connectString })
    const quorumServers = quorum.split(',').join('\n')
    await setFollow(context, { clusterId, enabled: true, understood: true, quorumServers, baseHours: 1 })
    return new WorkerFollowers({ worker, env, dir, runtime, context, clusterId })
  }

  async start(): Promise<Following> {
    // Whoever had the stream is gone for certain: nobody waits here until its lease says so.
    const { db } = this.#context
    await db.clusterFollow.update({ where: { clusterId: this.#clusterId }, data: { leaseUntil: new Date(0) } })
    const args = ['--enable-source-maps', this.#worker]
    const worker = WorkerProcess.start({ args }, this.#env, join(this.#dir, 'worker.log'))
    return new WorkerFollowing(worker, join(this.#dir, 'worker.log'), async () => {
      const row = await db.clusterFollow.findUniqueOrThrow({ where: { clusterId: this.#clusterId } })
      return { zxid: row.lastZxid, isHealthy: row.digestState !== 'parted' }
    })
  }

  /** In turn: as it writes a piece of the archive, and at any instant after it has caught up, before the leader has forgotten what it missed. */
  async untilItsTurn(running: Following, random: SeededRandom, newest: () => Promise<bigint>): Promise<void> {
    this.#isAtPiece = !this.#isAtPiece
    if (this.#isAtPiece) {
      const isWriting = await this.#untilPieceIsWritten()
      await pause(random.below(25))
      if (isWriting) this.#killedAtPieces++
      return
    }
    await running.reached(await newest(), CATCH_UP_MS)
    await pause(random.below(4_000))
  }

  rows(): readonly (readonly [string, number])[] {
    return [['… as it put the open end into pieces', this.#killedAtPieces], ...this.#rows]
  }

  async collect(out: string): Promise<readonly string[]> {
    const { archives, db } = this.#context
    const where = { clusterId: this.#clusterId }
    const findings: string[] = []
    const dir = logFolder(this.#context, CLUSTER)
    const pieces = await archives.logs.verify(dir)
    const zxids = new Map<bigint, number>()
    const frames: Buffer[] = [encodeLogHead()]
    const take = ({ zxid, type, buffer, start, end }: TxnEntry) => {
      // Under one number twice is only what a server itself logs so.
      const isTwice = zxids.has(zxid) && type !== TXN_TYPE.error
      if (isTwice) findings.push(`${formatHex64(zxid)} lies twice in the pieces`)
      zxids.set(zxid, (zxids.get(zxid) ?? 0) + 1)
      frames.push(frameEntry(buffer.subarray(start, end)))
    }
    for (const source of archives.logs.sources(dir, pieces.segments)) {
      const reader = new LogReader(source.open(), { allowBareCheck: true })
      try {
        for await (const batch of reader.readEntries()) batch.forEach(take)
      } finally {
        await reader.close()
      }
    }
    const tails = await archives.logs.tails(dir)
    if (tails.length > 0) findings.push(`${tails.length} open ends are left of a worker that has ended in order`)

    const target = join(out, 'version-2')
    await mkdir(target, { recursive: true })
    const [first] = zxids.keys()
    await writeFile(join(target, `log.${formatHex64Bare(first ?? 0n)}`), Buffer.concat(frames))
    for (const base of await archives.logs.bases(dir))
      await writeFile(join(target, `snapshot.${formatHex64Bare(base.zxid)}`), archives.readUnpacked(base.dir))
    const gaps = await db.followGap.findMany({ where: { ...where, closedAt: null } })
    await writeFile(
      join(out, 'gaps.jsonl'),
      gaps
        .map(
          ({ fromZxid, toZxid, why }) =>
            `${JSON.stringify({ from: formatHex64(fromZxid), to: formatHex64(toZxid), why })}\n`,
        )
        .join(''),
    )
    findings.push(...(await this.#judgeRing(zxids)))
    this.#rows = [...this.#rows, ['pieces of the archive', pieces.segments.length]]
    return findings
  }

  async close(): Promise<void> {
    await this.#runtime.close()
  }

  /** What was told of the newest transactions, against the log: each once, none left out. */
  async #judgeRing(zxids: ReadonlyMap<bigint, number>): Promise<string[]> {
    const { db } = this.#context
    const where = { clusterId: this.#clusterId }
    const chunks = await db.followChunk.findMany({ where, orderBy: [{ fromZxid: 'asc' }, { id: 'asc' }] })
    const row = await db.clusterFollow.findUniqueOrThrow({ where })
    const findings: string[] = []
    const kept = [...zxids.keys()]
    let at: bigint | null = null
    let told = 0
    for (const { fromZxid, toZxid, transactions } of chunks) {
      const name = `${formatHex64(fromZxid)} to ${formatHex64(toZxid)}`
      if (at !== null && fromZxid <= at)
        findings.push(`the row of ${name} tells what was told up to ${formatHex64(at)}`)
      if (at !== null && findGap(at, { zxid: fromZxid, type: TXN_TYPE.create }) !== null)
        findings.push(`nothing is told between ${formatHex64(at)} and ${formatHex64(fromZxid)}`)
      const within = kept.filter((zxid) => zxid >= fromZxid && zxid <= toZxid)
      const count = within.reduce((sum, zxid) => sum + (zxids.get(zxid) ?? 0), 0)
      if (count !== transactions) findings.push(`the row of ${name} tells of ${transactions}, the log holds ${count}`)
      at = toZxid
      told += transactions
    }
    const end = kept.at(-1) ?? null
    if (at !== end) findings.push(`the ring ends at ${at && formatHex64(at)}, the log at ${end && formatHex64(end)}`)
    const all = kept.reduce((sum, zxid) => sum + (zxids.get(zxid) ?? 0), 0)
    if (row.transactions !== BigInt(all)) findings.push(`${row.transactions} are counted as kept, and ${all} are`)
    this.#rows = [...this.#rows, ['rows of the ring', chunks.length], ['transactions that they tell of', told]]
    return findings
  }

  async #untilPieceIsWritten(): Promise<boolean> {
    const dir = logFolder(this.#context, CLUSTER)
    await mkdir(dir, { recursive: true })
    const limit = new AbortController()
    const seen = new Promise<boolean>((resolve) => {
      const watcher = watch(dir, { signal: limit.signal }, () => resolve(true))
      watcher.on('error', () => resolve(false))
    })
    const late = pause(PIECE_WAIT_MS, false, { signal: limit.signal }).catch(() => false)
    const isWriting = await Promise.race([seen, late])
    limit.abort()
    return isWriting
  }
}

class WorkerFollowing implements Following {
  readonly hasGivenUp = false
  zxid: bigint | null = null
  isHealthy = true
  err = ''
  readonly #worker: WorkerProcess
  readonly #log: string
  readonly #look: () => Promise<{ zxid: bigint | null; isHealthy: boolean }>

  constructor(worker: WorkerProcess, log: string, look: () => Promise<{ zxid: bigint | null; isHealthy: boolean }>) {
    this.#worker = worker
    this.#log = log
    this.#look = look
  }

  get pid(): number {
    return this.#worker.pid
  }

  async reached(zxid: bigint, timeoutMs: number): Promise<void> {
    const deadline = Date.now() + timeoutMs
    for (;;) {
      Object.assign(this, await this.#look())
      if (this.zxid !== null && this.zxid >= zxid) return
      if (Date.now() > deadline) {
        this.err = (await readFile(this.#log, 'utf8').catch(() => '')).slice(-4_000)
        throw new Error(`the worker is at ${this.zxid}, not at ${zxid}: ${this.err}`)
      }
      await pause(50)
    }
  }

  async end(signal: NodeJS.Signals): Promise<void> {
    Object.assign(this, await this.#look())
    if (signal !== 'SIGKILL') return this.#worker.stop()
    this.#worker.killNow()
    await this.#worker.untilGone()
  }
}
