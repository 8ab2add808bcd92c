import type { ZnodeKind, ZnodeStat } from './znode.ts'

/** Of a znode that no server has written, or of which nobody says how. */
export const NO_STAT: ZnodeStat = {
  czxid: 0n,
  mzxid: 0n,
  pzxid: 0n,
  ctime: 0,
  mtime: 0,
  version: 0,
  cversion: 0,
  aversion: 0,
  ephemeralOwner: 0n,
}

/** EphemeralType.CONTAINER_EPHEMERAL_OWNER (3.5.1+): Long.MIN_VALUE. */
export const CONTAINER_OWNER = -0x8000000000000000n
const TTL_MASK = 0xff000000_00000000n
const TTL_LOW_40_BITS = 0xff_ffffffffn

/** cversion as a client sees it (creates + deletes of children), from the persisted count of creates. */
export function toClientCversion(persisted: number, numChildren: number): number {
  return (2 * persisted - numChildren) | 0
}

/** Persisted cversion, which is also the next sequence number of a sequential child, from what a client sees. */
export function fromClientCversion(client: number, numChildren: number): number {
  return Math.trunc((client + numChildren) / 2) | 0
}

/** Kind and TTL told from the raw persisted owner (3.5.4+ encoding). Only native sources carry it. */
export function kindFromOwner(owner: bigint): { kind: Exclude<ZnodeKind, 'unknown'>; ttlMs: number | null } {
  if (owner === 0n) return { kind: 'persistent', ttlMs: null }
  if (owner === CONTAINER_OWNER) return { kind: 'container', ttlMs: null }
  const unsigned = BigInt.asUintN(64, owner)
  // Top byte FF and feature number 0 (the next 16 bits): a TTL node. Any other feature number is a session id of server 255.
  if ((unsigned & TTL_MASK) === TTL_MASK && ((unsigned >> 40n) & 0xffffn) === 0n) {
    return { kind: 'ttl', ttlMs: Number(unsigned & TTL_LOW_40_BITS) }
  }
  return { kind: 'ephemeral', ttlMs: null }
}

/** Raw persisted owner of a TTL znode. `ttlMs` 1 … 1099511627775. */
export function ownerFromTtl(ttlMs: number): bigint {
  return BigInt.asIntN(64, TTL_MASK | BigInt(ttlMs))
}

/** Stat as `export` and the pages show it: what a client would see. Field names are the contract of the command line. */
export interface ClientStat {
  czxid: bigint
  mzxid: bigint
  pzxid: bigint
  ctime: number
  mtime: number
  version: number
  cversion: number
  aversion: number
  ephemeralOwner: bigint
  dataLength: number
  numChildren: number
}

export function toClientStat(
  stat: ZnodeStat,
  kind: ZnodeKind,
  size: { dataLength: number; numChildren: number },
): ClientStat {
  return {
    czxid: stat.czxid,
    mzxid: stat.mzxid,
    pzxid: stat.pzxid,
    ctime: stat.ctime,
    mtime: stat.mtime,
    version: stat.version,
    cversion: toClientCversion(stat.cversion, size.numChildren),
    aversion: stat.aversion,
    ephemeralOwner: kind === 'ephemeral' ? stat.ephemeralOwner : 0n,
    dataLength: size.dataLength,
    numChildren: size.numChildren,
  }
}
