import { compareNames } from '@/lib/domain/znode/order.ts'
import { isWithin, nameOf, parentPath } from '@/lib/domain/znode/path.ts'

/** A row's subject. Names under one parent are in path order. */
export interface TreeItem {
  readonly path: string
  readonly name: string
  readonly hasChildren: boolean
}

export interface Dir<T extends TreeItem> {
  /** The first children without a gap; the rest is loaded as it comes into view. */
  readonly items: readonly T[]
  /** All children where the source says how many; null where it only says whether there are more. */
  readonly total: number | null
  /** Where the next page begins; null when all is loaded. */
  readonly next: string | null
  /** Shown instead of children: why there are none to show. */
  readonly note: { readonly tone: 'quiet' | 'bad'; readonly text: string } | null
}

export interface TreeState<T extends TreeItem> {
  readonly root: T
  readonly dirs: ReadonlyMap<string, Dir<T>>
  readonly expanded: ReadonlySet<string>
}

export type TreeRow<T extends TreeItem> =
  | {
      readonly kind: 'item'
      readonly item: T
      readonly depth: number
      readonly expanded: boolean
      /** 1-based position among `siblings`; 0 siblings when their number is not known. */
      readonly position: number
      readonly siblings: number
    }
  /** A child that is not loaded yet. `index` is its place among the children of `dir`. */
  | { readonly kind: 'waiting'; readonly dir: string; readonly index: number; readonly depth: number }
  | {
      readonly kind: 'note'
      readonly dir: string
      readonly depth: number
      readonly tone: 'quiet' | 'bad'
      readonly text: string
    }

/** The visible rows as an array that is never built: cost depends on how many rows are open, not on how many there are. */
export interface FlatTree<T extends TreeItem> {
  readonly length: number
  rowAt(index: number): TreeRow<T> | null
  /** Index of a loaded and visible item, or -1. */
  indexOf(path: string): number
  /** Index of the row of a child by its place among the children of `dir`, loaded or not; -1 when it has no row. */
  indexOfChild(dir: string, child: number): number
}

interface Block {
  readonly start: number
  readonly count: number
  readonly dir: string
  readonly depth: number
  readonly kind: 'items' | 'waiting' | 'note'
  /** For items and waiting: index among the children of `dir` of the first row. */
  readonly from: number
}

export function flattenTree<T extends TreeItem>(state: TreeState<T>): FlatTree<T> {
  const blocks: Block[] = []
  let length = 1
  const push = (block: Omit<Block, 'start'>) => {
    if (block.count === 0) return
    blocks.push({ ...block, start: length })
    length += block.count
  }
  const openBelow = groupOpen(state)
  // An explicit stack of "what is still to be laid out", so that depth is no limit.
  const stack: { dir: string; depth: number; from: number }[] = []
  if (state.expanded.has(state.root.path)) stack.push({ dir: state.root.path, depth: 1, from: 0 })
  for (let frame = stack.pop(); frame; frame = stack.pop()) {
    const dir = state.dirs.get(frame.dir)
    const { depth } = frame
    if (!dir) {
      push({ dir: frame.dir, depth, kind: 'waiting', from: 0, count: 1 })
      continue
    }
    if (dir.note) {
      push({ dir: frame.dir, depth, kind: 'note', from: 0, count: 1 })
      continue
    }
    const nextOpen = openBelow.get(frame.dir)?.find((index) => index >= frame.from)
    if (nextOpen !== undefined) {
      push({ dir: frame.dir, depth, kind: 'items', from: frame.from, count: nextOpen - frame.from + 1 })
      stack.push({ dir: frame.dir, depth, from: nextOpen + 1 })
      const child = dir.items[nextOpen]
      if (child) stack.push({ dir: child.path, depth: depth + 1, from: 0 })
      continue
    }
    push({ dir: frame.dir, depth, kind: 'items', from: frame.from, count: dir.items.length - frame.from })
    const rest = waitingCount(dir)
    push({ dir: frame.dir, depth, kind: 'waiting', from: dir.items.length, count: rest })
  }
  return new Flat(state, blocks, length)
}

class Flat<T extends TreeItem> implements FlatTree<T> {
  readonly length: number
  readonly #state: TreeState<T>
  readonly #blocks: readonly Block[]

  constructor(state: TreeState<T>, blocks: readonly Block[], length: number) {
    this.#state = state
    this.#blocks = blocks
    this.length = length
  }

  rowAt(index: number): TreeRow<T> | null {
    const { root, dirs, expanded } = this.#state
    if (index === 0) {
      return { kind: 'item', item: root, depth: 0, expanded: expanded.has(root.path), position: 1, siblings: 1 }
    }
    const block = this.#blockAt(index)
    if (!block) return null
    const at = block.from + index - block.start
    const { depth } = block
    if (block.kind === 'waiting') return { kind: 'waiting', dir: block.dir, index: at, depth }
    const dir = dirs.get(block.dir)
    if (block.kind === 'note') {
      return dir?.note ? { kind: 'note', dir: block.dir, depth, ...dir.note } : null
    }
    const item = dir?.items[at]
    if (!dir || !item) return null
    const siblings = dir.total ?? (dir.next === null ? dir.items.length : 0)
    return { kind: 'item', item, depth, expanded: expanded.has(item.path), position: at + 1, siblings }
  }

  indexOf(path: string): number {
    if (path === this.#state.root.path) return 0
    const parent = parentPath(path)
    const dir = this.#state.dirs.get(parent)
    if (!dir) return -1
    const at = findItem(dir.items, nameOf(path))
    return at === -1 ? -1 : this.indexOfChild(parent, at)
  }

  indexOfChild(dir: string, child: number): number {
    const block = this.#blocks.find(
      (each) => each.dir === dir && each.kind !== 'note' && child >= each.from && child < each.from + each.count,
    )
    return block ? block.start + child - block.from : -1
  }

  #blockAt(index: number): Block | null {
    let low = 0
    let high = this.#blocks.length - 1
    while (low <= high) {
      const middle = (low + high) >> 1
      const block = this.#blocks[middle]
      if (!block) return null
      if (index < block.start) high = middle - 1
      else if (index >= block.start + block.count) low = middle + 1
      else return block
    }
    return null
  }
}

function waitingCount<T extends TreeItem>(dir: Dir<T>): number {
  if (dir.next === null) return 0
  return dir.total === null ? 1 : Math.max(1, dir.total - dir.items.length)
}

/** Parent path → ascending indexes of its loaded children that are open. */
function groupOpen<T extends TreeItem>(state: TreeState<T>): Map<string, number[]> {
  const groups = new Map<string, number[]>()
  for (const path of state.expanded) {
    if (path === state.root.path) continue
    const parent = parentPath(path)
    const dir = state.dirs.get(parent)
    const at = dir ? findItem(dir.items, nameOf(path)) : -1
    if (at === -1 || !dir?.items[at]?.hasChildren) continue
    const group = groups.get(parent)
    if (group) group.push(at)
    else groups.set(parent, [at])
  }
  for (const group of groups.values()) group.sort((a, b) => a - b)
  return groups
}

/** Binary search by name; -1 when it is not there. */
export function findItem<T extends TreeItem>(items: readonly T[], name: string): number {
  let low = 0
  let high = items.length - 1
  while (low <= high) {
    const middle = (low + high) >> 1
    const order = compareNames(items[middle]?.name ?? '', name)
    if (order === 0) return middle
    if (order < 0) low = middle + 1
    else high = middle - 1
  }
  return -1
}

export function expandPath<T extends TreeItem>(state: TreeState<T>, path: string): TreeState<T> {
  if (state.expanded.has(path)) return state
  return { ...state, expanded: new Set(state.expanded).add(path) }
}

export function collapsePath<T extends TreeItem>(state: TreeState<T>, path: string): TreeState<T> {
  if (!state.expanded.has(path)) return state
  const expanded = new Set(state.expanded)
  expanded.delete(path)
  return { ...state, expanded }
}

export function setDir<T extends TreeItem>(state: TreeState<T>, path: string, dir: Dir<T>): TreeState<T> {
  return { ...state, dirs: new Map(state.dirs).set(path, dir) }
}

/** Forgets what is known below a path that has gone, itself included. */
export function forgetBelow<T extends TreeItem>(state: TreeState<T>, path: string): TreeState<T> {
  const dirs = new Map([...state.dirs].filter(([dir]) => !isWithin(dir, path)))
  const expanded = new Set([...state.expanded].filter((each) => !isWithin(each, path)))
  return { ...state, dirs, expanded }
}

/** How many children of `dir`, counted from the first, lie before the last one within the rows `first` to `last`; 0 when none does. */
export function countShownOf<T extends TreeItem>(
  flat: FlatTree<T>,
  dir: string,
  { first, last }: { first: number; last: number },
): number {
  for (let index = last; index >= first; index--) {
    const row = flat.rowAt(index)
    if (row?.kind === 'waiting' && row.dir === dir) return row.index + 1
    if (row?.kind === 'item' && row.depth > 0 && parentPath(row.item.path) === dir) return row.position
  }
  return 0
}

/** Open directories whose rows are visible: every ancestor is open too. */
export function visibleDirs<T extends TreeItem>(state: TreeState<T>): string[] {
  const isVisible = (path: string): boolean => {
    for (let at = path; at !== state.root.path; at = parentPath(at)) {
      if (!state.expanded.has(parentPath(at))) return false
      if (at === '/') return false
    }
    return true
  }
  return [...state.expanded].filter(isVisible)
}

/** Names that are new in `after` or whose facts changed; only where both lists cover the same range. */
export function findChangedItems<T extends TreeItem>(
  before: readonly T[],
  after: readonly T[],
  isSame: (a: T, b: T) => boolean,
): string[] {
  const known = new Map(before.map((item) => [item.name, item]))
  const last = before.at(-1)?.name
  return after
    .filter((item) => {
      const old = known.get(item.name)
      if (old) return !isSame(old, item)
      return (
        last === undefined || before.length === 0 || compareNames(item.name, last) < 0 || after.length > before.length
      )
    })
    .map((item) => item.path)
}
