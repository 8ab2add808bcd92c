import { ZooKeeperError } from '../errors.ts'
import { BulkSession, type WireOptions } from './bulk-session.ts'
import { ERR, OP, writeMultiEnd } from './protocol.ts'

/** Sessions of one connection beyond which a newcomer gets one session only. */
const SESSIONS_MAX = 24
const IDLE_MS = 10_000

interface IdleSession {
  readonly session: BulkSession
  readonly timer: NodeJS.Timeout
}

/** Bulk sessions, opened when needed, kept for a moment, closed when idle and with the connection. */
export class BulkPool {
  private readonly idle: IdleSession[] = []
  private readonly leased = new Set<BulkSession>()
  /** Why there are no sessions any more. */
  private ending: ZooKeeperError | null = null
  private nextServer: number
  private highestZxid = 0n
  private batches: boolean | null = null
  private readonly wire: WireOptions
  private readonly idleMs: number

  constructor(wire: WireOptions, options: { startIndex: number; idleMs?: number }) {
    this.wire = wire
    this.nextServer = options.startIndex
    this.idleMs = options.idleMs ?? IDLE_MS
  }

  /** Whether the servers know multiRead, addWatch and getAllChildrenNumber, which all came with 3.6. Asked once. */
  async supportsBatches(signal?: AbortSignal): Promise<boolean> {
    this.batches ??= await this.probeBatches(signal)
    return this.batches
  }

  get openSessions(): number {
    return this.idle.length + this.leased.size
  }

  lastZxid(): bigint {
    for (const session of this.leased) this.note(session)
    return this.highestZxid
  }

  /** Between one and `count` sessions, each for the caller alone until released. */
  async lease(count: number, signal?: AbortSignal): Promise<BulkSession[]> {
    if (this.ending) throw this.ending
    const wanted = Math.max(1, Math.min(count, SESSIONS_MAX - this.leased.size))
    const sessions: BulkSession[] = []
    while (sessions.length < wanted) {
      const idle = this.idle.pop()
      if (!idle) break
      clearTimeout(idle.timer)
      if (idle.session.failure) continue
      idle.session.isParked = false
      this.leased.add(idle.session)
      sessions.push(idle.session)
    }
    const missing = wanted - sessions.length
    const opened = await Promise.allSettled(Array.from({ length: missing }, () => this.open(signal)))
    const failed = opened.find((result) => result.status === 'rejected')
    for (const result of opened) if (result.status === 'fulfilled') sessions.push(result.value)
    // A server's connection limit may allow some sessions only: slower is better than not at all.
    if (failed && (sessions.length === 0 || signal?.aborted)) {
      for (const session of sessions) this.release(session)
      throw failed.reason
    }
    return sessions
  }

  /**
   * The sessions that idle, at most `count`, and new ones only where none does: opening a session is a write of the cluster, which
   * whoever reads what moves would have to account for.
   */
  async leaseKept(count: number, signal?: AbortSignal): Promise<BulkSession[]> {
    const kept = this.idle.filter(({ session }) => session.failure === null).length
    return this.lease(kept > 0 ? Math.min(kept, count) : count, signal)
  }

  /** A session that hears watch events; the caller closes it by `discard`. */
  async openWatching(onEvent: (type: number, path: string) => void, signal?: AbortSignal): Promise<BulkSession> {
    return this.open(signal, onEvent)
  }

  release(session: BulkSession): void {
    this.leased.delete(session)
    this.note(session)
    if (session.failure) return
    if (this.ending || session.inFlight > 0 || !session.isConnected) {
      session.destroy()
      return
    }
    session.isParked = true
    this.idle.push({ session, timer: this.startIdleTimer(session) })
  }

  private startIdleTimer(session: BulkSession): NodeJS.Timeout {
    const timer = setTimeout(() => {
      const at = this.idle.findIndex((idle) => idle.session === session)
      if (at === -1) return
      if (this.leased.size > 0) {
        // Ending a session is a write of the cluster: a walk under way would have to say that something was written meanwhile.
        this.idle[at] = { session, timer: this.startIdleTimer(session) }
        return
      }
      this.idle.splice(at, 1)
      session.close().catch(() => session.destroy())
    }, this.idleMs)
    return timer.unref()
  }

  async discard(session: BulkSession): Promise<void> {
    this.leased.delete(session)
    this.note(session)
    await session.close()
  }

  /** `reason`: what whoever still reads gets to know, when it is not that this connection was closed on purpose. */
  async close(reason = new ZooKeeperError('CLOSED', 'The connection is closed')): Promise<void> {
    this.ending ??= reason
    const sessions = [...this.idle.map((idle) => idle.session), ...this.leased]
    for (const idle of this.idle) clearTimeout(idle.timer)
    this.idle.length = 0
    this.leased.clear()
    await Promise.all(sessions.map((session) => session.close(reason)))
  }

  private async probeBatches(signal?: AbortSignal): Promise<boolean> {
    const [session] = await this.lease(1, signal)
    if (!session) return false
    try {
      const reply = await session.request(OP.multiRead, writeMultiEnd)
      return reply.err === ERR.ok && reply.body.remaining > 0
    } catch (error) {
      // A server that does not know an operation may end the connection over it.
      if (error instanceof ZooKeeperError && error.code === 'CONNECTION_LOST') return false
      throw error
    } finally {
      this.release(session)
    }
  }

  private async open(signal?: AbortSignal, onEvent?: (type: number, path: string) => void): Promise<BulkSession> {
    const session = await BulkSession.open(this.wire, { startIndex: this.nextServer++, onEvent, signal })
    if (this.ending) {
      session.destroy()
      throw this.ending
    }
    this.leased.add(session)
    return session
  }

  private note(session: BulkSession): void {
    if (session.lastZxid > this.highestZxid) this.highestZxid = session.lastZxid
  }
}
