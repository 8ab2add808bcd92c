'use client'

import { defaultRangeExtractor, useVirtualizer } from '@tanstack/react-virtual'
import clsx from 'clsx'
import { ChevronRight } from 'lucide-react'
import {
  type KeyboardEvent,
  type ReactNode,
  type Ref,
  useEffect,
  useId,
  useImperativeHandle,
  useRef,
  useState,
} from 'react'
import { findByPrefix, moveByKey } from './tree-keys.ts'
import { FIRST_ROW, markAt, settleMark } from './tree-mark.ts'
import type { FlatTree, TreeItem, TreeRow } from './tree-state.ts'

const ROW_PX = 27
const TYPE_AHEAD_MS = 800

export interface VirtualTreeHandle {
  /** Moves the focus mark to a row and scrolls it into view. */
  show(path: string): void
}

export interface VirtualTreeProps<T extends TreeItem> {
  readonly ref?: Ref<VirtualTreeHandle>
  readonly label: string
  readonly flat: FlatTree<T>
  readonly selected: string | null
  readonly flashes?: ReadonlyMap<string, number>
  readonly onSelect: (path: string) => void
  readonly onExpand: (path: string) => void
  readonly onCollapse: (path: string) => void
  readonly onPick?: (path: string) => void
  /** Rows of this directory that are not loaded are on screen. */
  readonly onNeed: (dir: string, upTo: number) => void
  /** The rows on screen have changed. */
  readonly onRange?: (range: { first: number; last: number }) => void
  /** What the row is called; names of kinds and counts included. */
  readonly labelOf: (item: T) => string
  readonly renderBefore?: (item: T) => ReactNode
  readonly renderAfter: (item: T) => ReactNode
  readonly checkedOf?: (item: T) => 'true' | 'false' | 'mixed'
  readonly className?: string
}

/** A tree of any length: only the rows on screen exist. One stop for the Tab key; the arrow keys move inside. */
export function VirtualTree<T extends TreeItem>(props: VirtualTreeProps<T>) {
  const { flat, label, onNeed, onRange } = props
  const id = useId()
  const box = useRef<HTMLDivElement>(null)
  const [known, setMark] = useState(FIRST_ROW)
  const [wanted, setWanted] = useState<string | null>(null)
  const typed = useRef({ text: '', at: 0 })

  const mark = settleMark(flat, known)
  if (mark !== known) setMark(mark)
  const focusIndex = mark.index

  const virtual = useVirtualizer({
    count: flat.length,
    getScrollElement: () => box.current,
    estimateSize: () => ROW_PX,
    overscan: 12,
    rangeExtractor: (range) => {
      const rows = defaultRangeExtractor(range)
      if (rows.includes(focusIndex) || focusIndex < 0) return rows
      return [...rows, focusIndex].sort((a, b) => a - b)
    },
  })

  const moveTo = (index: number) => {
    setMark(markAt(flat, index))
    virtual.scrollToIndex(index)
  }
  useImperativeHandle(props.ref, () => ({
    show: (path) => {
      setMark(({ index }) => ({ index, at: { kind: 'item', path } }))
      setWanted(path)
    },
  }))
  // The row may be loaded already and not be drawn yet: it is scrolled to as soon as it has a place.
  useEffect(() => {
    const index = wanted === null ? -1 : flat.indexOf(wanted)
    if (index === -1) return
    virtual.scrollToIndex(index)
    setWanted(null)
  }, [wanted, flat, virtual])

  const visible = virtual.range
  useEffect(() => {
    if (!visible) return
    onRange?.({ first: visible.startIndex, last: visible.endIndex })
    const needs = new Map<string, number>()
    for (let index = visible.startIndex; index <= visible.endIndex; index++) {
      const row = flat.rowAt(index)
      if (row?.kind === 'waiting') needs.set(row.dir, row.index)
    }
    for (const [dir, upTo] of needs) onNeed(dir, upTo)
  }, [flat, visible, onNeed, onRange])

  const onKeyDown = (event: KeyboardEvent<HTMLDivElement>) => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.target !== box.current) return
    const page = Math.max(1, Math.floor((box.current?.clientHeight ?? ROW_PX) / ROW_PX) - 1)
    const move = moveByKey(flat, focusIndex, event.key, page)
    if (move) {
      event.preventDefault()
      if (move.kind === 'focus') moveTo(move.index)
      else if (move.kind === 'expand') props.onExpand(move.path)
      else if (move.kind === 'collapse') props.onCollapse(move.path)
      else if (move.kind === 'select') props.onSelect(move.path)
      else if (move.kind === 'pick') (props.onPick ?? props.onSelect)(move.path)
      return
    }
    if (event.key.length === 1 && event.key !== '/' && event.key !== '?') {
      const now = event.timeStamp
      const text = now - typed.current.at < TYPE_AHEAD_MS ? typed.current.text + event.key : event.key
      typed.current = { text, at: now }
      const at = findByPrefix(flat, focusIndex, text)
      if (at !== -1) moveTo(at)
      event.preventDefault()
    }
  }

  return (
    <div
      ref={box}
      role="tree"
      aria-label={label}
      aria-activedescendant={flat.length > 0 ? `${id}-${focusIndex}` : undefined}
      tabIndex={0}
      onKeyDown={onKeyDown}
      className={clsx('group/tree min-h-0 overflow-auto overscroll-contain -outline-offset-2', props.className)}
    >
      <div role="presentation" className="relative w-full" style={{ height: virtual.getTotalSize() }}>
        {virtual.getVirtualItems().map((place) => {
          const row = flat.rowAt(place.index)
          if (!row) return null
          return (
            <Row
              key={row.kind === 'item' ? row.item.path : `${row.kind} ${row.dir} ${place.index}`}
              id={`${id}-${place.index}`}
              row={row}
              top={place.start}
              focused={place.index === focusIndex}
              tree={props}
              onFocusRow={() => {
                setMark(markAt(flat, place.index))
                box.current?.focus({ preventScroll: true })
              }}
            />
          )
        })}
      </div>
    </div>
  )
}

function Row<T extends TreeItem>({
  id,
  row,
  top,
  focused,
  tree,
  onFocusRow,
}: {
  id: string
  row: TreeRow<T>
  top: number
  focused: boolean
  tree: VirtualTreeProps<T>
  onFocusRow: () => void
}) {
  const place = { height: ROW_PX, transform: `translateY(${top}px)`, paddingLeft: 6 + row.depth * 15 }
  const base = 'absolute top-0 left-0 isolate flex w-full items-center gap-1 pr-2 text-sm'
  const mark =
    focused &&
    'group-focus-visible/tree:ring-2 group-focus-visible/tree:ring-accent group-focus-visible/tree:ring-inset'
  if (row.kind !== 'item') {
    return (
      // biome-ignore lint/a11y/useFocusableInteractive: the tree holds the focus and names the active row
      <div
        id={id}
        role="treeitem"
        aria-level={row.depth + 1}
        aria-selected={false}
        style={place}
        className={clsx(base, mark)}
      >
        <span className="w-5 shrink-0" />
        {row.kind === 'waiting' ? (
          <>
            <span className="sr-only">Not loaded yet</span>
            <span aria-hidden className="skeleton h-3 w-32" />
          </>
        ) : (
          <span
            className={clsx('truncate text-xs', row.tone === 'bad' ? 'text-removed' : 'text-muted')}
            title={row.text}
          >
            {row.text}
          </span>
        )}
      </div>
    )
  }
  const { item, expanded } = row
  const selected = tree.selected === item.path
  const flash = tree.flashes?.get(item.path)
  const toggle = () => {
    onFocusRow()
    if (expanded) tree.onCollapse(item.path)
    else tree.onExpand(item.path)
  }
  return (
    // biome-ignore lint/a11y/useKeyWithClickEvents: the tree takes the keys
    // biome-ignore lint/a11y/useFocusableInteractive: the tree holds the focus and names the active row
    <div
      id={id}
      role="treeitem"
      aria-label={tree.labelOf(item)}
      aria-level={row.depth + 1}
      aria-setsize={row.siblings > 0 ? row.siblings : -1}
      aria-posinset={row.position}
      aria-expanded={item.hasChildren ? expanded : undefined}
      aria-selected={selected}
      aria-checked={tree.checkedOf?.(item)}
      data-path={item.path}
      style={place}
      className={clsx(base, mark, selected ? 'bg-accent-soft' : 'hover:bg-hover')}
      onClick={() => {
        onFocusRow()
        tree.onSelect(item.path)
      }}
      onDoubleClick={item.hasChildren ? toggle : undefined}
    >
      {flash !== undefined && (
        <span key={flash} aria-hidden className="flash pointer-events-none absolute inset-0 -z-10" />
      )}
      {item.hasChildren ? (
        <button
          type="button"
          tabIndex={-1}
          aria-label={`${expanded ? 'Close' : 'Open'} ${item.path}`}
          className="inline-flex size-5 shrink-0 items-center justify-center rounded text-muted hover:bg-line hover:text-fg"
          onClick={(event) => {
            event.stopPropagation()
            toggle()
          }}
          onDoubleClick={(event) => event.stopPropagation()}
        >
          <ChevronRight aria-hidden className={clsx('size-3.5 transition-transform', expanded && 'rotate-90')} />
        </button>
      ) : (
        <span className="w-5 shrink-0" />
      )}
      {tree.renderBefore?.(item)}
      <span className="min-w-0 flex-1 truncate font-mono text-[0.85rem]" title={item.path}>
        {item.name}
      </span>
      {tree.renderAfter(item)}
    </div>
  )
}
