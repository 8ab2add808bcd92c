import type { FlatTree, TreeItem } from './tree-state.ts'

/** Where the focus mark is: at an item, or at the place of a child that is not loaded yet. */
export interface TreeMark {
  readonly index: number
  readonly at:
    | { readonly kind: 'item'; readonly path: string }
    | { readonly kind: 'place'; readonly dir: string; readonly child: number }
    /** A row that stands for no child; it has its index only. */
    | null
}

export const FIRST_ROW: TreeMark = { index: 0, at: null }

export function markAt<T extends TreeItem>(flat: FlatTree<T>, index: number): TreeMark {
  const row = flat.rowAt(index)
  if (row?.kind === 'item') return { index, at: { kind: 'item', path: row.item.path } }
  return { index, at: row?.kind === 'waiting' ? { kind: 'place', dir: row.dir, child: row.index } : null }
}

/** The mark among the rows that there are now: it stays with its item, and a place becomes the item that has come to it. */
export function settleMark<T extends TreeItem>(flat: FlatTree<T>, mark: TreeMark): TreeMark {
  const found = findMark(flat, mark)
  // Gone or not there yet: the mark waits where it was seen last.
  if (found === -1) return mark.index < flat.length ? mark : { ...mark, index: Math.max(0, flat.length - 1) }
  const settled = markAt(flat, found)
  return isSame(settled, mark) ? mark : settled
}

function findMark<T extends TreeItem>(flat: FlatTree<T>, { index, at }: TreeMark): number {
  if (at === null) return index < flat.length ? index : -1
  return at.kind === 'item' ? flat.indexOf(at.path) : flat.indexOfChild(at.dir, at.child)
}

function isSame(a: TreeMark, b: TreeMark): boolean {
  if (a.index !== b.index || a.at?.kind !== b.at?.kind) return false
  if (a.at?.kind === 'item' && b.at?.kind === 'item') return a.at.path === b.at.path
  if (a.at?.kind === 'place' && b.at?.kind === 'place') return a.at.dir === b.at.dir && a.at.child === b.at.child
  return true
}
