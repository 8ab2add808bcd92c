import type { Socket } from 'node:net'
import zookeeper, { type PackageConnectionManager, type PackageRequest } from 'node-zookeeper-client'
import { CancelledError } from '../../../base/errors.ts'
import type { ServerAddress } from '../connect-string.ts'
import { ZooKeeperError } from '../errors.ts'
import type { WireOptions } from './bulk-session.ts'
import { reach, type ServerFailure, summarizeFailures } from './dial.ts'
import { FrameSplitter } from './frame-splitter.ts'
import {
  authFailed,
  closedBeforeAnswer,
  decodeConnectResponse,
  encodeAuth,
  encodeConnectRequest,
  newTicket,
  notZooKeeper,
  silentServer,
  splitCredentials,
} from './handshake.ts'
import { JuteReader } from './jute.ts'
import { ERR, EVENT, OP, REQUEST_HEADER_BYTES, XID } from './protocol.ts'
import { SaslExchange, saslRequired } from './sasl.ts'
import { encodeSetWatches, frame, NOTHING, packetOf } from './session-packets.ts'

/** States of the package's connection manager (ConnectionManager.STATES). */
const STATE = {
  disconnected: 0,
  connecting: 1,
  connected: 2,
  closing: -1,
  closed: -2,
  sessionExpired: -3,
  authFailed: -4,
} as const

const RETRY_DELAY_MAX_MS = 3_000
const CLOSE_TIMEOUT_MS = 1_000

export type SessionState = 'connected' | 'disconnected' | 'expired' | 'closed'

export interface Reply {
  /** ZooKeeper's error code, 0 for none. */
  readonly err: number
  readonly zxid: bigint
  /** Positioned at the body; nothing remains when there is an error. */
  readonly body: JuteReader
}

export interface CallOptions {
  /** For messages: what the request does, as a noun phrase or gerund. */
  readonly what: string
  readonly timeoutMs?: number
  readonly signal?: AbortSignal
  /** Once sent, wait for the answer in spite of the signal: for writes, whose outcome must be known. */
  readonly keepWhenSent?: boolean
  /** Runs before anything that the server sent after this reply is looked at. */
  readonly onReply?: (reply: Reply) => void
}

interface Call {
  readonly what: string
  /** Set when its bytes were handed to a socket: from then on the outcome of a write is in doubt until the reply. */
  sent: boolean
  readonly request: PackageRequest
  settle(finish: () => void): void
  readonly onReply: ((reply: Reply) => void) | undefined
  readonly resolve: (reply: Reply) => void
  readonly reject: (error: Error) => void
}

export type WatchKind = 'child' | 'data' | 'exist'

/**
 * One session of node-zookeeper-client with its faults stood in front of: our own sockets (so that each server's failure is known and a silent
 * one is left), our own framing and decoding, credentials before any request on every connection, pings and a liveness limit,
 * a deadline on every call, and every call ended when the session ends.
 */
export class PackageSession {
  private readonly manager: PackageConnectionManager
  private readonly wire: WireOptions
  private readonly calls = new Set<Call>()
  private readonly callOf = new WeakMap<PackageRequest, Call>()
  private readonly stateListeners = new Set<(state: SessionState) => void>()
  private readonly stop = new AbortController()
  private readonly splitter = new FrameSplitter((buffer, start, end) => this.onFrame(buffer, start, end))
  private readonly liveness: NodeJS.Timeout

  private server: ServerAddress
  private serverIndex: number
  private failures: ServerFailure[] = []
  /** Why we ourselves close the socket of a server that is being tried. */
  private answerFailure: ZooKeeperError | null = null
  private answerTimer: NodeJS.Timeout | undefined
  private authAnswersMissing = 0
  /** While SASL goes on, the answer to our connect request waits: the package must send nothing before it is over. */
  private sasl: { readonly exchange: SaslExchange; readonly connectResponse: Buffer } | null = null
  private lastReceivedAt = 0
  private lastSentAt = 0
  private disconnectedAt = 0
  private highestZxid = 0n
  private isReady = false
  /** Why the session is over; null while it lives. */
  private ending: ZooKeeperError | null = null
  private onFirstRound: ((error: Error | null) => void) | null = null

  private constructor(wire: WireOptions, startIndex: number) {
    this.wire = wire
    this.serverIndex = startIndex
    const [first] = wire.servers
    if (!first) throw new ZooKeeperError('BAD_CONNECT_STRING', 'There is no server to connect to')
    this.server = first
    // The package never sees the servers or the chroot: both are handled here.
    const client = zookeeper.createClient('127.0.0.1:1', { sessionTimeout: wire.sessionTimeoutMs, retries: 0 })
    this.manager = client.connectionManager
    this.manager.xid = 1
    this.manager.connect = () => this.onConnectAsked()
    this.manager.onSocketTimeout = () => undefined
    this.manager.on('state', (state: number) => this.onManagerState(state))
    this.liveness = setInterval(() => this.onTick(), 250)
  }

  /** Resolves when the session is established and every credential accepted. One round over all servers, within the connect timeout. */
  static async open(wire: WireOptions, options: { startIndex: number; signal?: AbortSignal }): Promise<PackageSession> {
    const session = new PackageSession(wire, options.startIndex)
    try {
      await session.connectFirst(options.signal)
      return session
    } catch (error) {
      await session.close()
      throw error
    }
  }

  get sessionId(): bigint {
    return this.manager.sessionId.readBigInt64BE()
  }

  get password(): Buffer {
    return this.manager.sessionPassword
  }

  get connectedServer(): ServerAddress {
    return this.server
  }

  /** Bytes of the largest request that the servers take. */
  get requestBytesMax(): number {
    return this.wire.requestBytesMax
  }

  get lastZxid(): bigint {
    return this.highestZxid
  }

  onState(listener: (state: SessionState) => void): () => void {
    this.stateListeners.add(listener)
    return () => this.stateListeners.delete(listener)
  }

  /**
   * One request. Rejects with CONNECTION_LOST or REQUEST_TIMEOUT whose `details.sent` tells whether the server may have got it, with SESSION_EXPIRED,
   * AUTH_FAILED or CLOSED when the session is over, and with CancelledError. A request that has not been sent when it ends is never sent.
   */
  call(op: number, body: Buffer, options: CallOptions): Promise<Reply> {
    return new Promise((resolve, reject) => {
      if (this.ending) return reject(this.endingFor(options.what))
      const sizeBytes = REQUEST_HEADER_BYTES + body.length
      if (sizeBytes > this.wire.requestBytesMax)
        return reject(tooLarge(options.what, sizeBytes, this.wire.requestBytesMax))
      if (options.signal?.aborted) return reject(new CancelledError(`${options.what} was cancelled`))
      const timeoutMs = options.timeoutMs ?? this.wire.requestTimeoutMs
      const onAbort = () => {
        if (call.sent && options.keepWhenSent) return
        this.drop(call, new CancelledError(`${options.what} was cancelled`))
      }
      const timer = setTimeout(() => this.drop(call, timedOut(options.what, timeoutMs, call.sent)), timeoutMs)
      const settle = (finish: () => void) => {
        clearTimeout(timer)
        options.signal?.removeEventListener('abort', onAbort)
        if (this.calls.delete(call)) finish()
      }
      // Reported as a multi, the one operation for which the package asks nothing of the reply; the real code is in the bytes.
      const header = { xid: 0, type: OP.multi }
      const request = {
        header,
        toBuffer: () => {
          call.sent = true
          this.lastSentAt = Date.now()
          return frame(header.xid, op, body)
        },
      }
      const call: Call = { what: options.what, sent: false, request, settle, onReply: options.onReply, resolve, reject }
      options.signal?.addEventListener('abort', onAbort, { once: true })
      this.calls.add(call)
      this.callOf.set(request, call)
      this.manager.queue(request, () => this.onLost(call))
    })
  }

  /** Registers with the package, which arms it again after a reconnect. The server has to be asked by a request of its own. */
  addWatcher(kind: WatchKind, serverPath: string, watcher: () => void): void {
    const { watcherManager } = this.manager
    if (kind === 'child') watcherManager.registerChildWatcher(serverPath, watcher)
    else if (kind === 'data') watcherManager.registerDataWatcher(serverPath, watcher)
    else watcherManager.registerExistenceWatcher(serverPath, watcher)
  }

  removeWatcher(serverPath: string, watcher: () => void): void {
    const { childWatchers, dataWatchers, existenceWatchers } = this.manager.watcherManager
    for (const watchers of [childWatchers, dataWatchers, existenceWatchers]) {
      watchers[serverPath]?.removeListener('notification', watcher)
      if (watchers[serverPath]?.listenerCount('notification') === 0) delete watchers[serverPath]
    }
  }

  /** Ends the session at the server where there is one to tell, and every open call with CLOSED. */
  async close(): Promise<void> {
    const socket = this.manager.socket
    const canSayGoodbye = this.ending === null && this.manager.state === STATE.connected && socket && !socket.destroyed
    if (canSayGoodbye) {
      const closed = new Promise<void>((resolve) => {
        const timer = setTimeout(() => socket.destroy(), CLOSE_TIMEOUT_MS)
        socket.once('close', () => {
          clearTimeout(timer)
          resolve()
        })
      })
      this.finish(new ZooKeeperError('CLOSED', 'The connection is closed'), 'closed', { keepSocket: true })
      this.manager.setState(STATE.closing)
      this.manager.queue(packetOf(0, OP.closeSession, (xid) => frame(xid, OP.closeSession, NOTHING)).request)
      await closed
    } else {
      this.finish(new ZooKeeperError('CLOSED', 'The connection is closed'), 'closed')
    }
  }

  private connectFirst(signal: AbortSignal | undefined): Promise<void> {
    return new Promise((resolve, reject) => {
      const settle = (error: Error | null) => {
        clearTimeout(timer)
        signal?.removeEventListener('abort', onAbort)
        this.onFirstRound = null
        if (error) reject(error)
        else resolve()
      }
      const onAbort = () => settle(new CancelledError('Connecting was cancelled'))
      const timer = setTimeout(
        () => settle(this.roundFailure() ?? silentServer(this.server, this.wire.connectTimeoutMs)),
        this.wire.connectTimeoutMs,
      )
      this.onFirstRound = settle
      if (signal?.aborted) return onAbort()
      signal?.addEventListener('abort', onAbort, { once: true })
      this.manager.connect()
    })
  }

  private roundFailure(): ZooKeeperError | null {
    return this.failures.length > 0 ? summarizeFailures(this.failures) : null
  }

  /** The package asks for a connection at the beginning and after each loss; this goes on until there is one. */
  private onConnectAsked(): void {
    if (this.ending) return
    this.manager.setState(STATE.connecting)
    this.dialUntilConnected().catch((error: unknown) => {
      if (!this.ending) this.finish(toError(error), 'closed')
    })
  }

  private async dialUntilConnected(): Promise<void> {
    const { servers } = this.wire
    while (!this.ending) {
      if (this.failures.length >= servers.length) {
        const failure = this.roundFailure()
        if (this.onFirstRound) {
          this.onFirstRound(failure)
          return
        }
        if (this.isPastItsTimeout(failure)) {
          this.finish(expired(), 'expired')
          return
        }
        this.failures = []
        await pause(Math.random() * this.retryDelayMs(), this.stop.signal)
        if (this.ending) return
      }
      const server = servers[this.serverIndex++ % servers.length] ?? this.server
      this.server = server
      try {
        const socket = await reach(server, this.wire.tls, { timeoutMs: this.shareMs(), signal: this.stop.signal })
        this.attach(socket, server)
        return
      } catch (error) {
        if (this.ending) return
        this.failures.push({ server, error: toError(error) })
      }
    }
  }

  /** After a restore to an older state, servers close without an answer because we have seen a newer one: the session cannot come back. */
  private isPastItsTimeout(failure: ZooKeeperError | null): boolean {
    return (
      failure?.code === 'NOT_SERVING' &&
      this.disconnectedAt > 0 &&
      Date.now() - this.disconnectedAt > this.manager.sessionTimeout
    )
  }

  private retryDelayMs(): number {
    return Math.min(RETRY_DELAY_MAX_MS, 200 + (this.disconnectedAt === 0 ? 0 : (Date.now() - this.disconnectedAt) / 2))
  }

  private shareMs(): number {
    const { connectTimeoutMs, servers } = this.wire
    // A little less than the whole, so that a single server's own cause is known before the deadline of the round.
    return Math.min(connectTimeoutMs * 0.95, Math.max(1_000, Math.floor(connectTimeoutMs / servers.length)))
  }

  private attach(socket: Socket, server: ServerAddress): void {
    const { manager } = this
    this.splitter.reset()
    this.sasl = null
    manager.pendingBuffer = null
    manager.socket = socket
    this.lastReceivedAt = this.lastSentAt = Date.now()
    socket.on('data', (chunk: Buffer) => {
      if (manager.socket === socket) this.onData(chunk)
    })
    socket.on('drain', () => {
      if (manager.socket === socket) manager.onSocketDrain()
    })
    socket.on('close', (hadError) => {
      clearTimeout(this.answerTimer)
      if (manager.socket !== socket) return
      if (manager.state === STATE.connecting && !this.ending) {
        this.failures.push({ server, error: this.answerFailure ?? closedBeforeAnswer(server, socket) })
      }
      this.answerFailure = null
      manager.onSocketClosed(hadError)
    })
    this.answerTimer = setTimeout(() => {
      this.answerFailure = silentServer(server, this.shareMs())
      socket.destroy()
    }, this.shareMs())
    this.sendHello(socket)
  }

  /** Connect request, credentials and watches go out before anything that waits in the queue. */
  private sendHello(socket: Socket): void {
    const { manager, wire } = this
    const hasSession = this.sessionId !== 0n
    socket.write(
      encodeConnectRequest({
        sessionId: this.sessionId,
        password: hasSession ? manager.sessionPassword : newTicket(0).password,
        lastZxid: hasSession ? this.highestZxid : 0n,
        timeoutMs: wire.sessionTimeoutMs,
      }),
    )
    const credentials = splitCredentials(wire.credentials).auth
    this.authAnswersMissing = credentials.length
    const auth = credentials.map((credential) => packetOf(XID.auth, OP.auth, () => encodeAuth(credential)))
    const watches = hasSession ? encodeSetWatches(manager.watcherManager, this.highestZxid) : []
    for (const packet of [...auth, ...watches].reverse()) manager.packetQueue.unshift(packet)
  }

  private onData(chunk: Buffer): void {
    this.lastReceivedAt = Date.now()
    try {
      this.splitter.push(chunk)
    } catch (error) {
      this.answerFailure = this.manager.state === STATE.connecting ? notZooKeeper(this.server) : toError(error)
      this.manager.socket?.destroy()
    }
  }

  private onFrame(buffer: Buffer, start: number, end: number): void {
    const { manager } = this
    if (manager.state === STATE.connecting) {
      if (this.sasl) this.onSaslReply(this.sasl, new JuteReader(buffer, start, end))
      else this.onConnectResponse(buffer, start, end)
      return
    }
    const reader = new JuteReader(buffer, start, end)
    const xid = reader.int()
    const zxid = reader.long()
    const err = reader.int()
    if (xid === XID.ping) return
    if (xid === XID.event) {
      this.onEvent(reader)
      return
    }
    if (err === ERR.saslRequired) {
      this.refuse(saslRequired(this.server))
      return
    }
    if (xid === XID.auth) {
      if (err !== 0) this.onAuthRefused(err)
      else if (--this.authAnswersMissing === 0) this.becomeReady()
      return
    }
    const packet = manager.pendingQueue.shift()
    if (!packet || packet.request.header.xid !== xid) {
      // Replies out of step: whatever is unanswered is in doubt, and the package says so to each when the socket closes.
      if (packet) manager.pendingQueue.unshift(packet)
      manager.socket?.destroy()
      return
    }
    if (zxid > this.highestZxid) {
      this.highestZxid = zxid
      manager.zxid.writeBigInt64BE(zxid)
    }
    const call = this.callOf.get(packet.request)
    call?.settle(() => {
      const reply = { err, zxid, body: reader }
      call.onReply?.(reply)
      call.resolve(reply)
    })
  }

  private onConnectResponse(buffer: Buffer, start: number, end: number): void {
    const { manager } = this
    const connectResponse = Buffer.from(buffer.subarray(start - 4, end))
    try {
      decodeConnectResponse(new JuteReader(buffer, start, end), this.server, newTicket(0))
    } catch (error) {
      if (!(error instanceof ZooKeeperError) || error.code !== 'SESSION_EXPIRED') {
        this.answerFailure = toError(error)
        manager.socket?.destroy()
        return
      }
      this.takeOver(connectResponse)
      return
    }
    const { sasl } = splitCredentials(this.wire.credentials)
    if (sasl === null) {
      this.takeOver(connectResponse)
      return
    }
    const exchange = new SaslExchange(this.server, sasl.id)
    this.sasl = { exchange, connectResponse }
    manager.socket?.write(exchange.begin())
  }

  private onSaslReply({ exchange, connectResponse }: NonNullable<PackageSession['sasl']>, reply: JuteReader): void {
    let request: Buffer | null
    try {
      request = exchange.next(reply)
    } catch (error) {
      this.refuse(toError(error))
      return
    }
    if (request !== null) {
      this.manager.socket?.write(request)
      return
    }
    this.sasl = null
    this.takeOver(connectResponse)
  }

  /** The package takes over id, password and timeout, and moves to connected or to expired. */
  private takeOver(connectResponse: Buffer): void {
    clearTimeout(this.answerTimer)
    this.manager.onSocketData(connectResponse)
  }

  private onEvent(reader: JuteReader): void {
    const type = reader.int()
    reader.int()
    const path = reader.string()
    // The package throws on the types that only removed watches have.
    if (type >= EVENT.created && type <= EVENT.childrenChanged) this.manager.watcherManager.emit({ type, path })
  }

  private onAuthRefused(err: number): void {
    this.refuse(authFailed(this.wire.credentials, err))
  }

  /** Trying again would end the same: who we are is not accepted. */
  private refuse(error: ZooKeeperError): void {
    this.manager.setState(STATE.authFailed)
    this.onFirstRound?.(error)
    this.finish(error, 'closed')
  }

  private onManagerState(state: number): void {
    if (this.ending) return
    if (state === STATE.connected) {
      if (this.authAnswersMissing === 0) this.becomeReady()
    } else if (state === STATE.disconnected) {
      if (this.isReady) {
        this.isReady = false
        this.disconnectedAt = Date.now()
        this.emitState('disconnected')
      }
    } else if (state === STATE.sessionExpired) {
      this.onFirstRound?.(expired())
      this.finish(expired(), 'expired')
    }
  }

  private becomeReady(): void {
    this.isReady = true
    this.failures = []
    this.disconnectedAt = 0
    if (this.onFirstRound) this.onFirstRound(null)
    else this.emitState('connected')
  }

  /** The package calls back with an error when the socket closed under a request that was sent. */
  private onLost(call: Call): void {
    call.settle(() =>
      call.reject(
        this.ending
          ? this.endingFor(call.what)
          : new ZooKeeperError('CONNECTION_LOST', `The connection was lost before ${call.what} was answered`, {
              details: { sent: true },
            }),
      ),
    )
  }

  private drop(call: Call, error: Error): void {
    if (!call.sent) {
      const { queue } = this.manager.packetQueue
      const at = queue.findIndex((packet) => packet.request === call.request)
      if (at !== -1) queue.splice(at, 1)
    }
    call.settle(() => call.reject(error))
  }

  private onTick(): void {
    const { manager } = this
    const socket = manager.socket
    if (this.ending || manager.state !== STATE.connected || !socket) return
    const now = Date.now()
    if (now - this.lastReceivedAt > (manager.sessionTimeout * 2) / 3) {
      socket.destroy()
    } else if (now - this.lastSentAt >= manager.sessionTimeout / 3) {
      this.lastSentAt = now
      manager.queue(packetOf(XID.ping, OP.ping, (xid) => frame(xid, OP.ping, NOTHING)).request)
    }
  }

  /** The one way to the end, taken once: timers stop, every open call is answered, whatever was queued is never sent. */
  private finish(error: ZooKeeperError, state: 'expired' | 'closed', options: { keepSocket?: boolean } = {}): void {
    if (this.ending) return
    this.ending = error
    clearInterval(this.liveness)
    clearTimeout(this.answerTimer)
    this.stop.abort()
    this.manager.packetQueue.queue.length = 0
    for (const call of [...this.calls]) call.settle(() => call.reject(this.endingFor(call.what, call.sent)))
    this.emitState(state)
    if (options.keepSocket) return
    this.manager.socket?.destroy()
  }

  private endingFor(what: string, sent = false): ZooKeeperError {
    const ending = this.ending ?? new ZooKeeperError('CLOSED', 'The connection is closed')
    return new ZooKeeperError(ending.code, `${ending.message}: ${what} was not ${sent ? 'answered' : 'sent'}`, {
      details: { ...ending.details, sent },
      remedy: ending.remedy,
      cause: ending,
    })
  }

  private emitState(state: SessionState): void {
    for (const listener of [...this.stateListeners]) listener(state)
  }
}

function tooLarge(what: string, sizeBytes: number, limitBytes: number): ZooKeeperError {
  return new ZooKeeperError(
    'REQUEST_TOO_LARGE',
    `${what} needs a request of ${sizeBytes} bytes; the server accepts ${limitBytes} (jute.maxbuffer)`,
    { details: { sent: false, sizeBytes, limitBytes }, unaffected: 'nothing was sent' },
  )
}

function timedOut(what: string, timeoutMs: number, sent: boolean): ZooKeeperError {
  return new ZooKeeperError(
    'REQUEST_TIMEOUT',
    sent
      ? `The cluster did not answer ${what} within ${timeoutMs} ms`
      : `The cluster could not be reached for ${what} within ${timeoutMs} ms`,
    { details: { sent, timeoutMs }, unaffected: sent ? undefined : 'nothing was sent' },
  )
}

export function expired(): ZooKeeperError {
  return new ZooKeeperError('SESSION_EXPIRED', 'The session with the cluster has expired', { remedy: 'connect again' })
}

function toError(error: unknown): ZooKeeperError {
  if (error instanceof ZooKeeperError) return error
  return new ZooKeeperError('CONNECTION_LOST', error instanceof Error ? error.message : String(error), { cause: error })
}

function pause(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const done = () => {
      clearTimeout(timer)
      signal.removeEventListener('abort', done)
      resolve()
    }
    const timer = setTimeout(done, ms)
    signal.addEventListener('abort', done, { once: true })
  })
}
