import { parentPath } from '../znode/path.ts'
import { CONTAINER_OWNER } from '../znode/stat.ts'
import type { TxnEntry } from './entry.ts'
import { EphemeralBook } from './ephemeral-book.ts'
import { type NodeStore, OverlayNode } from './node-store.ts'
import type { QuotaBook } from './quota-book.ts'
import { TXN_TYPE, type Txn, type TxnOp } from './txn.ts'

const TTL_OWNER = 0xff000000_00000000n

/** Operations that found something else than they were logged for: a znode that is there already, or one that is missing. */
export interface ReplayConflicts {
  exists: number
  missing: number
}

interface Stamp {
  readonly session: bigint
  readonly zxid: bigint
  readonly timeMs: number
}

/**
 * Applies transactions as DataTree does (3.8.5, 3.9.4 and later), also to a tree that already holds some of them. What could not be
 * applied is counted in `conflicts`: of no account inside a snapshot's fuzzy window, damage outside.
 */
export class TxnApplier {
  readonly sessions: Map<bigint, number>
  readonly conflicts: ReplayConflicts = { exists: 0, missing: 0 }
  readonly #overlay: NodeStore
  readonly #quotas: QuotaBook
  /** At least of the sessions that the log closes. */
  readonly #ephemerals: EphemeralBook

  /**
   * `ephemerals`: of all sessions, as they are in the whole tree; or `closing`: the sessions that the log closes, all of whose ephemerals in the
   * base tree are in the overlay.
   */
  constructor(
    overlay: NodeStore,
    quotas: QuotaBook,
    input: { readonly sessions: ReadonlyMap<bigint, number> } & (
      | { readonly closing: Iterable<bigint> }
      | { readonly ephemerals: EphemeralBook }
    ),
  ) {
    this.#overlay = overlay
    this.#quotas = quotas
    this.sessions = new Map(input.sessions)
    if ('ephemerals' in input) {
      this.#ephemerals = input.ephemerals
      return
    }
    this.#ephemerals = new EphemeralBook(input.closing)
    for (const node of overlay.nodes()) this.#ephemerals.add(node.stat.ephemeralOwner, node.path)
  }

  apply(entry: TxnEntry, txn: Txn): void {
    const stamp = { session: entry.session, zxid: entry.zxid, timeMs: entry.timeMs }
    switch (txn.kind) {
      case 'createSession':
        this.sessions.set(stamp.session, txn.timeoutMs)
        return
      case 'closeSession':
        this.#closeSession(stamp, txn.paths)
        return
      case 'multi':
        if (!txn.failed) for (const op of txn.ops) this.#applyOp(op, stamp)
        return
      default:
        this.#applyOp(txn, stamp)
    }
  }

  #applyOp(op: TxnOp, stamp: Stamp): void {
    switch (op.kind) {
      case 'create':
        this.#create(op, stamp)
        return
      case 'delete':
        this.#delete(op.path, stamp.zxid)
        return
      case 'setData': {
        const node = this.#existing(op.path)
        if (!node) return
        const moreBytes = (op.data === null ? 0 : op.data.length) - node.dataBytes
        this.#overlay.setData(node, copyOf(op.data))
        node.stat.mzxid = stamp.zxid
        node.stat.mtime = stamp.timeMs
        node.stat.version = op.version
        this.#overlay.restat(node)
        this.#quotas.resized(op.path, moreBytes)
        return
      }
      case 'setAcl': {
        const node = this.#existing(op.path)
        if (!node) return
        node.acl = op.acl
        node.stat.aversion = op.aversion
        this.#overlay.restat(node)
        return
      }
      case 'check':
      case 'error':
        return
    }
  }

  #create(op: Extract<TxnOp, { kind: 'create' }>, { session, zxid, timeMs }: Stamp): void {
    const parent = this.#existing(parentPath(op.path))
    if (!parent) return
    const present = this.#overlay.get(op.path)
    if (present) {
      this.conflicts.exists++
      present.acl = op.acl
      present.changed = true
      if (op.type === TXN_TYPE.create) this.#countChild(parent, op.parentCversion, zxid)
      return
    }
    const owner = ownerOf(op, session)
    const node = new OverlayNode(op.path, {
      data: copyOf(op.data),
      acl: op.acl,
      stat: {
        czxid: zxid,
        mzxid: zxid,
        pzxid: zxid,
        ctime: timeMs,
        mtime: timeMs,
        version: 0,
        cversion: 0,
        aversion: 0,
        ephemeralOwner: owner,
      },
    })
    this.#overlay.insert(node)
    this.#ephemerals.add(owner, op.path)
    this.#countChild(parent, op.parentCversion, zxid)
    this.#quotas.created(node)
  }

  /** -1: logs of 3.3 do not say, so it is one more. Never goes back: in a fuzzy window later children are counted already. */
  #countChild(parent: OverlayNode, cversion: number, zxid: bigint): void {
    const counted = cversion === -1 ? (parent.stat.cversion + 1) | 0 : cversion
    if (counted <= parent.stat.cversion) return
    parent.stat.cversion = counted
    parent.stat.pzxid = zxid
    this.#overlay.restat(parent)
  }

  #delete(path: string, zxid: bigint): void {
    const parent = this.#existing(parentPath(path))
    if (!parent) return
    if (zxid > parent.stat.pzxid) {
      parent.stat.pzxid = zxid
      this.#overlay.restat(parent)
    }
    const node = this.#existing(path)
    if (!node) return
    this.#overlay.remove(node)
    this.#ephemerals.remove(node.stat.ephemeralOwner, path)
    this.#quotas.deleted(node)
  }

  #closeSession({ session, zxid }: Stamp, paths: readonly string[] | null): void {
    this.sessions.delete(session)
    const { missing } = this.conflicts
    for (const path of paths ?? []) this.#delete(path, zxid)
    for (const path of this.#ephemerals.listOf(session)) this.#delete(path, zxid)
    // Servers pass over what is gone already: no conflict.
    this.conflicts.missing = missing
  }

  #existing(path: string): OverlayNode | undefined {
    const node = this.#overlay.get(path)
    if (!node) this.conflicts.missing++
    return node
  }
}

function ownerOf(op: Extract<TxnOp, { kind: 'create' }>, session: bigint): bigint {
  if (op.type === TXN_TYPE.createContainer) return CONTAINER_OWNER
  if (op.ttlMs !== null) return BigInt.asIntN(64, TTL_OWNER | op.ttlMs)
  return op.ephemeral ? session : 0n
}

/** Data lies in the log's buffer, which one kept value would hold whole. Small buffers come from Node's pool: far cheaper than arrays. */
function copyOf(data: Uint8Array | null): Uint8Array | null {
  return data === null ? null : Buffer.from(data)
}
