import { comparePaths } from '../znode/order.ts'
import type { PatchEntry } from '../znode/patch-stream.ts'
import { TxnLogError } from './errors.ts'
import { NodeStore, type OverlayNode, SYSTEM_PREFIX } from './node-store.ts'

/**
 * The part of a tree that a log touches, with the digest of the whole tree kept up to date. Which paths that is must be known beforehand
 * (`touched`): any other path is refused, since it would be taken for absent.
 */
export class Overlay extends NodeStore {
  readonly #nodes = new Map<string, OverlayNode>()
  readonly #base = new Set<string>()
  readonly #touched: ReadonlySet<string>

  constructor(touched: ReadonlySet<string>) {
    super()
    this.#touched = touched
  }

  nodes(): IterableIterator<OverlayNode> {
    return this.#nodes.values()
  }

  get(path: string): OverlayNode | undefined {
    const node = this.#nodes.get(path)
    if (node === undefined && !this.#touched.has(path) && !path.startsWith(SYSTEM_PREFIX)) {
      throw new TxnLogError('LOG_CHANGED', `the logs changed while they were read: ${path} came up only now`, {
        unaffected: 'nothing was written',
        remedy: 'try again',
      })
    }
    return node
  }

  /** Takes a znode of the base tree; `startDigests` brings in its digest with all others. */
  addBase(node: OverlayNode): void {
    this.#nodes.set(node.path, node)
    this.#base.add(node.path)
    this.measure(node)
  }

  /** What turns the base into what is here: path order, each path once; null for a znode of the base that is gone. */
  patch(): PatchEntry[] {
    const entries: PatchEntry[] = []
    for (const node of this.#nodes.values()) {
      if (node.changed) entries.push({ path: node.path, znode: node.toZnode() })
    }
    for (const path of this.#base) if (!this.#nodes.has(path)) entries.push({ path, znode: null })
    return entries.sort((a, b) => comparePaths(a.path, b.path))
  }

  protected put(node: OverlayNode): void {
    this.#nodes.set(node.path, node)
  }

  protected drop(node: OverlayNode): void {
    this.#nodes.delete(node.path)
  }
}
