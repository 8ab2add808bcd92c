import type { Socket } from 'node:net'
import { join } from 'node:path'
import type { CertificateFacts } from '../../../../base/certificates.ts'
import { CancelledError } from '../../../../base/errors.ts'
import { formatHex64 } from '../../../../base/hex64.ts'
import { invariant } from '../../../../base/invariant.ts'
import { epochOf, findGap } from '../../../../domain/txnlog/continuity.ts'
import type { AclCache } from '../../../../domain/txnlog/decode-txn.ts'
import type { ServerAddress } from '../../connect-string.ts'
import { ObserverError } from '../../errors.ts'
import type { BodySink, ObservedBatch, ObserverSession, ObserverStart, OpenObserverOptions } from '../../observer.ts'
import { peerCertificateOf, tlsFaultOf } from '../tls.ts'
import { openBodyFile } from './body-file.ts'
import { BodySkim } from './body-skim.ts'
import {
  closedAtOnce,
  diskFault,
  lost,
  needsSnapshot,
  outOfOrder,
  protocolFault,
  silent,
  tooMany,
  tooSlow,
  toTlsFault,
} from './faults.ts'
import { PACKET, PacketReader, type QuorumPacket, SAYS_LITTLE } from './packet-reader.ts'
import { ProgressWatch } from './progress-watch.ts'
import { Proposals } from './proposals.ts'
import { QuorumWriter } from './quorum-writer.ts'
import { toEntry } from './to-entry.ts'
import { TxnQueue } from './txn-queue.ts'
import { watchSpace } from './watch-space.ts'

/** The half of a zxid that counts the transactions of an epoch. */
const COUNTER = 0xffff_ffffn
const BACKLOG_BYTES_MAX = 64 << 20
/** Longest wait for our own disk, while the leader keeps for us whatever is written. */
const STALL_LIMIT_MS = 10_000
const PROGRESS_BYTES = 1 << 20
/** What a TLS alert begins with: what was sent without TLS was no handshake. */
const TLS_ALERT = 0x15

export interface QuorumSessionOptions extends OpenObserverOptions {
  readonly handshakeTimeoutMs: number
  readonly silenceLimitMs: number
}

/** What the leader is expected to say next. */
type Phase = 'epoch' | 'beginning' | 'body' | 'catching up' | 'starting' | 'following' | 'ended'

/**
 * One connection to a leader, from OBSERVERINFO on. Everything is done as it arrives, so that pings are answered and the leader need not keep
 * anything for us, however busy the reader is.
 */
export class QuorumSession implements ObserverSession {
  readonly peer: ServerAddress
  readonly #socket: Socket
  readonly #options: QuorumSessionOptions
  readonly #writer: QuorumWriter
  readonly #packets = new PacketReader()
  readonly #skim = new BodySkim()
  readonly #queue = new TxnQueue()
  readonly #proposals = new Proposals()
  readonly #acls: AclCache = new Map()
  readonly #progress = new ProgressWatch({
    limitMs: () => {
      const { handshakeTimeoutMs, silenceLimitMs } = this.#options
      const isStarting = this.#phase !== 'following' && this.#phase !== 'body'
      return isStarting ? Math.max(handshakeTimeoutMs, silenceLimitMs) : silenceLimitMs
    },
    isPaused: () => this.#stall !== null,
    onSilent: (limitMs) => this.#giveUp(limitMs),
  })
  #phase: Phase = 'epoch'
  #epoch = 0n
  #start: ObserverStart | null = null
  #body: BodySink | null = null
  /** What the start stands for: what has a lower zxid is in it. */
  #base = 0n
  /** Of the last transaction that was passed on. */
  #last = 0n
  #newest = 0n
  #heardAt = Date.now()
  #stall: NodeJS.Timeout | null = null
  #reported = 0
  #opened: { resolve(session: QuorumSession): void; reject(error: unknown): void } | null = null
  #ended: Promise<void> | null = null

  /** Takes the socket over: it is closed when this fails, and by `close`. */
  static open(socket: Socket, peer: ServerAddress, options: QuorumSessionOptions): Promise<QuorumSession> {
    const session = new QuorumSession(socket, peer, options)
    return session.#begin()
  }

  private constructor(socket: Socket, peer: ServerAddress, options: QuorumSessionOptions) {
    this.#socket = socket
    this.peer = peer
    this.#options = options
    this.#writer = new QuorumWriter(socket)
  }

  get certificate(): CertificateFacts | null {
    return peerCertificateOf(this.#socket)
  }
  get epoch(): bigint {
    return this.#epoch
  }

  get start(): ObserverStart {
    invariant(this.#start !== null, 'a session that nobody has yet is asked how it began')
    return this.#start
  }

  get heard(): { readonly at: number; readonly zxid: bigint } {
    return { at: this.#heardAt, zxid: this.#newest }
  }

  transactions(): AsyncIterable<ObservedBatch> {
    return this.#queue.read()
  }

  async close(): Promise<void> {
    this.#queue.close()
    await this.#end()
  }

  #begin(): Promise<QuorumSession> {
    return new Promise((resolve, reject) => {
      this.#opened = { resolve, reject }
      const { signal } = this.#options
      if (signal?.aborted) return this.#onAbort()
      signal?.addEventListener('abort', this.#onAbort, { once: true })
      this.#socket.on('data', this.#onData)
      this.#socket.on('close', this.#onClose)
      if (this.#socket.destroyed) return this.#onClose()
      this.#progress.start()
      this.#socket.resume()
      this.#writer.observerInfo()
    })
  }

  readonly #onAbort = () => this.#fail(new CancelledError('Listening to the leader was cancelled'))

  readonly #onClose = () => {
    const fault = tlsFaultOf(this.#socket)
    if (fault) this.#fail(toTlsFault(fault))
    else if (this.#phase === 'epoch') this.#fail(closedAtOnce(this.peer, this.#socket))
    else if (this.#phase === 'beginning') this.#fail(tooMany(this.peer))
    else this.#fail(lost(this.peer, 'closed the connection'))
  }

  readonly #onData = (chunk: Buffer) => {
    if (this.#phase === 'ended') return
    this.#heardAt = Date.now()
    try {
      if (this.#phase === 'epoch' && chunk[0] === TLS_ALERT) throw closedAtOnce(this.peer, this.#socket)
      let at = 0
      while (at < chunk.length && !this.#hasEnded) {
        if (this.#phase === 'body') {
          const from = at
          at = this.#takeBody(chunk, at)
          this.#progress.received(at - from)
        } else {
          at = this.#packets.push(chunk, at)
          const packet = this.#packets.take()
          if (packet) this.#handle(packet)
        }
      }
      if (this.#packets.heldBytes > 0) this.#progress.received(chunk.length)
    } catch (error) {
      this.#fail(error)
    }
  }

  get #hasEnded(): boolean {
    return this.#phase === 'ended'
  }

  #handle(packet: QuorumPacket): void {
    if (this.#phase === 'following' || !SAYS_LITTLE.has(packet.type)) this.#progress.step()
    if (this.#phase === 'epoch') this.#takeEpoch(packet)
    else if (this.#phase === 'beginning') this.#takeBeginning(packet)
    else this.#listen(packet)
  }

  #listen(packet: QuorumPacket): void {
    const { type, zxid } = packet
    switch (type) {
      case PACKET.ping:
        this.#name(zxid)
        // Until the beginning is acknowledged a leader takes anything else for an error.
        if (this.#phase !== 'catching up') this.#writer.answerPing(zxid)
        return
      case PACKET.proposal:
        this.#proposals.add(packet)
        return
      case PACKET.commit:
      case PACKET.commitAndActivate:
        this.#pass(zxid, this.#proposals.commit(zxid))
        return
      case PACKET.inform:
        this.#pass(zxid, packet.data)
        return
      case PACKET.informAndActivate:
        // In front of the entry stands who is to lead next.
        this.#pass(zxid, packet.data?.subarray(8) ?? null)
        return
      case PACKET.newLeader:
        if (this.#phase !== 'catching up') throw protocolFault('a second beginning')
        this.#writer.ackBeginning(zxid)
        this.#phase = 'starting'
        return
      case PACKET.upToDate:
        if (this.#phase !== 'starting') throw protocolFault('an end of the beginning before there was one')
        this.#writer.ackBeginning(this.#epoch << 32n)
        this.#phase = 'following'
        this.#queue.sync(this.#heardAt)
        return
      case PACKET.sync:
      case PACKET.revalidate:
        // Answers to what only members with clients ask.
        return
      default:
        throw protocolFault(`a packet of type ${type}, which is none for an observer`)
    }
  }

  #takeEpoch({ type, zxid, data }: QuorumPacket): void {
    if (type !== PACKET.leaderInfo) throw protocolFault(`a packet of type ${type} in place of its epoch`)
    if (data === null || data.length < 4) throw protocolFault('an epoch without a version of the protocol')
    this.#writer.ackEpoch(zxid, this.#options.from)
    this.#epoch = epochOf(zxid)
    this.#phase = 'beginning'
  }

  #takeBeginning({ type, zxid }: QuorumPacket): void {
    const { from, acceptSnapshot = true, scratchDir, openBody = openBodyFile } = this.#options
    switch (type) {
      case PACKET.snapshot: {
        if (!acceptSnapshot) throw needsSnapshot(this.peer, from)
        const path = join(scratchDir, `snapshot.${zxid.toString(16)}`)
        const fail = (error: unknown) => this.#fail(diskFault(error, path))
        const events = { pause: () => this.#pause(), resume: () => this.#resume(), fail }
        this.#body = watchSpace(openBody(path, events), scratchDir, events)
        this.#beginAt(zxid)
        this.#phase = 'body'
        break
      }
      case PACKET.diff:
        this.#beginAt(from)
        this.#catchUp({ kind: 'diff', zxid })
        break
      case PACKET.truncate:
        if (zxid > from) throw protocolFault(`a word to take back up to ${formatHex64(zxid)}, which was never here`)
        this.#beginAt(zxid)
        this.#catchUp({ kind: 'truncate', zxid })
        break
      default:
        throw protocolFault(`a packet of type ${type} in place of its tree`)
    }
    this.#name(zxid)
  }

  #beginAt(zxid: bigint): void {
    this.#assertOfEpoch(zxid)
    this.#base = zxid
    this.#last = zxid
  }

  #catchUp(start: ObserverStart): void {
    this.#phase = 'catching up'
    this.#resolve(start)
  }

  #resolve(start: ObserverStart): void {
    this.#start = start
    this.#opened?.resolve(this)
    this.#opened = null
  }

  #takeBody(chunk: Buffer, at: number): number {
    const body = this.#body!
    const next = this.#skim.push(chunk, at)
    body.add(chunk.subarray(at, this.#skim.bodyEnd))
    const { onProgress } = this.#options
    if (onProgress && (this.#skim.isDone || body.bytes - this.#reported >= PROGRESS_BYTES)) {
      this.#reported = body.bytes
      onProgress({ bytes: body.bytes })
    }
    if (this.#skim.isDone) {
      this.#progress.step()
      this.#phase = 'catching up'
      void this.#keepBody(body)
    }
    return next
  }

  async #keepBody(body: BodySink): Promise<void> {
    try {
      await body.finish()
    } catch (error) {
      const fault = diskFault(error, body.path)
      this.#fail(fault)
      this.#reject(fault)
      return
    }
    // Nobody wants it any more.
    if (this.#body !== body) return
    this.#body = null
    this.#resolve({ kind: 'snapshot', zxid: this.#base, file: body.path, bytes: body.bytes })
  }

  #pass(zxid: bigint, data: Buffer | null): void {
    if (data === null) throw protocolFault('a transaction of nothing')
    const entry = toEntry(data, this.#acls)
    if (entry.zxid !== zxid) {
      throw protocolFault(`the transaction ${formatHex64(entry.zxid)} under the number ${formatHex64(zxid)}`)
    }
    this.#assertOfEpoch(zxid)
    this.#name(zxid)
    // What the leader had applied before it began to send its tree is in the tree, and is sent once more.
    if (zxid <= this.#base && this.#last === this.#base) return
    const gap = findGap(this.#last, entry)
    if (gap) throw outOfOrder(gap)
    this.#last = zxid
    this.#queue.push(entry, this.#heardAt)
    const { backlogBytesMax = BACKLOG_BYTES_MAX } = this.#options
    if (this.#queue.bytes > backlogBytesMax) {
      throw tooSlow(this.peer, `${Math.round(this.#queue.bytes / 1024)} KiB of transactions wait to be worked on here`)
    }
  }

  /** Nobody leads what a later leader has begun. */
  #assertOfEpoch(zxid: bigint): void {
    if (zxid >= 0n && epochOf(zxid) <= this.#epoch) return
    throw protocolFault(`the number ${formatHex64(zxid)}, which is of no epoch up to its own, ${this.#epoch}`)
  }

  #name(zxid: bigint): void {
    // Until its first transaction a new leader names its epoch alone: that is nothing that could come.
    if (zxid > this.#newest && (zxid & COUNTER) !== 0n && epochOf(zxid) <= this.#epoch) this.#newest = zxid
  }

  #pause(): void {
    this.#socket.pause()
    const { peer } = this
    this.#stall = setTimeout(
      () => this.#fail(tooSlow(peer, `the disk took nothing more for ${STALL_LIMIT_MS / 1000} s`)),
      STALL_LIMIT_MS,
    )
  }

  #resume(): void {
    if (this.#stall) clearTimeout(this.#stall)
    this.#stall = null
    this.#progress.step()
    this.#socket.resume()
  }

  #giveUp(limitMs: number): void {
    const isHeard = this.#heardAt > this.#progress.at
    this.#fail(silent(this.peer, { limitMs, isHeard, isFirst: this.#phase === 'epoch' }))
  }

  #fail(error: unknown): void {
    if (this.#hasEnded) return
    this.#queue.fail(error)
    // A whole tree is not thrown away for what comes behind it: its reader hears of the error.
    const isWhole = this.#skim.isDone && this.#body !== null && error instanceof ObserverError && error.code !== 'DISK'
    const ended = this.#end({ keepBody: isWhole })
    // Whoever hears of the failure finds no half of a file.
    if (!isWhole) void ended.then(() => this.#reject(error))
  }

  #reject(error: unknown): void {
    this.#opened?.reject(error)
    this.#opened = null
  }

  #end({ keepBody = false } = {}): Promise<void> {
    if (this.#ended) return this.#ended
    this.#phase = 'ended'
    this.#progress.stop()
    if (this.#stall) clearTimeout(this.#stall)
    this.#options.signal?.removeEventListener('abort', this.#onAbort)
    this.#socket.off('data', this.#onData)
    this.#socket.off('close', this.#onClose)
    this.#socket.destroy()
    this.#proposals.clear()
    if (keepBody) return Promise.resolve()
    const body = this.#body
    this.#body = null
    this.#ended = body ? body.discard().catch(() => undefined) : Promise.resolve()
    return this.#ended
  }
}
