import { comparePaths } from '../znode/order.ts'
import { isWithin, parentPath, ROOT } from '../znode/path.ts'
import { SnapshotError } from './errors.ts'

interface OpenNode {
  readonly path: string
  children: number
  kept: boolean
}

/**
 * Checks that paths come strictly ascending in path order, each below a parent that came before, and counts children on the way.
 * Memory: one entry per level of depth. `onClose` hears of the nodes that `keepOpen` marked, once all their children are counted.
 */
export class PathOrder {
  readonly #open: OpenNode[] = []
  readonly #onClose: ((path: string, children: number) => void) | undefined
  #previous: string | null = null

  constructor(onClose?: (path: string, children: number) => void) {
    this.#onClose = onClose
  }

  /** Takes the next path. Throws SnapshotError OUT_OF_ORDER, DUPLICATE_PATH or MISSING_PARENT. */
  enter(path: string): void {
    const previous = this.#previous
    if (previous !== null) {
      const order = comparePaths(previous, path)
      if (order === 0) throw new SnapshotError('DUPLICATE_PATH', `${path} comes twice`, { details: { path } })
      if (order > 0) {
        throw new SnapshotError('OUT_OF_ORDER', `${path} comes after ${previous}, which is not path order`, {
          details: { path, previous },
        })
      }
    }
    this.#previous = path
    this.closeOutside(path)
    if (path !== ROOT) {
      const parent = this.#open.at(-1)
      if (parent === undefined || parent.path !== parentPath(path)) {
        throw new SnapshotError('MISSING_PARENT', `${path} comes without its parent`, { details: { path } })
      }
      parent.children++
    }
    this.#open.push({ path, children: 0, kept: false })
  }

  /** Marks the nodes that are open (ancestors of `next`, which is the path that `enter` takes next) to be reported when they close. */
  keepOpen(next: string): void {
    this.closeOutside(next)
    for (const node of this.#open) node.kept = true
  }

  /** Closes everything: call once after the last path. */
  finish(): void {
    while (this.#open.length > 0) this.#pop()
  }

  private closeOutside(path: string): void {
    for (let top = this.#open.at(-1); top !== undefined && !isWithin(path, top.path); top = this.#open.at(-1)) {
      this.#pop()
    }
  }

  #pop(): void {
    const node = this.#open.pop()
    if (node?.kept) this.#onClose?.(node.path, node.children)
  }
}
