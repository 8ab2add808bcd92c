import { decodeJuteText } from '../../base/bytes.ts'
import { type Acl, OPEN_ACL } from '../znode/acl.ts'
import { kindFromOwner } from '../znode/stat.ts'
import type { Znode, ZnodeKind, ZnodeStat } from '../znode/znode.ts'
import type { NodeFields } from './digest.ts'
import { type SnapshotError, snapshotFault } from './errors.ts'

/** StatPersisted: czxid 0, mzxid 8, ctime 16, mtime 24, version 32, cversion 36, aversion 40, ephemeralOwner 44, pzxid 52. */
export const STAT_BYTES = 60
const ACL_ID_BYTES = 8
const TWO_32 = 0x1_0000_0000
const SLASH = 47

/** Bounds that are checked before anything is kept or allocated. Servers refuse less than these (jute.maxbuffer), even when raised. */
export interface SnapshotLimits {
  readonly sessionsMax: number
  readonly aclTableMax: number
  readonly aclEntriesMax: number
  /** Paths, schemes and ids, in bytes. */
  readonly textBytesMax: number
  readonly dataBytesMax: number
}

export const DEFAULT_LIMITS: SnapshotLimits = {
  sessionsMax: 1 << 20,
  aclTableMax: 1 << 20,
  aclEntriesMax: 1 << 16,
  textBytesMax: 4 << 20,
  dataBytesMax: 256 << 20,
}

/** A stat that stays in the bytes of its record and is decoded field by field when asked. Holds the whole buffer: copy to keep it. */
export class RecordStat implements ZnodeStat {
  private readonly bytes: Buffer
  private readonly at: number

  constructor(bytes: Buffer, at: number) {
    this.bytes = bytes
    this.at = at
  }

  get czxid(): bigint {
    return this.bytes.readBigInt64BE(this.at)
  }
  get mzxid(): bigint {
    return this.bytes.readBigInt64BE(this.at + 8)
  }
  get ctime(): number {
    return this.bytes.readInt32BE(this.at + 16) * TWO_32 + this.bytes.readUInt32BE(this.at + 20)
  }
  get mtime(): number {
    return this.bytes.readInt32BE(this.at + 24) * TWO_32 + this.bytes.readUInt32BE(this.at + 28)
  }
  get version(): number {
    return this.bytes.readInt32BE(this.at + 32)
  }
  get cversion(): number {
    return this.bytes.readInt32BE(this.at + 36)
  }
  get aversion(): number {
    return this.bytes.readInt32BE(this.at + 40)
  }
  get ephemeralOwner(): bigint {
    return this.bytes.readBigInt64BE(this.at + 44)
  }
  get pzxid(): bigint {
    return this.bytes.readBigInt64BE(this.at + 52)
  }

  /** Copies the 60 stored bytes. */
  copyTo(target: Buffer, position: number): void {
    this.bytes.copy(target, position, this.at, this.at + STAT_BYTES)
  }

  toJSON(): ZnodeStat {
    return copyStat(this)
  }
}

/** A plain copy that keeps no buffer alive. */
export function copyStat(stat: ZnodeStat): ZnodeStat {
  return {
    czxid: stat.czxid,
    mzxid: stat.mzxid,
    pzxid: stat.pzxid,
    ctime: stat.ctime,
    mtime: stat.mtime,
    version: stat.version,
    cversion: stat.cversion,
    aversion: stat.aversion,
    ephemeralOwner: stat.ephemeralOwner,
  }
}

/**
 * Stands for a list that came after the table was written: servers write the table first, so a znode of a fuzzy snapshot may refer to a
 * list that only its logs name. Told by identity; no znode may leave a replay with it.
 */
export const LATER_ACL: Acl = Object.freeze([])

/** ACL lists of one snapshot by their id. Id -1 is open to everyone unless the table says otherwise. */
export class AclTable {
  readonly #lists: Map<bigint, Acl>
  readonly #unknown: Acl | undefined
  #lastHigh = -1
  #lastLow = -1
  #last: Acl = OPEN_ACL

  constructor(lists: ReadonlyMap<bigint, Acl> = new Map(), unknown?: Acl) {
    this.#lists = new Map(lists)
    this.#unknown = unknown
  }

  get size(): number {
    return this.#lists.size
  }

  set(id: bigint, acl: Acl): void {
    this.#lists.set(id, acl)
    if (id === -1n) this.#last = acl
  }

  /** Id -1 counts as there: it is open to everyone. */
  has(id: bigint): boolean {
    return id === -1n || this.#lists.has(id)
  }

  /** The list of the id stored at this place; undefined when the table has none. Neighbours mostly share one: the last is kept. */
  at(bytes: Buffer, position: number): Acl | undefined {
    const high = bytes.readInt32BE(position)
    const low = bytes.readInt32BE(position + 4)
    if (low === this.#lastLow && high === this.#lastHigh) return this.#last
    const acl = this.#lists.get(bytes.readBigInt64BE(position)) ?? (high === -1 && low === -1 ? OPEN_ACL : undefined)
    if (acl === undefined) return this.#unknown
    this.#lastHigh = high
    this.#lastLow = low
    this.#last = acl
    return acl
  }

  /** The same lists, with LATER_ACL for what the table lacks. */
  withLater(): AclTable {
    return new AclTable(this.#lists, LATER_ACL)
  }

  entries(): IterableIterator<[bigint, Acl]> {
    return this.#lists.entries()
  }
}

/** What `RecordCursor.read` found: a record, the end of nodes, or that this many bytes from the start are needed to go on. */
export type RecordReading = 'record' | 'end' | number

/**
 * One record of the node part at a time, in place:
 *
 * | field | bytes |
 * | --- | --- |
 * | path | int length + UTF-8; length 0 is the root, the one-byte text `/` is the end of nodes |
 * | data | int length + bytes; -1 is null |
 * | acl id | 8 |
 * | stat | 60, StatPersisted |
 */
export class RecordCursor implements NodeFields {
  bytes: Buffer = Buffer.alloc(0)
  /** Offset in the uncompressed stream of bytes[0]; faults are reported from there. */
  base = 0
  start = 0
  end = 0
  pathStart = 0
  pathEnd = 0
  dataStart = 0
  /** One below `dataStart` where data is null. */
  dataEnd = 0
  aclAt = 0
  statAt = 0
  readonly #limits: SnapshotLimits

  constructor(limits: SnapshotLimits = DEFAULT_LIMITS) {
    this.#limits = limits
  }

  /** Offset of the record in the uncompressed stream. */
  get offset(): number {
    return this.base + this.start
  }

  /** Reads the record at `from` of `bytes`, whose valid part ends at `limit`. Throws SnapshotError for an impossible length. */
  read(bytes: Buffer, from: number, limit: number): RecordReading {
    this.bytes = bytes
    this.start = from
    if (from + 4 > limit) return 4
    const pathBytes = bytes.readInt32BE(from)
    if (pathBytes < 0 || pathBytes > this.#limits.textBytesMax) {
      throw this.#badLength(from, `a path of 0 to ${this.#limits.textBytesMax} bytes`, pathBytes)
    }
    this.pathStart = from + 4
    this.pathEnd = this.pathStart + pathBytes
    if (pathBytes === 1) {
      if (this.pathEnd > limit) return 5
      if (bytes[this.pathStart] === SLASH) {
        this.end = this.pathEnd
        return 'end'
      }
    }
    if (this.pathEnd + 4 > limit) return 4 + pathBytes + 4
    const dataBytes = bytes.readInt32BE(this.pathEnd)
    if (dataBytes < -1 || dataBytes > this.#limits.dataBytesMax) {
      throw this.#badLength(this.pathEnd, `data of -1 to ${this.#limits.dataBytesMax} bytes`, dataBytes)
    }
    this.dataStart = this.pathEnd + 4
    this.dataEnd = this.dataStart + dataBytes
    this.aclAt = dataBytes < 0 ? this.dataStart : this.dataEnd
    this.statAt = this.aclAt + ACL_ID_BYTES
    this.end = this.statAt + STAT_BYTES
    return this.end > limit ? this.end - from : 'record'
  }

  get dataBytes(): number {
    return this.dataEnd > this.dataStart ? this.dataEnd - this.dataStart : 0
  }

  /** Absolute path, the root as `/`. Throws SnapshotError BAD_PATH for a text that is no path at all. */
  path(): string {
    const { bytes, pathStart, pathEnd } = this
    if (pathStart === pathEnd) return '/'
    let previous = 0
    for (let i = pathStart; i < pathEnd; i++) {
      const byte = bytes[i]!
      if (byte === SLASH && previous === SLASH) throw this.#badPath('an empty name')
      previous = byte
    }
    if (bytes[pathStart] !== SLASH) throw this.#badPath('no slash in front')
    if (previous === SLASH) throw this.#badPath('a slash at the end')
    return decodeJuteText(bytes, pathStart, pathEnd)
  }

  data(): Uint8Array | null {
    if (this.dataEnd < this.dataStart) return null
    return new Uint8Array(
      this.bytes.buffer as ArrayBuffer, // Buffers of ours come from files and zlib, never from shared memory.
      this.bytes.byteOffset + this.dataStart,
      this.dataEnd - this.dataStart,
    )
  }

  stat(): RecordStat {
    return new RecordStat(this.bytes, this.statAt)
  }

  /** Told from the raw owner alone. */
  kind(): Exclude<ZnodeKind, 'unknown'> {
    const at = this.statAt + 44
    if (this.bytes.readInt32BE(at) === 0 && this.bytes.readInt32BE(at + 4) === 0) return 'persistent'
    return kindFromOwner(this.bytes.readBigInt64BE(at)).kind
  }

  acl(table: AclTable): Acl {
    const acl = table.at(this.bytes, this.aclAt)
    if (acl !== undefined) return acl
    throw snapshotFault('UNKNOWN_ACL', {
      offset: this.base + this.aclAt,
      expected: 'the id of an entry of the ACL table',
      found: `id ${this.bytes.readBigInt64BE(this.aclAt)} for ${this.path()}`,
    })
  }

  /** The record as a znode; data and stat are views of this buffer. `ownerless` is the kind of a znode without owner. */
  znode(path: string, table: AclTable, ownerless: ZnodeKind = 'persistent'): Znode {
    const at = this.statAt + 44
    let kind = ownerless
    let ttlMs: number | null = null
    if (this.bytes.readInt32BE(at) !== 0 || this.bytes.readInt32BE(at + 4) !== 0) {
      ;({ kind, ttlMs } = kindFromOwner(this.bytes.readBigInt64BE(at)))
    }
    return {
      path,
      data: this.data(),
      acl: this.acl(table),
      stat: this.stat(),
      kind,
      ttlMs,
    }
  }

  #badLength(position: number, expected: string, found: number): SnapshotError {
    return snapshotFault('BAD_LENGTH', { offset: this.base + position, expected, found: String(found) })
  }

  #badPath(found: string): SnapshotError {
    const shown = this.bytes.toString('utf8', this.pathStart, Math.min(this.pathEnd, this.pathStart + 80))
    return snapshotFault('BAD_PATH', {
      offset: this.base + this.pathStart,
      expected: 'an absolute path',
      found: `${found} in ${JSON.stringify(shown)}`,
    })
  }
}
