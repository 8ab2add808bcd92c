import { comparePaths } from '../znode/order.ts'
import { isWithin, ROOT } from '../znode/path.ts'
import { SnapshotError } from './errors.ts'

interface OpenNode {
  path: string
  children: number
  lastChild: string
  kept: boolean
}

/**
 * Checks that paths come strictly ascending in path order, each below a parent that came before, and counts children on the way.
 * Memory: one entry per level of depth. `onClose` hears of the nodes that `keepOpen` marked, once all their children are counted.
 */
export class PathOrder {
  // Entries above #depth are kept for reuse: one object per znode would be most of this class's cost.
  readonly #open: OpenNode[] = []
  readonly #onClose: ((path: string, children: number) => void) | undefined
  #depth = 0
  #previous: string | null = null

  constructor(onClose?: (path: string, children: number) => void) {
    this.#onClose = onClose
  }

  /** Takes the next path. Throws SnapshotError OUT_OF_ORDER, DUPLICATE_PATH or MISSING_PARENT. */
  enter(path: string): void {
    this.#closeOutside(path)
    const parent = this.#open[this.#depth - 1]
    if (parent && this.#depth > 0) {
      // Below one parent, order of paths is order of names, for which the strings themselves can be compared.
      const slash = parent.path.length === 1 ? 0 : parent.path.length
      if (path.length === 1 || path.lastIndexOf('/') !== slash || parent.lastChild >= path) throw this.#fault(path)
      parent.children++
      parent.lastChild = path
    } else if (path !== ROOT || this.#previous !== null) {
      throw this.#fault(path)
    }
    this.#previous = path
    const node = this.#open[this.#depth++]
    if (node) {
      node.path = path
      node.children = 0
      node.lastChild = ''
      node.kept = false
    } else {
      this.#open.push({ path, children: 0, lastChild: '', kept: false })
    }
  }

  /** Marks the nodes that are open (ancestors of `next`, which is the path that `enter` takes next) to be reported when they close. */
  keepOpen(next: string): void {
    this.#closeOutside(next)
    for (let i = 0; i < this.#depth; i++) this.#open[i]!.kept = true
  }

  /** Closes everything: call once after the last path. */
  finish(): void {
    while (this.#depth > 0) this.#close()
  }

  #closeOutside(path: string): void {
    while (this.#depth > 0 && !isWithin(path, this.#open[this.#depth - 1]!.path)) this.#close()
  }

  #close(): void {
    const node = this.#open[--this.#depth]!
    if (node.kept) this.#onClose?.(node.path, node.children)
  }

  #fault(path: string): SnapshotError {
    const previous = this.#previous
    return orderFault(path, previous, previous === null ? -1 : comparePaths(previous, path))
  }
}

/** What breaks path order where `path` comes after `previous`; `order` is that of the two. */
export function orderFault(path: string, previous: string | null, order: number): SnapshotError {
  const details = { path, previous }
  if (order === 0) return new SnapshotError('DUPLICATE_PATH', `${path} comes twice`, { details })
  if (order > 0) {
    return new SnapshotError('OUT_OF_ORDER', `${path} comes after ${previous}, which is not path order`, { details })
  }
  return new SnapshotError('MISSING_PARENT', `${path} comes without its parent`, { details })
}
