import { asciiPathBytes, digestOfState, digestState } from '../snapshot/digest.ts'
import type { Acl } from '../znode/acl.ts'
import { ROOT } from '../znode/path.ts'
import { kindFromOwner } from '../znode/stat.ts'
import type { Znode, ZnodeStat } from '../znode/znode.ts'

/** What lies below counts nothing in the digest. */
export const SYSTEM_PREFIX = '/zookeeper/'
const STAT_BYTES = 60

export type MutableStat = { -readonly [Field in keyof ZnodeStat]: ZnodeStat[Field] }

/** A znode that the log touches. Whoever changes a field tells the overlay by `restat` or `setData`. */
export class OverlayNode {
  readonly path: string
  readonly stat: MutableStat
  data: Uint8Array | null
  acl: Acl
  changed = false
  /** CRC over path and data, for both charsets (equal for an ASCII path), and what they come to with the stat. */
  state = 0
  asciiState = 0
  digest = 0
  asciiDigest = 0

  constructor(path: string, content: { data: Uint8Array | null; acl: Acl; stat: MutableStat }) {
    this.path = path
    this.data = content.data
    this.acl = content.acl
    this.stat = content.stat
  }

  get dataBytes(): number {
    return this.data === null ? 0 : this.data.length
  }

  get isMeasured(): boolean {
    return this.state !== 0
  }

  /** Unchanged, and independent of this one. */
  copy(): OverlayNode {
    const { path, data, acl, stat } = this
    const node = new OverlayNode(path, { data, acl, stat: { ...stat } })
    node.state = this.state
    node.asciiState = this.asciiState
    node.digest = this.digest
    node.asciiDigest = this.asciiDigest
    return node
  }

  toZnode(): Znode {
    const { path, data, acl, stat } = this
    return { path, data, acl, stat, ...kindFromOwner(stat.ephemeralOwner) }
  }
}

/**
 * Znodes that transactions change, and the digest of the whole tree that they belong to, kept up to date. Where they come from, and what is
 * remembered of those that go, is for the subclass.
 */
export abstract class NodeStore {
  readonly #scratch = Buffer.alloc(STAT_BYTES)
  #digest = 0n
  #asciiDigest = 0n
  #delta = 0
  #asciiDelta = 0

  get digest(): bigint {
    this.#fold()
    return this.#digest
  }

  /** As a server on Java 17 or older under an ASCII locale computes it. */
  get asciiDigest(): bigint {
    this.#fold()
    return this.#asciiDigest
  }

  /** Undefined when the znode does not exist. */
  abstract get(path: string): OverlayNode | undefined
  abstract nodes(): Iterable<OverlayNode>
  protected abstract put(node: OverlayNode): void
  protected abstract drop(node: OverlayNode): void

  /** The digest of the whole base tree. Call before the first change. */
  startDigests(digest: bigint, asciiDigest: bigint): void {
    this.#digest = digest
    this.#asciiDigest = asciiDigest
    this.#delta = 0
    this.#asciiDelta = 0
  }

  insert(node: OverlayNode): void {
    this.put(node)
    this.#restate(node)
    this.restat(node)
  }

  remove(node: OverlayNode): void {
    this.drop(node)
    this.#delta -= node.digest
    this.#asciiDelta -= node.asciiDigest
  }

  /** After a change of the stat. */
  restat(node: OverlayNode): void {
    node.changed = true
    this.#delta -= node.digest
    this.#asciiDelta -= node.asciiDigest
    this.#redigest(node)
    this.#delta += node.digest
    this.#asciiDelta += node.asciiDigest
  }

  /** Sets the data; `restat` when the stat is changed as well. The bytes are kept. */
  setData(node: OverlayNode, data: Uint8Array | null): void {
    node.data = data
    this.#restate(node)
  }

  /** For a znode whose digest is in the sum already. */
  protected measure(node: OverlayNode): void {
    this.#restate(node)
    this.#redigest(node)
  }

  #restate(node: OverlayNode): void {
    if (node.path.startsWith(SYSTEM_PREFIX)) return
    const path = node.path === ROOT ? '' : node.path
    node.state = digestState(Buffer.from(path), node.data)
    const ascii = asciiPathBytes(path)
    node.asciiState = ascii === null ? node.state : digestState(ascii, node.data)
  }

  #redigest(node: OverlayNode): void {
    // What lies below /zookeeper counts nothing.
    if (node.path.startsWith(SYSTEM_PREFIX)) return
    const { stat } = node
    const bytes = this.#scratch
    bytes.writeBigInt64BE(stat.czxid, 0)
    bytes.writeBigInt64BE(stat.mzxid, 8)
    bytes.writeBigInt64BE(BigInt(stat.ctime), 16)
    bytes.writeBigInt64BE(BigInt(stat.mtime), 24)
    bytes.writeInt32BE(stat.version, 32)
    bytes.writeInt32BE(stat.cversion, 36)
    bytes.writeInt32BE(stat.aversion, 40)
    bytes.writeBigInt64BE(stat.ephemeralOwner, 44)
    bytes.writeBigInt64BE(stat.pzxid, 52)
    node.digest = digestOfState(node.state, bytes, 0)
    node.asciiDigest = node.asciiState === node.state ? node.digest : digestOfState(node.asciiState, bytes, 0)
  }

  #fold(): void {
    if (this.#delta !== 0) this.#digest = BigInt.asUintN(64, this.#digest + BigInt(this.#delta))
    if (this.#asciiDelta !== 0) this.#asciiDigest = BigInt.asUintN(64, this.#asciiDigest + BigInt(this.#asciiDelta))
    this.#delta = 0
    this.#asciiDelta = 0
  }
}
