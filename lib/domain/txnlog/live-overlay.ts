import { invariant } from '../../base/invariant.ts'
import { NodeStore, type OverlayNode, SYSTEM_PREFIX } from './node-store.ts'

/** About what one takes in memory, without path and data. */
const NODE_BYTES = 640

/** What was touched, by path; null: there is no such znode. */
export type TouchedNodes = ReadonlyMap<string, OverlayNode | null>

/**
 * The part of a tree that a stream touches, of which nobody knows beforehand what that is: each path is brought in before it is asked for. What
 * gathers can be frozen, to be written into a new base, while the stream goes on above it.
 */
export class LiveOverlay extends NodeStore {
  #fresh = new Map<string, OverlayNode | null>()
  #frozen: TouchedNodes | null = null
  #freshBytes = 0
  #frozenBytes = 0
  /** Znodes that the tree has more than at first, or fewer. */
  more = 0

  get heldBytes(): number {
    return this.#freshBytes + this.#frozenBytes
  }

  /** Without what is frozen already. */
  get freshBytes(): number {
    return this.#freshBytes
  }

  /** Brings in what is frozen; gives the paths that only the base knows. */
  bringIn(paths: Iterable<string>): string[] {
    const missing: string[] = []
    for (const path of paths) {
      if (this.#fresh.has(path)) continue
      const frozen = this.#frozen?.get(path)
      if (frozen === undefined) missing.push(path)
      else this.adopt(path, frozen === null ? null : frozen.copy())
    }
    return missing
  }

  /** Takes what the base says of a path; its digest is in the sum already. */
  adopt(path: string, node: OverlayNode | null): void {
    if (node !== null && !node.isMeasured) this.measure(node)
    this.#fresh.set(path, node)
    this.#freshBytes += bytesOf(path, node)
  }

  get(path: string): OverlayNode | undefined {
    const node = this.#fresh.get(path)
    if (node !== undefined) return node ?? undefined
    invariant(path.startsWith(SYSTEM_PREFIX), 'a path was not brought in before it was asked for')
    return undefined
  }

  /** As the stream left it; undefined: only the base knows. */
  find(path: string): OverlayNode | null | undefined {
    const node = this.#fresh.get(path)
    return node === undefined ? this.#frozen?.get(path) : node
  }

  *nodes(): Generator<OverlayNode> {
    for (const node of this.#fresh.values()) if (node !== null) yield node
    for (const [path, node] of this.#frozen ?? []) if (node !== null && !this.#fresh.has(path)) yield node
  }

  override setData(node: OverlayNode, data: Uint8Array | null): void {
    this.#freshBytes += (data === null ? 0 : data.length) - node.dataBytes
    super.setData(node, data)
  }

  /** Takes what has changed aside, as it is now. `stays`: paths that must be at hand at any time. */
  freeze(stays: (path: string) => boolean): TouchedNodes {
    invariant(this.#frozen === null, 'what was frozen before is written first')
    const fresh = this.#fresh
    this.#frozenBytes = this.#freshBytes
    this.#fresh = new Map()
    this.#freshBytes = 0
    const frozen = new Map<string, OverlayNode | null>()
    for (const [path, node] of fresh) {
      if (node === null || node.changed) frozen.set(path, node)
      if (stays(path)) this.adopt(path, node === null ? null : node.copy())
    }
    this.#frozen = frozen
    return frozen
  }

  /** The base now holds what was frozen. */
  thaw(): void {
    this.#frozen = null
    this.#frozenBytes = 0
  }

  /** What was frozen could not be written: it is as if it never had been. */
  unfreeze(): void {
    const above = this.#fresh
    this.#fresh = new Map(this.#frozen ?? [])
    for (const [path, node] of above) {
      // What was not changed since may still differ from the base, by what was frozen.
      if (node !== null && !node.changed) node.changed = this.#fresh.get(path)?.changed ?? false
      this.#fresh.set(path, node)
    }
    this.#freshBytes += this.#frozenBytes
    this.thaw()
  }

  protected put(node: OverlayNode): void {
    this.#fresh.set(node.path, node)
    this.#freshBytes += bytesOf(node.path, node)
    this.more++
  }

  protected drop(node: OverlayNode): void {
    this.#fresh.set(node.path, null)
    this.#freshBytes -= node.dataBytes
    this.more--
  }
}

function bytesOf(path: string, node: OverlayNode | null): number {
  return path.length + (node === null ? 100 : NODE_BYTES + node.dataBytes)
}
