import type { WriteOperation, WriteOutcome, WrittenStat } from '../../../domain/restore/ports.ts'
import type { Acl } from '../../../domain/znode/acl.ts'
import { ZnodeError } from '../../../domain/znode/errors.ts'
import { joinPath, parsePath, ROOT } from '../../../domain/znode/path.ts'
import type { ChildrenPage, SubtreeOptions, ZnodeReading } from '../../../domain/znode/ports.ts'
import { describeServerError } from '../../../domain/znode/server-errors.ts'
import type { ZnodeStream } from '../../../domain/znode/znode.ts'
import type { ClusterConnection, LiveEvent, LiveWalk, MoveFeed, WalkOptions } from '../connection.ts'
import { ZooKeeperError } from '../errors.ts'
import type { BulkPool } from './bulk-pool.ts'
import { BULK_PATHS_MIN, BulkReads } from './bulk-reads.ts'
import { ChildrenPages } from './children-pages.ts'
import { formatTicket } from './end-session.ts'
import { encodeRecord, type JuteReader, JuteWriter } from './jute.ts'
import { openMoveFeed } from './move-feed.ts'
import { expired, type PackageSession, type Reply, type SessionState } from './package-session.ts'
import {
  AclInterner,
  CREATE_FLAG,
  ERR,
  fromServerPath,
  MULTI_HEADER_BYTES,
  MULTI_OVERHEAD_BYTES,
  OP,
  REQUEST_HEADER_BYTES,
  readMultiHeader,
  readNames,
  readStat,
  STAT_BYTES,
  toServerPath,
  writeAcl,
} from './protocol.ts'
import { TreeWalk } from './tree-walk.ts'
import { WatchRegistry } from './watch-registry.ts'
import { encodeAlone, encodeMulti, isInDoubt, measureOperation, toRefusalCode } from './write-request.ts'
import { serverError, ZnodeReads } from './znode-read.ts'

const COUNT_WINDOW = 64
/** After bulk sessions failed, reads do without them for so long. */
const BULK_PAUSE_MS = 30_000

type CreateInput = Parameters<ClusterConnection['create']>[0]
type Refused = Extract<WriteOutcome<unknown>, { kind: 'refused' }>
type Unknown = Extract<WriteOutcome<unknown>, { kind: 'unknown' }>

/** One live cluster: interactive reads, watches and writes over the package's session, bulk reads over the pool. */
export class ZooKeeperConnection implements ClusterConnection {
  /** Room for operations in one multi: the server's limit on a request without what a multi costs by itself. */
  readonly requestBytesMax: number
  readonly aloneBytesMax: number
  readonly serverVersion: string | null
  private readonly session: PackageSession
  private readonly pool: BulkPool
  private readonly chroot: string
  private readonly acls = new AclInterner()
  private readonly reads: ZnodeReads
  private readonly bulkReads: BulkReads
  private readonly pages: ChildrenPages
  private readonly watches: WatchRegistry
  private readonly listeners = new Set<(event: LiveEvent) => void>()
  private closing: Promise<void> | null = null
  /** Writes that went out and whose answer was lost; and how many of them there were before the last sync that came back. */
  private doubts = 0
  private doubtsSettled = 0
  private bulkAgainAt = 0

  constructor(input: { session: PackageSession; pool: BulkPool; chroot: string; serverVersion: string | null }) {
    this.session = input.session
    this.requestBytesMax = input.session.requestBytesMax - MULTI_OVERHEAD_BYTES
    this.aloneBytesMax = input.session.requestBytesMax - REQUEST_HEADER_BYTES + MULTI_HEADER_BYTES
    this.pool = input.pool
    this.chroot = input.chroot
    this.serverVersion = input.serverVersion
    this.reads = new ZnodeReads(this.session, this.chroot, this.acls)
    this.bulkReads = new BulkReads({ pool: this.pool, chroot: this.chroot, acls: this.acls })
    this.pages = new ChildrenPages(this.reads)
    this.watches = new WatchRegistry(this.session, this.chroot, (event) => this.emit(event))
    this.session.onState((state) => this.onSessionState(state))
  }

  get sessionId(): bigint {
    return this.session.sessionId
  }

  get sessionTicket(): string {
    return formatTicket(this.session.sessionId, this.session.password)
  }

  get(path: string, options: { signal?: AbortSignal } = {}): Promise<ZnodeReading> {
    return this.reads.get(parsePath(path), options.signal)
  }

  listChildren(path: string, page: { after?: string; limit: number; signal?: AbortSignal }): Promise<ChildrenPage> {
    return this.pages.list(parsePath(path), page)
  }

  readSubtree(root: string, options: SubtreeOptions = {}): ZnodeStream {
    return this.openWalk([root], options, false).stream
  }

  walk(roots: readonly string[], options: WalkOptions = {}): LiveWalk {
    return this.openWalk(roots, options, true)
  }

  async readMany(paths: readonly string[], options: { signal?: AbortSignal } = {}): Promise<readonly ZnodeReading[]> {
    const { signal } = options
    const places = paths.map(parsePath)
    // A write whose answer was lost may still be on its way to the leader; behind a sync of its session it is done or never will be.
    if (this.doubts > this.doubtsSettled) await this.sync(ROOT)
    let batched = false
    if (places.length > 1) {
      try {
        batched = await this.supportsBatches(signal)
        if (batched && places.length >= BULK_PATHS_MIN && Date.now() >= this.bulkAgainAt) {
          // What this connection wrote or saw is part of what it reads, whatever server answers.
          return await this.bulkReads.readMany(places, { notBefore: this.lastZxidSeen(), signal })
        }
      } catch (error) {
        // A server that allows one connection only, or a lost one: the interactive session reads the same, slower.
        if (!(error instanceof ZooKeeperError) || error.code === 'CLOSED') throw error
        this.bulkAgainAt = Date.now() + BULK_PAUSE_MS
      }
    }
    return this.reads.readMany(places, { batched, signal })
  }

  async prepareReads(options: { signal?: AbortSignal } = {}): Promise<void> {
    if (await this.supportsBatches(options.signal)) await this.bulkReads.prepare(options.signal)
  }

  async countDescendants(path: string, options: { signal?: AbortSignal } = {}): Promise<number> {
    const { signal } = options
    const place = parsePath(path)
    if (!(await this.supportsBatches(signal))) return this.countByListing(place, signal)
    const body = encodeRecord((writer) => writer.string(this.serverPath(place)))
    const reply = await this.reads.request(OP.getAllChildrenNumber, body, { what: `counting below ${place}`, signal })
    if (reply.err === ERR.noNode) throw noNode(place)
    if (reply.err !== ERR.ok) throw serverError(`counting below ${place}`, reply.err)
    return reply.body.int()
  }

  async followMoves(roots: readonly string[], options: { signal?: AbortSignal } = {}): Promise<MoveFeed | null> {
    if (!(await this.supportsBatches(options.signal))) return null
    return openMoveFeed(this.pool, { chroot: this.chroot, roots: roots.map(parsePath), signal: options.signal })
  }

  async sync(path: string): Promise<bigint> {
    const place = this.serverPath(parsePath(path))
    const { doubts } = this
    const body = encodeRecord((writer) => writer.string(place))
    const reply = await this.reads.request(OP.sync, body, { what: 'sync' })
    if (reply.err !== ERR.ok) throw serverError('sync', reply.err)
    this.doubtsSettled = Math.max(this.doubtsSettled, doubts)
    return reply.zxid
  }

  encodedSizeOf(operation: WriteOperation): number {
    return measureOperation(this.chroot, operation)
  }

  async multi(
    operations: readonly WriteOperation[],
    options: { signal?: AbortSignal } = {},
  ): Promise<WriteOutcome<{ readonly stats: readonly (WrittenStat | null)[] }>> {
    for (const operation of operations) parsePath(operation.path)
    const [only] = operations
    if (only && operations.length === 1 && this.encodedSizeOf(only) > this.requestBytesMax)
      return this.writeAlone(only, options.signal)
    const first = operations[0]?.path ?? '/'
    const what = operations.length === 1 ? `the write to ${first}` : `the ${operations.length} writes from ${first}`
    const outcome = await this.write(OP.multi, encodeMulti(this.chroot, operations), what, options.signal)
    if (outcome.kind !== 'replied') return outcome
    const { reply } = outcome
    const stats: (WrittenStat | null)[] = []
    let failure: Refused | Unknown | null = null
    for (let index = 0; index < operations.length; index++) {
      const header = readMultiHeader(reply.body)
      if (header === null) throw new ZooKeeperError('REPLY_MALFORMED', `The answer to ${what} ends early`)
      if (header.type === -1) {
        // Before the culprit stands 0, after it -2: only the first that is not 0 says why.
        if (header.err !== ERR.ok && failure === null) {
          failure = refusedOrUnknown(header.err, index, `the ${operations[index]?.op} of ${operations[index]?.path}`)
        }
      } else {
        stats.push(readMultiResult(header.type, reply.body))
      }
    }
    return failure ?? { kind: 'done', zxid: reply.zxid, stats }
  }

  /** For what fits into a request of its own and not into a multi: the guard is in the operation itself. */
  private async writeAlone(
    operation: WriteOperation,
    signal: AbortSignal | undefined,
  ): Promise<WriteOutcome<{ readonly stats: readonly (WrittenStat | null)[] }>> {
    const { op, body } = encodeAlone(this.chroot, operation)
    const outcome = await this.write(op, body, `the ${operation.op} of ${operation.path}`, signal)
    if (outcome.kind !== 'replied') return outcome
    const { zxid, body: answer } = outcome.reply
    return { kind: 'done', zxid, stats: [operation.op === 'setData' ? readStat(answer).stat : null] }
  }

  async setAcl(
    path: string,
    acl: Acl,
    aversion: number,
    options: { signal?: AbortSignal } = {},
  ): Promise<WriteOutcome<{ readonly stat: WrittenStat }>> {
    const writer = new JuteWriter().string(this.serverPath(parsePath(path)))
    writeAcl(writer, acl)
    const outcome = await this.write(
      OP.setAcl,
      writer.int(aversion).toBuffer(),
      `the ACL change of ${path}`,
      options.signal,
    )
    if (outcome.kind !== 'replied') return outcome
    return { kind: 'done', zxid: outcome.reply.zxid, stat: readStat(outcome.reply.body).stat }
  }

  async create(input: CreateInput): Promise<WriteOutcome<{ readonly path: string }>> {
    // A sequential znode may be asked for as `/queue/`, with nothing but the number for a name.
    if (!(input.sequential && input.path.endsWith('/') && input.path.length > 1)) parsePath(input.path)
    const encoded = this.encodeCreate(input)
    if ('refusal' in encoded) return encoded.refusal
    const outcome = await this.write(encoded.op, encoded.body, `the creation of ${input.path}`)
    if (outcome.kind !== 'replied') return outcome
    const { reply } = outcome
    return { kind: 'done', zxid: reply.zxid, path: fromServerPath(this.chroot, reply.body.string()) }
  }

  lastZxidSeen(): bigint {
    const bulk = this.pool.lastZxid()
    return bulk > this.session.lastZxid ? bulk : this.session.lastZxid
  }

  watch(
    what: { dirs: readonly string[]; znodes: readonly string[] },
    onEvent: (event: LiveEvent) => void,
  ): Promise<() => void> {
    return this.watches.add({ dirs: what.dirs.map(parsePath), znodes: what.znodes.map(parsePath) }, onEvent)
  }

  onEvent(listener: (event: LiveEvent) => void): () => void {
    this.listeners.add(listener)
    return () => this.listeners.delete(listener)
  }

  close(): Promise<void> {
    this.closing ??= this.closeAll()
    return this.closing
  }

  private async closeAll(): Promise<void> {
    this.watches.close()
    await Promise.all([this.session.close(), this.pool.close()])
  }

  private openWalk(roots: readonly string[], options: WalkOptions, scaffold: boolean): TreeWalk {
    return new TreeWalk({ pool: this.pool, chroot: this.chroot, acls: this.acls, roots, scaffold, options })
  }

  /** Servers since 3.6. Asked on a bulk session, because an older server ends a connection over an operation that it does not know. */
  private async supportsBatches(signal?: AbortSignal): Promise<boolean> {
    const version = /^(\d+)\.(\d+)/.exec(this.serverVersion ?? '')
    if (version) return Number(version[1]) > 3 || (Number(version[1]) === 3 && Number(version[2]) >= 6)
    return this.pool.supportsBatches(signal)
  }

  private async countByListing(path: string, signal?: AbortSignal): Promise<number> {
    let count = -1
    let level = [path]
    while (level.length > 0) {
      const next: string[] = []
      for (let at = 0; at < level.length; at += COUNT_WINDOW) {
        const replies = await Promise.all(
          level.slice(at, at + COUNT_WINDOW).map(async (place) => ({
            place,
            reply: await this.reads.pathRead(OP.getChildren2, place, signal),
          })),
        )
        for (const { place, reply } of replies) {
          if (reply.err === ERR.noNode && place === path) throw noNode(path)
          if (reply.err !== ERR.ok && reply.err !== ERR.noNode) throw serverError(`counting below ${place}`, reply.err)
          count++
          if (reply.err === ERR.ok) for (const name of readNames(reply.body)) next.push(joinPath(place, name))
        }
      }
      level = next
    }
    return count
  }

  private encodeCreate(input: CreateInput): { op: number; body: Buffer } | { refusal: Refused } {
    // Asked for at the root, a sequential child is `/0000000001`: below the chroot, not beside it.
    const isNameless = input.sequential && input.path === ROOT
    const path = isNameless ? `${this.chroot}/` : toServerPath(this.chroot, input.path)
    const writer = new JuteWriter().string(path).bytes(input.data)
    writeAcl(writer, input.acl)
    const sequential = input.sequential ? CREATE_FLAG.sequential : 0
    switch (input.kind) {
      case 'persistent':
        return { op: OP.create, body: writer.int(CREATE_FLAG.persistent + sequential).toBuffer() }
      case 'ephemeral':
        return { op: OP.create, body: writer.int(CREATE_FLAG.ephemeral + sequential).toBuffer() }
      case 'container':
        if (sequential) return { refusal: badArguments('A container cannot be sequential') }
        return { op: OP.createContainer, body: writer.int(CREATE_FLAG.container).toBuffer() }
      case 'ttl': {
        const { ttlMs } = input
        if (ttlMs === undefined) return { refusal: badArguments('A TTL znode needs a time to live') }
        const flags = sequential ? CREATE_FLAG.ttlSequential : CREATE_FLAG.ttl
        return { op: OP.createTtl, body: writer.int(flags).long(BigInt(ttlMs)).toBuffer() }
      }
    }
  }

  /** One write, never repeated. What the server or we refuse is data; what ends before it was sent is an error; the rest is in doubt. */
  private async write(
    op: number,
    body: Buffer,
    what: string,
    signal?: AbortSignal,
  ): Promise<{ kind: 'replied'; reply: Reply } | Refused | Unknown> {
    try {
      const reply = await this.session.call(op, body, { what, signal, keepWhenSent: true })
      if (reply.err === ERR.ok) return { kind: 'replied', reply }
      if (isInDoubt(reply.err)) this.doubts++
      return refusedOrUnknown(reply.err, 0, what)
    } catch (error) {
      if (error instanceof ZooKeeperError) {
        if (error.code === 'REQUEST_TOO_LARGE') {
          return { kind: 'refused', index: 0, code: 'TOO_LARGE', message: error.message }
        }
        if (error.details.sent === true) {
          this.doubts++
          return { kind: 'unknown', message: `${error.message}; only reading back can tell whether it was done` }
        }
      }
      throw error
    }
  }

  private serverPath(path: string): string {
    return toServerPath(this.chroot, path)
  }

  private onSessionState(state: SessionState): void {
    if (state === 'expired' || state === 'closed') {
      this.watches.close()
      if (this.closing === null && state === 'expired') this.pool.close(expired()).catch(() => undefined)
    }
    this.emit({ kind: 'connection', state })
  }

  private emit(event: LiveEvent): void {
    for (const listener of [...this.listeners]) listener(event)
  }
}

function readMultiResult(type: number, body: JuteReader): WrittenStat | null {
  switch (type) {
    case OP.create:
      body.skipBytes()
      return null
    case OP.create2:
    case OP.createContainer:
    case OP.createTtl:
      body.skipBytes()
      return toWrittenStat(body)
    case OP.setData:
      return toWrittenStat(body)
    default:
      return null
  }
}

function toWrittenStat(body: JuteReader): WrittenStat | null {
  if (body.remaining < STAT_BYTES) return null
  const { czxid, mzxid, version } = readStat(body).stat
  return { czxid, mzxid, version }
}

function refusedOrUnknown(err: number, index: number, what: string): Refused | Unknown {
  if (isInDoubt(err)) {
    return { kind: 'unknown', message: `The server answered ${what} with ${describeServerError(err)}` }
  }
  return {
    kind: 'refused',
    index,
    code: toRefusalCode(err),
    message: `The server refused ${what}: ${describeServerError(err)}`,
  }
}

function badArguments(message: string): Refused {
  return { kind: 'refused', index: 0, code: 'BAD_ARGUMENTS', message }
}

function noNode(path: string): ZnodeError {
  return new ZnodeError('NO_NODE', `${path} does not exist on the cluster`, { details: { path } })
}
