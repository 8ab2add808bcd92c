import { parentPath } from '@/lib/domain/znode/path.ts'
import type { FlatTree, TreeItem } from './tree-state.ts'

/** What a key does in a tree; null when the key is not the tree's. */
export type TreeMove =
  | { readonly kind: 'focus'; readonly index: number }
  | { readonly kind: 'expand' | 'collapse' | 'select' | 'pick'; readonly path: string }
  | { readonly kind: 'none' }

const STEPS: Record<string, (index: number, page: number) => number> = {
  ArrowDown: (index) => index + 1,
  ArrowUp: (index) => index - 1,
  PageDown: (index, page) => index + page,
  PageUp: (index, page) => index - page,
  Home: () => 0,
  End: () => Number.MAX_SAFE_INTEGER,
}

/** The keys of the WAI-ARIA tree pattern. `page` is the number of rows on a screen. */
export function moveByKey<T extends TreeItem>(
  flat: FlatTree<T>,
  index: number,
  key: string,
  page: number,
): TreeMove | null {
  const step = STEPS[key]
  if (step) return { kind: 'focus', index: Math.min(Math.max(step(index, page), 0), flat.length - 1) }
  const row = flat.rowAt(index)
  if (key === 'ArrowLeft') {
    if (row?.kind === 'item' && row.expanded && row.item.hasChildren) return { kind: 'collapse', path: row.item.path }
    const parent = row?.kind === 'item' ? parentPath(row.item.path) : (row?.dir ?? '/')
    const at = flat.indexOf(parent)
    return at === -1 || at === index ? { kind: 'none' } : { kind: 'focus', index: at }
  }
  if (row?.kind !== 'item') return key === 'ArrowRight' || key === 'Enter' || key === ' ' ? { kind: 'none' } : null
  if (key === 'ArrowRight') {
    if (!row.item.hasChildren) return { kind: 'none' }
    return row.expanded
      ? { kind: 'focus', index: Math.min(index + 1, flat.length - 1) }
      : { kind: 'expand', path: row.item.path }
  }
  if (key === 'Enter') return { kind: 'select', path: row.item.path }
  if (key === ' ') return { kind: 'pick', path: row.item.path }
  return null
}

// Looking further would hold up typing; the rows in between are not loaded anyhow.
const ROWS_LOOKED_AT_MAX = 200_000

/** The next row, after `index` and round the end, whose name begins with what was typed; -1 for none. A prefix of one letter moves on, a longer one may stay. */
export function findByPrefix<T extends TreeItem>(flat: FlatTree<T>, index: number, typed: string): number {
  const prefix = typed.toLowerCase()
  const rows = Math.min(flat.length, ROWS_LOOKED_AT_MAX)
  const first = typed.length > 1 ? 0 : 1
  for (let offset = first; offset < rows + first; offset++) {
    const at = (index + offset) % flat.length
    const row = flat.rowAt(at)
    if (row?.kind === 'item' && row.item.name.toLowerCase().startsWith(prefix)) return at
  }
  return -1
}
