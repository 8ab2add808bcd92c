import { CancelledError } from '../../../base/errors.ts'
import { InvariantError } from '../../../base/invariant.ts'
import { OPEN_ACL } from '../../../domain/znode/acl.ts'
import { ZnodeError } from '../../../domain/znode/errors.ts'
import { comparePaths } from '../../../domain/znode/order.ts'
import { isSystemPath, isWithin, joinPath, parsePath } from '../../../domain/znode/path.ts'
import { describeServerError } from '../../../domain/znode/server-errors.ts'
import type { UnreadableZnode, Znode, ZnodeBatch } from '../../../domain/znode/znode.ts'
import type { LiveWalk, MoveFeed, WalkFacts, WalkOptions } from '../connection.ts'
import { ZooKeeperError } from '../errors.ts'
import { BatchSizer } from './batch-sizer.ts'
import type { BulkPool } from './bulk-pool.ts'
import type { BulkSession } from './bulk-session.ts'
import type { JuteReader } from './jute.ts'
import { openMoveFeed } from './move-feed.ts'
import { type AclInterner, ERR, kindOf, OP, readNames, readStat, toServerPath } from './protocol.ts'
import { ReadBatch } from './read-batch.ts'
import { type WalkItem, type WalkLimits, WalkOrder, type WalkWork } from './walk-order.ts'

const BATCH_ZNODES = 1000
const BATCH_BYTES = 4 * 1024 * 1024
/** Batches under way per session: one being served, one waiting at the server, one on the way. */
const IN_FLIGHT_PER_SESSION = 3
/** A small tree is read sooner over few sessions than after opening many. */
const ZNODES_PER_SESSION = 1_000
const TORN_ATTEMPTS_MAX = 3
/** Errors that say something about the connection or the moment, and nothing about the znode: the walk fails rather than calling it unreadable. */
const PASSING_ERRORS = new Set([-4, -7, -112, -118, -122, -124, -127])

export interface TreeWalkInput {
  readonly pool: BulkPool
  readonly chroot: string
  readonly acls: AclInterner
  readonly roots: readonly string[]
  /** Also emit the ancestors of the roots. */
  readonly scaffold: boolean
  readonly options: WalkOptions
  readonly limits?: WalkLimits
}

/** One walk over bulk sessions. The stream can be read once; leaving it early ends the walk. */
export class TreeWalk implements LiveWalk {
  readonly stream: AsyncIterable<ZnodeBatch>
  private readonly input: TreeWalkInput
  private readonly roots: readonly string[]
  private readonly order: WalkOrder
  private readonly sizer = new BatchSizer()
  private sessions: BulkSession[] = []
  private readonly load = new Map<BulkSession, number>()
  private feed: MoveFeed | null = null
  private moved: readonly string[] | null = null
  private multiRead = true
  private failure: Error | null = null
  private wake: (() => void) | null = null
  private started = false
  private ended = false
  private stopped = false
  private znodes = 0
  private dataBytes = 0
  private zxidFrom: bigint | null = null
  private zxidTo = 0n
  private readonly unreadable: UnreadableZnode[] = []
  private readonly vanished: string[] = []

  constructor(input: TreeWalkInput) {
    this.input = input
    this.roots = input.roots.map(parsePath)
    this.order = new WalkOrder(this.roots, {
      scaffold: input.scaffold,
      limits: input.limits,
      skipName: this.skipsSystem() ? (parent, name) => this.isSystem(joinPath(parent, name)) : undefined,
    })
    this.stream = { [Symbol.asyncIterator]: () => this.run() }
  }

  progress(): { znodes: number; dataBytes: number } {
    return { znodes: this.znodes, dataBytes: this.dataBytes }
  }

  facts(): WalkFacts {
    if (!this.ended) throw new InvariantError('the facts of a walk are known when its stream has ended')
    return {
      znodes: this.znodes,
      dataBytes: this.dataBytes,
      zxidFrom: this.zxidFrom ?? 0n,
      zxidTo: this.zxidTo,
      unreadable: this.unreadable,
      vanished: this.vanished,
      moved: this.moved,
    }
  }

  private async *run(): AsyncGenerator<ZnodeBatch> {
    if (this.started) throw new InvariantError('the stream of a walk can be read once')
    this.started = true
    const { signal } = this.input.options
    const onAbort = () => {
      this.fail(new CancelledError('The walk was cancelled'))
      // Whatever still waits for a server ends at once.
      for (const session of this.sessions) session.destroy()
      this.feed?.close().catch(() => undefined)
    }
    signal?.addEventListener('abort', onAbort, { once: true })
    if (signal?.aborted) onAbort()
    try {
      this.throwIfFailed()
      await this.open()
      while (!this.order.isDone) {
        this.throwIfFailed()
        this.pump()
        const batch = this.order.drain({ znodesMax: BATCH_ZNODES, bytesMax: BATCH_BYTES })
        if (batch === null) {
          await this.sleepUntilReply()
          continue
        }
        this.count(batch)
        if (batch.znodes.length + batch.unreadable.length > 0) yield batch
      }
      this.throwIfFailed()
      await this.finishWatching()
      this.ended = true
    } catch (error) {
      throw this.failure ?? error
    } finally {
      this.stopped = true
      signal?.removeEventListener('abort', onAbort)
      await this.release()
    }
  }

  private async open(): Promise<void> {
    const { pool, options } = this.input
    this.multiRead = await pool.supportsBatches(options.signal)
    const wanted = Math.min(Math.max(options.sessions ?? 8, 1), 16)
    this.sessions = await pool.lease(1, options.signal)
    const [first] = this.sessions
    if (wanted > 1 && first) {
      const size = await this.estimateSize(first)
      const more = Math.min(wanted, Math.ceil(size / ZNODES_PER_SESSION)) - 1
      if (more > 0) this.sessions.push(...(await pool.lease(more, options.signal)))
    }
    if (options.watchMoves) await this.startWatching()
    // All sessions exist before the first zxid is noted, because opening one is a write. The sync makes lagging servers catch up.
    await Promise.all(
      this.sessions.map(async (session) => {
        this.load.set(session, 0)
        this.noteZxid(await this.sync(session))
      }),
    )
  }

  /** Number of znodes to come where the server counts them; else large. */
  private async estimateSize(session: BulkSession): Promise<number> {
    if (!this.multiRead) return Number.POSITIVE_INFINITY
    let size = 0
    for (const root of this.roots) {
      const reply = await session.request(OP.getAllChildrenNumber, (writer) => writer.string(this.serverPath(root)))
      // A member that is a moment behind may say so of what is there: whether it is, is asked after the sync.
      if (reply.err === ERR.noNode) continue
      size += reply.err === ERR.ok ? reply.body.int() : ZNODES_PER_SESSION
    }
    return size
  }

  private async sync(session: BulkSession): Promise<bigint> {
    const reply = await session.request(OP.sync, (writer) => writer.string(this.serverPath('/')))
    if (reply.err !== ERR.ok) {
      throw new ZooKeeperError('SERVER_ERROR', `The server refused to sync: ${describeServerError(reply.err)}`, {
        details: { serverError: reply.err },
      })
    }
    return reply.zxid
  }

  private async startWatching(): Promise<void> {
    if (!this.multiRead) return
    const { pool, chroot, options } = this.input
    this.feed = await openMoveFeed(pool, { chroot, roots: this.roots, signal: options.signal })
  }

  private async finishWatching(): Promise<void> {
    const drained = await this.feed?.drain()
    // Without a feed, or when its connection was lost, what moved is unknown, which is not the same as nothing.
    if (!drained) return
    this.moved = drained.moved.filter((path) => !(this.skipsSystem() && this.isSystem(path))).sort(comparePaths)
  }

  private async release(): Promise<void> {
    const { pool } = this.input
    for (const session of this.sessions) pool.release(session)
    await this.feed?.close()
  }

  /** Keeps every session busy, always with the earliest work in path order. Runs on each reply, whether or not somebody reads. */
  private pump(): void {
    while (!this.stopped && this.failure === null) {
      const session = this.leastLoaded()
      if (!session) return
      const work = this.order.take({
        max: this.sizer.size,
        averageBytes: this.sizer.averageBytes,
        bytesTarget: this.sizer.bytesTarget,
      })
      if (work === null) return
      this.ask(session, work)
    }
  }

  private leastLoaded(): BulkSession | null {
    let best: BulkSession | null = null
    let least = IN_FLIGHT_PER_SESSION
    for (const [session, load] of this.load) {
      if (load < least) {
        least = load
        best = session
      }
    }
    return best
  }

  private ask(session: BulkSession, work: WalkWork): void {
    this.load.set(session, (this.load.get(session) ?? 0) + 1)
    const batch = new ReadBatch<WalkItem>({
      work,
      multiRead: this.multiRead,
      serverPath: (path) => this.serverPath(path),
      onResult: {
        data: (item, err, body) => this.onData(item, err, body),
        acl: (item, err, body) => this.onAcl(item, err, body),
        list: (item, err, body) => this.onList(item, err, body),
        zxid: (zxid) => this.noteZxid(zxid),
        size: (reads, bytes) => this.sizer.observe(reads, bytes),
        unsupported: () => {
          this.multiRead = false
          if (!this.stopped) this.ask(session, work)
        },
        done: () => {
          this.load.set(session, (this.load.get(session) ?? 1) - 1)
          if (this.stopped) return
          this.pump()
          this.wake?.()
        },
        failed: (error) => this.fail(error),
      },
    })
    session.send(batch)
  }

  private onData(item: WalkItem, err: number, body: JuteReader): void {
    if (err === ERR.ok) {
      item.data = body.bytes()
      const { stat, numChildren } = readStat(body)
      item.stat = stat
      item.numChildren = numChildren
      return
    }
    item.stat = null
    if (err === ERR.noNode) {
      if (item.isRoot || item.isScaffold) {
        this.fail(
          noSuchRoot(item.isRoot ? item.path : (this.roots.find((root) => isWithin(root, item.path)) ?? item.path)),
        )
      }
      this.vanished.push(item.path)
      this.order.resolveGone(item)
    } else if (err === ERR.noAuth && item.isScaffold) {
      this.readScaffoldStat(item)
    } else {
      this.order.resolveUnreadable(item, this.toUnreadable(item.path, err))
    }
  }

  private onAcl(item: WalkItem, err: number, body: JuteReader): void {
    const { stat } = item
    if (stat === null) return
    if (err === ERR.noNode) {
      this.vanished.push(item.path)
      this.order.resolveGone(item)
      return
    }
    if (err !== ERR.ok) {
      this.order.resolveUnreadable(item, this.toUnreadable(item.path, err))
      return
    }
    const acl = this.input.acls.read(body)
    const czxid = body.long()
    body.skip(32)
    const aversion = body.int()
    // Data and ACL come from two requests: when the znode was made anew or its ACL changed in between, they do not belong together.
    if ((czxid !== stat.czxid || aversion !== stat.aversion) && item.attempts < TORN_ATTEMPTS_MAX) {
      item.attempts++
      item.stat = null
      this.order.retry(item)
      return
    }
    const { path } = item
    const kind = kindOf(this.serverPath(path), stat.ephemeralOwner)
    this.order.resolveRead(item, { path, data: item.data, acl, stat, kind, ttlMs: null }, item.numChildren)
  }

  private onList(item: WalkItem, err: number, body: JuteReader): void {
    if (err === ERR.ok) {
      this.order.resolveList(item, readNames(body))
    } else if (err === ERR.noNode) {
      this.vanished.push(item.path)
      this.order.resolveListGone(item)
    } else {
      this.order.resolveListUnreadable(item, this.toUnreadable(item.path, err))
    }
  }

  /** An ancestor of a root may be closed to us while the root is not; it is kept as a place holder and named in the facts. */
  private readScaffoldStat(item: WalkItem): void {
    const session = this.sessions[0]
    if (!session) return
    session
      .request(OP.exists, (writer) => writer.string(this.serverPath(item.path)).bool(false))
      .then((reply) => {
        if (reply.err !== ERR.ok) throw noSuchRoot(item.path)
        const { stat } = readStat(reply.body)
        const kind = kindOf(this.serverPath(item.path), stat.ephemeralOwner)
        const znode: Znode = { path: item.path, data: null, acl: OPEN_ACL, stat, kind, ttlMs: null }
        this.unreadable.push({
          path: item.path,
          reason: 'no-auth',
          message: 'above the roots asked for and closed to this user: kept without its data and ACL',
        })
        this.order.resolveRead(item, znode, 0)
        this.wake?.()
      })
      .catch((error: unknown) => this.fail(error instanceof Error ? error : new Error(String(error))))
  }

  private toUnreadable(path: string, err: number): UnreadableZnode {
    if (PASSING_ERRORS.has(err)) {
      this.fail(
        new ZooKeeperError('SERVER_ERROR', `The server could not read ${path}: ${describeServerError(err)}`, {
          details: { serverError: err, path },
          remedy: 'start again',
        }),
      )
    }
    return err === ERR.noAuth
      ? { path, reason: 'no-auth', message: 'no right to read it with the credentials of this cluster' }
      : { path, reason: 'error', message: `the server could not read it: ${describeServerError(err)}` }
  }

  private count(batch: ZnodeBatch): void {
    this.znodes += batch.znodes.length
    for (const znode of batch.znodes) this.dataBytes += znode.data?.length ?? 0
    if (batch.unreadable.length > 0) this.unreadable.push(...batch.unreadable)
  }

  private noteZxid(zxid: bigint): void {
    if (this.zxidFrom === null || zxid < this.zxidFrom) this.zxidFrom = zxid
    if (zxid > this.zxidTo) this.zxidTo = zxid
  }

  private fail(error: Error): void {
    this.failure ??= error
    this.wake?.()
  }

  private throwIfFailed(): void {
    if (this.failure) throw this.failure
  }

  private sleepUntilReply(): Promise<void> {
    if (this.failure) return Promise.resolve()
    return new Promise((resolve) => {
      this.wake = () => {
        this.wake = null
        resolve()
      }
    })
  }

  private serverPath(path: string): string {
    return toServerPath(this.input.chroot, path)
  }

  private isSystem(path: string): boolean {
    return isSystemPath(this.serverPath(path))
  }

  /** /zookeeper is left out unless asked for, or named as a root. */
  private skipsSystem(): boolean {
    return !this.input.options.includeSystem && !this.roots.some((root) => this.isSystem(root))
  }
}

function noSuchRoot(path: string): ZnodeError {
  return new ZnodeError('NO_NODE', `${path} does not exist on the cluster`, { details: { path } })
}
