import type { Socket } from 'node:net'
import { setTimeout as delay } from 'node:timers/promises'
import { formatServer, type ServerAddress } from '../connect-string.ts'
import { ZooKeeperError } from '../errors.ts'
import { reach, type ServerFailure, summarizeFailures } from './dial.ts'
import { FrameSplitter } from './frame-splitter.ts'
import { authenticate, type Credential, newTicket, type SessionTicket, shakeHands } from './handshake.ts'
import { JuteReader, JuteWriter } from './jute.ts'
import { ERR, fromServerPath, OP, XID } from './protocol.ts'
import type { WireTls } from './tls.ts'

export interface WireOptions {
  readonly servers: readonly ServerAddress[]
  readonly chroot: string
  readonly credentials: readonly Credential[]
  /** Null: plain. */
  readonly tls: WireTls | null
  readonly sessionTimeoutMs: number
  /** Deadline of one round over all servers. */
  readonly connectTimeoutMs: number
  readonly requestTimeoutMs: number
  /** Bytes of the largest request. */
  readonly requestBytesMax: number
}

/** Several read requests that travel as one write and are answered in order. */
export interface BulkBatch {
  /** How many replies will come. */
  readonly replies: number
  /** Appends the frames; the xid of reply `i` is `firstXid + i`. */
  encode(writer: JuteWriter, firstXid: number): void
  /** Reply `index`: its error code, and the body positioned after the header (empty when there is an error). */
  onReply(index: number, err: number, body: JuteReader, zxid: bigint): void
  /** The connection was lost and the batch is sent again from its beginning: forget the replies so far. */
  onRestart(): void
  /** No further reply will come. May be called more than once. */
  onFailure(error: Error): void
}

interface PendingBatch {
  readonly batch: BulkBatch
  readonly bytes: Buffer
  readonly firstXid: number
  answered: number
}

export interface BulkSessionOptions {
  /** Server to try first, so that sessions spread over the ensemble. */
  readonly startIndex: number
  /** Watch events with client paths. Such a session is never taken up again after a loss, because events would be missing. */
  readonly onEvent?: (type: number, path: string) => void
  readonly signal?: AbortSignal
}

const RECONNECT_ATTEMPTS_MAX = 3
const XID_MAX = 0x7000_0000
const CLOSE_TIMEOUT_MS = 1_000

const scratch = new JuteWriter()

/**
 * A session of our own codec for bulk reading: only reads, so that whatever is unanswered when a connection drops can be asked again.
 * After a loss it takes up the same session, or a new one when it has expired, at most three times in a row.
 */
export class BulkSession {
  /** Batches sent and not completely answered. */
  get inFlight(): number {
    return this.pending.length
  }
  get isConnected(): boolean {
    return this.socket !== null
  }
  /** Set when the session is over, for whatever reason. */
  failure: Error | null = null
  lastZxid = 0n
  /** While nobody waits for it: a session that loses its connection then is over, because an attempt to save it may fail whoever comes next. */
  isParked = false

  private socket: Socket | null = null
  private ticket: SessionTicket
  private pending: PendingBatch[] = []
  private xid = 1
  private attempts = 0
  private closed = false
  private lastReceivedAt = Date.now()
  private lastSentAt = Date.now()
  private readonly timer: NodeJS.Timeout
  private readonly splitter = new FrameSplitter((buffer, start, end) => this.onFrame(buffer, start, end))
  private readonly closing = new AbortController()
  private readonly wire: WireOptions
  private readonly options: BulkSessionOptions

  private constructor(wire: WireOptions, options: BulkSessionOptions) {
    this.wire = wire
    this.options = options
    this.ticket = newTicket(wire.sessionTimeoutMs)
    this.timer = setInterval(() => this.onTick(), 500)
  }

  static async open(wire: WireOptions, options: BulkSessionOptions): Promise<BulkSession> {
    const session = new BulkSession(wire, options)
    const cancel = () => session.closing.abort()
    options.signal?.addEventListener('abort', cancel, { once: true })
    try {
      if (options.signal?.aborted) cancel()
      await session.connect()
      return session
    } catch (error) {
      session.end(error instanceof Error ? error : new Error(String(error)))
      throw error
    } finally {
      options.signal?.removeEventListener('abort', cancel)
    }
  }

  send(batch: BulkBatch): void {
    if (this.failure) {
      batch.onFailure(this.failure)
      return
    }
    if (this.xid > XID_MAX) this.xid = 1
    const firstXid = this.xid
    this.xid += batch.replies
    scratch.reset()
    batch.encode(scratch, firstXid)
    const bytes = scratch.toBuffer()
    if (this.pending.length === 0) this.lastReceivedAt = Date.now()
    this.pending.push({ batch, bytes, firstXid, answered: 0 })
    if (this.socket) {
      this.lastSentAt = Date.now()
      this.socket.write(bytes)
    }
  }

  /** One request with one reply. */
  request(
    op: number,
    encodeBody: (writer: JuteWriter) => void,
  ): Promise<{ err: number; body: JuteReader; zxid: bigint }> {
    return new Promise((resolve, reject) => {
      this.send({
        replies: 1,
        encode: (writer, firstXid) => encodeRequest(writer, firstXid, op, encodeBody),
        onReply: (_index, err, body, zxid) => resolve({ err, body, zxid }),
        onRestart: () => undefined,
        onFailure: reject,
      })
    })
  }

  /** Ends the session at the server too, so that it does not linger there until its timeout. `reason`: what its open requests end with. */
  async close(reason = new ZooKeeperError('CLOSED', 'The connection is closed')): Promise<void> {
    if (this.closed) return
    const socket = this.socket
    this.end(reason)
    if (!socket || socket.destroyed) return
    await new Promise<void>((resolve) => {
      const timer = setTimeout(() => socket.destroy(), CLOSE_TIMEOUT_MS)
      socket.once('close', () => {
        clearTimeout(timer)
        resolve()
      })
      // Whatever still arrives has to be read, or the end of the stream is never seen.
      socket.on('data', () => undefined)
      socket.resume()
      const goodbye = scratch.reset()
      encodeRequest(goodbye, this.xid++, OP.closeSession, () => undefined)
      socket.end(goodbye.toBuffer())
    })
  }

  private async connect(): Promise<void> {
    const deadline = Date.now() + this.wire.connectTimeoutMs
    const { servers } = this.wire
    const failures: ServerFailure[] = []
    const shareMs = Math.max(1_000, Math.floor(this.wire.connectTimeoutMs / servers.length))
    for (let i = 0; i < servers.length; i++) {
      const server = servers[(this.options.startIndex + this.attempts + i) % servers.length]
      if (!server) continue
      const timeoutMs = Math.min(shareMs, deadline - Date.now())
      if (timeoutMs <= 0) break
      try {
        await this.connectTo(server, timeoutMs)
        return
      } catch (error) {
        if (this.closing.signal.aborted) throw error
        if (error instanceof ZooKeeperError && (error.code === 'AUTH_FAILED' || error.code === 'SESSION_EXPIRED'))
          throw error
        failures.push({ server, error: error instanceof Error ? error : new Error(String(error)) })
      }
    }
    throw summarizeFailures(failures)
  }

  private async connectTo(server: ServerAddress, timeoutMs: number): Promise<void> {
    const limit = { timeoutMs, signal: this.closing.signal }
    const socket = await reach(server, this.wire.tls, limit)
    try {
      const ticket = await shakeHands(socket, server, { ...this.ticket, lastZxid: this.lastZxid }, limit)
      await authenticate(socket, server, this.wire.credentials, limit)
      this.ticket = ticket
    } catch (error) {
      socket.destroy()
      throw error
    }
    if (this.closed || socket.destroyed) {
      socket.destroy()
      throw new ZooKeeperError('CONNECTION_LOST', `${formatServer(server)} closed the connection`)
    }
    this.socket = socket
    this.splitter.reset()
    this.lastReceivedAt = this.lastSentAt = Date.now()
    socket.on('data', (chunk: Buffer) => this.onData(socket, chunk))
    socket.on('close', () => this.onClose(socket))
    socket.resume()
  }

  private onData(socket: Socket, chunk: Buffer): void {
    if (socket !== this.socket) return
    this.lastReceivedAt = Date.now()
    try {
      this.splitter.push(chunk)
    } catch (error) {
      // A reply that cannot be understood would not be understood the second time either.
      this.end(error instanceof Error ? error : new Error(String(error)))
      socket.destroy()
    }
  }

  private onFrame(buffer: Buffer, start: number, end: number): void {
    const reader = new JuteReader(buffer, start, end)
    const xid = reader.int()
    const zxid = reader.long()
    const err = reader.int()
    if (xid === XID.ping) return
    if (xid === XID.event) {
      this.onEvent(reader)
      return
    }
    const head = this.pending[0]
    if (!head) {
      if (this.closed) return
      throw new ZooKeeperError('REPLY_MALFORMED', `The server answered request ${xid}, which was not asked`)
    }
    if (err === ERR.sessionExpired || err === ERR.sessionMoved) {
      // The session is no longer served here; taking it up again tells whether it lives, and asks everything once more.
      this.socket?.destroy()
      return
    }
    const index = head.answered
    if (xid !== head.firstXid + index) {
      throw new ZooKeeperError(
        'REPLY_MALFORMED',
        `The server answered request ${xid} instead of ${head.firstXid + index}`,
      )
    }
    this.attempts = 0
    if (zxid > this.lastZxid) this.lastZxid = zxid
    head.answered++
    if (head.answered === head.batch.replies) this.pending.shift()
    try {
      head.batch.onReply(index, err, reader, zxid)
    } catch (error) {
      head.batch.onFailure(error instanceof Error ? error : new Error(String(error)))
      throw error
    }
  }

  private onEvent(reader: JuteReader): void {
    const type = reader.int()
    reader.int()
    const path = reader.string()
    this.options.onEvent?.(type, fromServerPath(this.wire.chroot, path))
  }

  private onClose(socket: Socket): void {
    if (socket !== this.socket) return
    this.socket = null
    if (this.closed) return
    if (this.options.onEvent) {
      this.end(new ZooKeeperError('CONNECTION_LOST', 'The connection that watched the tree was lost'))
      return
    }
    if (this.isParked && this.pending.length === 0) {
      this.end(new ZooKeeperError('CONNECTION_LOST', 'The connection was lost while nothing was asked over it'))
      return
    }
    this.reconnect().catch((error: unknown) => this.end(error instanceof Error ? error : new Error(String(error))))
  }

  private async reconnect(): Promise<void> {
    let failure: unknown = null
    while (!this.closed && this.attempts < RECONNECT_ATTEMPTS_MAX) {
      this.attempts++
      try {
        await this.connect()
        this.resend()
        return
      } catch (error) {
        failure = error
        if (error instanceof ZooKeeperError && error.code === 'AUTH_FAILED') break
        // Only reads are in flight: a new session serves them as well as the old one.
        if (error instanceof ZooKeeperError && error.code === 'SESSION_EXPIRED') {
          this.ticket = newTicket(this.wire.sessionTimeoutMs)
        } else if (this.attempts < RECONNECT_ATTEMPTS_MAX) {
          await delay(100 * this.attempts, undefined, { signal: this.closing.signal })
        }
      }
    }
    this.end(
      new ZooKeeperError('CONNECTION_LOST', 'The connection to the cluster was lost and could not be made again', {
        cause: failure,
        details: { reason: failure instanceof Error ? failure.message : null },
        remedy: 'see whether the cluster is up, then start again',
      }),
    )
  }

  private resend(): void {
    for (const pending of this.pending) {
      pending.answered = 0
      pending.batch.onRestart()
      this.socket?.write(pending.bytes)
    }
  }

  private onTick(): void {
    const socket = this.socket
    if (!socket) return
    const now = Date.now()
    const silentMs = now - this.lastReceivedAt
    const limitMs = Math.min(
      (this.ticket.timeoutMs * 2) / 3,
      this.pending.length > 0 ? this.wire.requestTimeoutMs : Number.POSITIVE_INFINITY,
    )
    if (silentMs > limitMs) {
      socket.destroy()
    } else if (now - this.lastSentAt >= this.ticket.timeoutMs / 3) {
      this.lastSentAt = now
      socket.write(PING)
    }
  }

  private end(error: Error): void {
    if (this.closed) return
    this.closed = true
    this.failure = error
    clearInterval(this.timer)
    this.closing.abort()
    const pending = this.pending
    this.pending = []
    for (const { batch } of pending) batch.onFailure(error)
  }

  /** Drops the session without telling the server: for work that was cut short, whose replies would only be thrown away. */
  destroy(): void {
    const socket = this.socket
    this.end(new ZooKeeperError('CLOSED', 'The connection is closed'))
    socket?.destroy()
  }
}

const PING = new JuteWriter().int(8).int(XID.ping).int(OP.ping).toBuffer()

/** One framed request. */
export function encodeRequest(
  writer: JuteWriter,
  xid: number,
  op: number,
  encodeBody: (writer: JuteWriter) => void,
): void {
  const start = writer.length
  writer.int(0).int(xid).int(op)
  encodeBody(writer)
  writer.patchInt(start, writer.length - start - 4)
}
