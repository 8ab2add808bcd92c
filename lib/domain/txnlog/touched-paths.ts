import { parentPath } from '../znode/path.ts'
import type { TxnEntry } from './entry.ts'
import { findStatsPrefix } from './quota-book.ts'
import type { Txn, TxnOp } from './txn.ts'

/** What a log can change, found before the tree is read: so that of the tree only that need be kept. */
export class TouchedPaths {
  readonly paths = new Set<string>()
  /** Sessions that are closed: their ephemerals go, listed or not. */
  readonly closing = new Set<bigint>()
  /** Paths whose subtree must be counted, because their quota is made by the log. */
  readonly counted = new Set<string>()

  /** Nothing of a tree is changed. */
  get isEmpty(): boolean {
    return this.paths.size + this.closing.size + this.counted.size === 0
  }

  add(entry: TxnEntry, txn: Txn): void {
    if (txn.kind === 'closeSession') {
      this.closing.add(entry.session)
      for (const path of txn.paths ?? []) this.#addWithParent(path)
    } else if (txn.kind === 'multi') {
      if (!txn.failed) for (const op of txn.ops) this.#addOp(op)
    } else if (txn.kind !== 'createSession') {
      this.#addOp(txn)
    }
  }

  #addOp(op: TxnOp): void {
    if (op.kind === 'error' || op.kind === 'check') return
    if (op.kind === 'setData' || op.kind === 'setAcl') {
      this.paths.add(op.path)
      return
    }
    this.#addWithParent(op.path)
    const counted = op.kind === 'create' ? findStatsPrefix(op.path) : null
    if (counted !== null) this.counted.add(counted)
  }

  #addWithParent(path: string): void {
    this.paths.add(path)
    this.paths.add(parentPath(path))
  }
}
