import type { Acl, AclEntry } from '../../../domain/znode/acl.ts'
import { isSystemPath, ROOT } from '../../../domain/znode/path.ts'
import { fromClientCversion } from '../../../domain/znode/stat.ts'
import type { ZnodeKind, ZnodeStat } from '../../../domain/znode/znode.ts'
import type { JuteReader, JuteWriter } from './jute.ts'

/** Operation codes of the client protocol (ZooDefs.OpCode). */
export const OP = {
  create: 1,
  delete: 2,
  exists: 3,
  getData: 4,
  setData: 5,
  getAcl: 6,
  setAcl: 7,
  getChildren: 8,
  sync: 9,
  ping: 11,
  getChildren2: 12,
  check: 13,
  multi: 14,
  create2: 15,
  createContainer: 19,
  createTtl: 21,
  multiRead: 22,
  auth: 100,
  setWatches: 101,
  sasl: 102,
  getAllChildrenNumber: 104,
  addWatch: 106,
  whoAmI: 107,
  closeSession: -11,
} as const

export const XID = { event: -1, ping: -2, auth: -4 } as const

/** create flags of the kinds that go with operation `create`. */
export const CREATE_FLAG = {
  persistent: 0,
  ephemeral: 1,
  sequential: 2,
  container: 4,
  ttl: 5,
  ttlSequential: 6,
} as const

export const EVENT = { created: 1, deleted: 2, dataChanged: 3, childrenChanged: 4 } as const

/** Error codes of KeeperException that are told apart here. */
export const ERR = {
  ok: 0,
  unimplemented: -6,
  noNode: -101,
  noAuth: -102,
  sessionExpired: -112,
  authFailed: -115,
  sessionMoved: -118,
  saslRequired: -124,
} as const

/** Bytes of a Stat on the wire. */
export const STAT_BYTES = 68

export interface WireStat {
  /** As persisted: cversion counts creates only. */
  readonly stat: ZnodeStat
  readonly dataLength: number
  readonly numChildren: number
}

/**
 * czxid 8, mzxid 8, ctime 8, mtime 8, version 4, cversion 4, aversion 4, ephemeralOwner 8, dataLength 4, numChildren 4, pzxid 8.
 */
export function readStat(reader: JuteReader): WireStat {
  const czxid = reader.long()
  const mzxid = reader.long()
  const ctime = reader.time()
  const mtime = reader.time()
  const version = reader.int()
  const clientCversion = reader.int()
  const aversion = reader.int()
  const ephemeralOwner = reader.long()
  const dataLength = reader.int()
  const numChildren = reader.int()
  const pzxid = reader.long()
  const cversion = fromClientCversion(clientCversion, numChildren)
  return {
    stat: { czxid, mzxid, pzxid, ctime, mtime, version, cversion, aversion, ephemeralOwner },
    dataLength,
    numChildren,
  }
}

/** Kind as far as the client protocol tells: containers and TTL znodes look persistent. `serverPath` includes the chroot. */
export function kindOf(serverPath: string, ephemeralOwner: bigint): ZnodeKind {
  if (ephemeralOwner !== 0n) return 'ephemeral'
  return serverPath === ROOT || isSystemPath(serverPath) ? 'persistent' : 'unknown'
}

/** Distinct lists kept for sharing; beyond it the table starts anew, which costs memory, not correctness. */
const INTERNED_MAX = 50_000

/** Decodes ACL lists; equal bytes give the same array object, so a million znodes share a handful of lists. */
export class AclInterner {
  private readonly lists = new Map<string, Acl>()
  /** Neighbours mostly share one list. */
  private lastBytes = new Uint8Array(0)
  private last: Acl = []

  read(reader: JuteReader): Acl {
    const start = reader.position
    if (this.isLast(reader.buffer, start, reader.end)) {
      reader.skip(this.lastBytes.length)
      return this.last
    }
    const count = reader.count(12)
    for (let i = 0; i < count; i++) {
      reader.skip(4)
      reader.skipBytes()
      reader.skipBytes()
    }
    const end = reader.position
    const key = reader.buffer.toString('latin1', start, end)
    let acl = this.lists.get(key)
    if (acl === undefined) {
      reader.position = start
      acl = decodeAcl(reader)
      if (this.lists.size >= INTERNED_MAX) this.lists.clear()
      this.lists.set(key, acl)
    }
    this.lastBytes = Uint8Array.prototype.slice.call(reader.buffer, start, end)
    this.last = acl
    return acl
  }

  /** A list says itself where it ends, so that bytes which begin alike are the same list. */
  private isLast(buffer: Buffer, start: number, end: number): boolean {
    const { lastBytes } = this
    if (lastBytes.length === 0 || lastBytes.length > end - start) return false
    for (let i = 0; i < lastBytes.length; i++) if (buffer[start + i] !== lastBytes[i]) return false
    return true
  }
}

function decodeAcl(reader: JuteReader): Acl {
  const entries: AclEntry[] = []
  const count = reader.count(12)
  for (let i = 0; i < count; i++) {
    entries.push({ perms: reader.int(), scheme: reader.lenientString(), id: reader.lenientString() })
  }
  return entries
}

export function writeAcl(writer: JuteWriter, acl: Acl): void {
  writer.int(acl.length)
  for (const entry of acl) writer.int(entry.perms).string(entry.scheme).string(entry.id)
}

export function readNames(reader: JuteReader): string[] {
  const count = reader.count(4)
  const names = new Array<string>(count)
  for (let i = 0; i < count; i++) names[i] = reader.string()
  return names
}

export function writeMultiHeader(writer: JuteWriter, type: number): void {
  writer.int(type).bool(false).int(-1)
}

export function writeMultiEnd(writer: JuteWriter): void {
  writer.int(-1).bool(true).int(-1)
}

/** Bytes of any request beside its body: xid and operation code. */
export const REQUEST_HEADER_BYTES = 4 + 4
/** Bytes of a multi request beside its operations: with the end marker. */
export const MULTI_OVERHEAD_BYTES = REQUEST_HEADER_BYTES + 9
/** Bytes of the header of each operation in a multi. */
export const MULTI_HEADER_BYTES = 9

/** Next result of a multi or multiRead: its operation code, or the error of that operation, or null at the end. */
export function readMultiHeader(reader: JuteReader): { type: number; err: number } | null {
  const type = reader.int()
  const done = reader.bool()
  reader.int()
  if (done) return null
  // The error of one operation is a body of its own; the one in the header is the same number.
  return type === -1 ? { type, err: reader.int() } : { type, err: 0 }
}

/** Path as the server sees it. */
export function toServerPath(chroot: string, path: string): string {
  return chroot === '' ? path : path === ROOT ? chroot : chroot + path
}

export function fromServerPath(chroot: string, path: string): string {
  if (chroot === '') return path
  return path === chroot ? ROOT : path.slice(chroot.length)
}
