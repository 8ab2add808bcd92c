import { ByteWriter } from '../../base/bytes.ts'
import type { Acl } from '../znode/acl.ts'
import { CONTAINER_OWNER, ownerFromTtl } from '../znode/stat.ts'
import type { Znode, ZnodeBatch, ZnodeKind } from '../znode/znode.ts'
import { ADLER_START, adler32, combineAdler32 } from './adler32.ts'
import { TreeDigest } from './digest.ts'
import { SnapshotError } from './errors.ts'
import { SNAPSHOT_MAGIC, SNAPSHOT_VERSION } from './read-snapshot.ts'
import { DEFAULT_LIMITS, LATER_ACL, type RecordCursor, RecordStat, STAT_BYTES } from './record.ts'
import { RecordOrder, type RecordOrderEvents } from './record-order.ts'

/** Uncompressed bytes of one block: small enough to enter anywhere, large enough to compress well. */
export const BLOCK_BYTES = 1 << 20
/** Timeout written for a session whose own timeout the source could not see: long enough for its owner to come back. */
export const DEFAULT_SESSION_TIMEOUT_MS = 30_000
const RECORD_OVERHEAD_BYTES = 4 + 4 + 8 + STAT_BYTES
const NON_ASCII = 0x80
const TWO_32 = 0x1_0000_0000

/** A run of whole records. `bytes` may be handed back with `recycle` once it is no longer read. */
export interface BodyBlock {
  readonly bytes: Buffer
  readonly firstPath: string
  readonly records: number
}

export interface BodyCounts {
  readonly znodes: number
  readonly dataBytes: number
  readonly byKind: Readonly<Record<ZnodeKind, number>>
  /** Znodes whose persisted cversion is above 0: the next sequential child does not start at 0. */
  readonly sequenceCounters: number
}

export interface SnapshotEnds {
  /** What goes before the blocks: header, session table, ACL table. */
  readonly head: Buffer
  /** What goes after them: end of nodes and the only seal. */
  readonly tail: Buffer
  readonly checksum: number
  /** Length of the whole uncompressed stream. */
  readonly bytes: number
  readonly digest: bigint
}

/**
 * Writes znodes in path order as the body of a native snapshot, in blocks that are cut between records. The tables that stand in front
 * of the body are known only at the end, so the body comes first and `finish` gives both ends; memory is one block and the tables.
 * No digest or lastZxid block follows the seal: the one form that servers of every version load, whatever their settings.
 */
export class SnapshotBody {
  readonly #order: RecordOrder
  readonly #digest = new TreeDigest()
  readonly #blockBytes: number
  readonly #aclIds = new Map<string, number>()
  readonly #aclLists: Acl[] = []
  readonly #aclIdOf = new WeakMap<Acl, number>()
  readonly #owners = new Set<bigint>()
  readonly #free: Buffer[] = []
  readonly #byKind: Record<ZnodeKind, number> = { persistent: 0, ephemeral: 0, container: 0, ttl: 0, unknown: 0 }
  readonly #fields = {
    bytes: Buffer.alloc(0) as Buffer,
    base: 0,
    pathStart: 0,
    pathEnd: 0,
    dataStart: 0,
    dataEnd: 0,
    statAt: 0,
  }
  #lastAcl: Acl | null = null
  #lastAclId = 0
  #buffer: Buffer
  #view: DataView
  #length = 0
  #records = 0
  #firstPath = ''
  #bodyBytes = 0
  #znodes = 0
  #dataBytes = 0
  #sequenceCounters = 0

  constructor(options: { blockBytes?: number } & RecordOrderEvents = {}) {
    this.#blockBytes = options.blockBytes ?? BLOCK_BYTES
    this.#order = new RecordOrder(options)
    this.#buffer = Buffer.allocUnsafe(this.#blockBytes)
    this.#view = viewOf(this.#buffer)
    this.#fields.bytes = this.#buffer
  }

  get counts(): BodyCounts {
    return {
      znodes: this.#znodes,
      dataBytes: this.#dataBytes,
      byKind: this.#byKind,
      sequenceCounters: this.#sequenceCounters,
    }
  }

  /** Sessions that own ephemerals so far. */
  get owners(): ReadonlySet<bigint> {
    return this.#owners
  }

  /** Takes the next znode; gives a block when one is full. Throws SnapshotError for what no snapshot can hold, or what breaks the order. */
  add(znode: Znode): BodyBlock | null {
    assertWritable(znode)
    const dataBytes = znode.data === null ? 0 : znode.data.length
    const full = this.#makeRoom(znode.path.length, dataBytes)
    if (this.#length === 0) this.#firstPath = znode.path
    this.#write(znode)
    this.#znodes++
    this.#dataBytes += dataBytes
    this.#byKind[znode.kind]++
    return full
  }

  /** Whether `addRecord` takes it: not what has another owner than a session, or a path outside ASCII, which is written anew as a text. */
  static isPlain(record: RecordCursor): boolean {
    const { bytes, pathStart, pathEnd, statAt } = record
    if (bytes.readInt32BE(statAt + 44) !== 0 || bytes.readInt32BE(statAt + 48) !== 0) return false
    let all = 0
    for (let i = pathStart; i < pathEnd; i++) all |= bytes[i]!
    return all < NON_ASCII
  }

  /** As `add` of the same znode, which `isPlain`, from a record of another snapshot: its bytes are copied as they are, but for the id of its ACL. */
  addRecord(record: RecordCursor, acl: Acl): BodyBlock | null {
    const { dataBytes, start, end } = record
    const pathBytes = record.pathEnd - record.pathStart
    const full = this.#makeRoom(pathBytes || 1, dataBytes)
    if (this.#length === 0) this.#firstPath = record.path()
    const at = this.#fields
    const moved = this.#length - start
    record.bytes.copy(this.#buffer, this.#length, start, end)
    at.pathStart = record.pathStart + moved
    at.pathEnd = record.pathEnd + moved
    at.dataStart = record.dataStart + moved
    at.dataEnd = record.dataEnd + moved
    at.statAt = record.statAt + moved
    this.#putAcl(acl, record.aclAt + moved)
    this.#note(at.statAt)
    this.#znodes++
    this.#dataBytes += dataBytes
    this.#byKind.persistent++
    return full
  }

  /** Takes a block's buffer back for later blocks. */
  recycle(bytes: Buffer): void {
    if (bytes.buffer.byteLength === this.#blockBytes && this.#free.length < 8) {
      this.#free.push(Buffer.from(bytes.buffer, 0, this.#blockBytes))
    }
  }

  /** The last block, if any. Call once, before `finish`. */
  end(): BodyBlock | null {
    this.#order.finish()
    return this.#length > 0 ? this.#cut() : null
  }

  /**
   * Both ends of the file. `bodyAdler`: Adler-32 of all blocks, which the caller sums (compressors give it for nothing). `sessions`:
   * timeouts in milliseconds where the source knows them; owners of ephemerals are added.
   */
  finish(bodyAdler: number, sessions: ReadonlyMap<bigint, number> = new Map()): SnapshotEnds {
    if (this.#znodes === 0) throw new SnapshotError('MISSING_PARENT', 'the stream holds no znode, not even the root')
    const head = this.#encodeHead(sessions)
    const body = combineAdler32(adler32(ADLER_START, head), bodyAdler, this.#bodyBytes)
    const { tail, checksum } = encodeSnapshotTail(body)
    return {
      head,
      tail,
      checksum,
      bytes: head.length + this.#bodyBytes + tail.length,
      digest: this.#digest.value(),
    }
  }

  /** Room for a znode; gives the block that was full. */
  #makeRoom(pathLength: number, dataBytes: number): BodyBlock | null {
    const sizeMax = RECORD_OVERHEAD_BYTES + pathLength * 3 + dataBytes
    const full = this.#length > 0 && this.#length + sizeMax > this.#blockBytes ? this.#cut() : null
    if (this.#length === 0 && sizeMax > this.#buffer.length) {
      this.recycle(this.#buffer)
      this.#use(Buffer.allocUnsafe(sizeMax))
    }
    return full
  }

  #encodeHead(sessions: ReadonlyMap<bigint, number>): Buffer {
    return encodeSnapshotHead({
      sessions,
      owners: this.#owners,
      acls: this.#aclLists.map((acl, index): [bigint, Acl] => [BigInt(index + 1), acl]),
    })
  }

  #write(znode: Znode): void {
    const buffer = this.#buffer
    const view = this.#view
    const at = this.#fields
    let position = this.#length
    at.pathStart = position + 4
    const pathBytes = znode.path === '/' ? 0 : buffer.write(znode.path, at.pathStart, 'utf8')
    view.setInt32(position, pathBytes)
    at.pathEnd = position = at.pathStart + pathBytes
    at.dataStart = position + 4
    if (znode.data === null) {
      view.setInt32(position, -1)
      at.dataEnd = at.dataStart - 1
      position = at.dataStart
    } else {
      view.setInt32(position, znode.data.length)
      buffer.set(znode.data, at.dataStart)
      at.dataEnd = position = at.dataStart + znode.data.length
    }
    this.#putAcl(znode.acl, position)
    at.statAt = position + 8
    this.#writeStat(znode, at.statAt)
    this.#note(at.statAt)
  }

  /** Takes the record that was just written, whose stat lies there. */
  #note(statAt: number): void {
    const counter = this.#view.getInt32(statAt + 36)
    this.#order.enter(this.#fields, this.#length === 0, counter)
    if (counter > 0) this.#sequenceCounters++
    this.#digest.add(this.#buffer, this.#fields)
    this.#length = statAt + STAT_BYTES
    this.#records++
  }

  #putAcl(acl: Acl, position: number): void {
    if (acl !== this.#lastAcl) {
      this.#lastAclId = this.#aclId(acl)
      this.#lastAcl = acl
    }
    this.#view.setInt32(position, 0)
    this.#view.setInt32(position + 4, this.#lastAclId)
  }

  #writeStat(znode: Znode, at: number): void {
    const { stat } = znode
    const view = this.#view
    if (stat instanceof RecordStat) {
      stat.copyTo(this.#buffer, at)
    } else {
      view.setBigInt64(at, stat.czxid)
      view.setBigInt64(at + 8, stat.mzxid)
      setTime(view, at + 16, stat.ctime)
      setTime(view, at + 24, stat.mtime)
      view.setInt32(at + 32, stat.version)
      view.setInt32(at + 36, stat.cversion)
      view.setInt32(at + 40, stat.aversion)
      view.setBigInt64(at + 52, stat.pzxid)
    }
    const owner = persistedOwner(znode)
    if (znode.kind === 'ephemeral') this.#owners.add(owner)
    view.setBigInt64(at + 44, owner)
  }

  #aclId(acl: Acl): number {
    const known = this.#aclIdOf.get(acl)
    if (known !== undefined) return known
    // By itself: an empty list that the snapshot does tell lets everybody do everything.
    if (acl === LATER_ACL) {
      throw new SnapshotError('UNKNOWN_ACL', 'a znode has an ACL that neither snapshot nor logs tell')
    }
    const key = acl.map((entry) => `${entry.perms}\u0000${entry.scheme}\u0000${entry.id}`).join('\u0001')
    let id = this.#aclIds.get(key)
    if (id === undefined) {
      id = this.#aclLists.push(acl)
      this.#aclIds.set(key, id)
    }
    this.#aclIdOf.set(acl, id)
    return id
  }

  #cut(): BodyBlock {
    const bytes = this.#buffer.subarray(0, this.#length)
    this.#bodyBytes += bytes.length
    const block = { bytes, firstPath: this.#firstPath, records: this.#records }
    this.#use(this.#free.pop() ?? Buffer.from(new ArrayBuffer(this.#blockBytes)))
    this.#length = 0
    this.#records = 0
    return block
  }

  #use(buffer: Buffer): void {
    this.#buffer = buffer
    this.#view = viewOf(buffer)
    this.#fields.bytes = buffer
  }
}

/** Header, session table, ACL table. `owners` of ephemerals whose timeout nobody knows are given one. */
export function encodeSnapshotHead(tables: {
  readonly sessions: ReadonlyMap<bigint, number>
  readonly owners: Iterable<bigint>
  readonly acls: readonly (readonly [bigint, Acl])[]
}): Buffer {
  const sessions = new Map(tables.sessions)
  for (const owner of tables.owners) if (!sessions.has(owner)) sessions.set(owner, DEFAULT_SESSION_TIMEOUT_MS)
  const head = new ByteWriter(4096)
  head.int32(SNAPSHOT_MAGIC)
  head.int32(SNAPSHOT_VERSION)
  head.int64(-1n)
  head.int32(sessions.size)
  for (const [session, timeoutMs] of sessions) {
    head.int64(session)
    head.int32(timeoutMs)
  }
  head.int32(tables.acls.length)
  for (const [id, acl] of tables.acls) {
    head.int64(id)
    head.int32(acl.length)
    for (const entry of acl) {
      head.int32(entry.perms)
      head.string(entry.scheme)
      head.string(entry.id)
    }
  }
  return head.bytes()
}

/** End of nodes and the only seal. `adler`: Adler-32 of all that comes before. */
export function encodeSnapshotTail(adler: number): { readonly tail: Buffer; readonly checksum: number } {
  const tail = new ByteWriter(32)
  tail.string('/')
  const checksum = adler32(adler, tail.bytes())
  tail.int64(BigInt(checksum))
  tail.string('/')
  return { tail: tail.bytes(), checksum }
}

/** The whole file in memory: for small trees and tests. `znodes` in path order. */
export async function encodeSnapshot(
  znodes: AsyncIterable<ZnodeBatch> | Iterable<ZnodeBatch>,
  options: { sessions?: ReadonlyMap<bigint, number>; blockBytes?: number } = {},
): Promise<Buffer> {
  const body = new SnapshotBody({ blockBytes: options.blockBytes })
  const parts: Buffer[] = []
  let adler = ADLER_START
  const keep = (block: BodyBlock | null) => {
    if (!block) return
    parts.push(block.bytes)
    adler = adler32(adler, block.bytes)
  }
  for await (const batch of znodes) for (const znode of batch.znodes) keep(body.add(znode))
  keep(body.end())
  const { head, tail } = body.finish(adler, options.sessions)
  return Buffer.concat([head, ...parts, tail])
}

function viewOf(buffer: Buffer): DataView {
  return new DataView(buffer.buffer, buffer.byteOffset, buffer.byteLength)
}

function setTime(view: DataView, at: number, timeMs: number): void {
  const high = Math.floor(timeMs / TWO_32)
  view.setInt32(at, high)
  view.setUint32(at + 4, timeMs - high * TWO_32)
}

function persistedOwner(znode: Znode): bigint {
  if (znode.kind === 'container') return CONTAINER_OWNER
  if (znode.kind === 'ttl' && znode.ttlMs !== null) return ownerFromTtl(znode.ttlMs)
  return znode.stat.ephemeralOwner
}

function assertWritable(znode: Znode): void {
  const { path } = znode
  if (path.charCodeAt(0) !== 47 || (path.length > 1 && path.endsWith('/'))) {
    throw new SnapshotError('BAD_PATH', `"${path}" is not an absolute path`, { details: { path } })
  }
  if (znode.data !== null && znode.data.length > DEFAULT_LIMITS.dataBytesMax) {
    throw new SnapshotError('BAD_LENGTH', `${path} holds ${znode.data.length} bytes, more than a snapshot may hold`, {
      details: { path, found: znode.data.length },
    })
  }
  if (znode.kind === 'ephemeral' && znode.stat.ephemeralOwner === 0n) {
    throw new SnapshotError('BAD_ZNODE', `${path} is ephemeral but has no owner`, { details: { path } })
  }
}
