'use client'

import { defaultRangeExtractor, type Range, useVirtualizer } from '@tanstack/react-virtual'
import clsx from 'clsx'
import { type KeyboardEvent, useId, useLayoutEffect, useRef } from 'react'
import { formatCount } from '@/app/_ui/format-number.ts'
import { formatUtc } from '@/app/_ui/format-time.ts'
import type { LiveTxnView } from '@/lib/services/live/views.ts'
import { countAbove, keyOf, type LiveRow } from './live-rows.ts'
import { describeTxn } from './live-words.ts'

const ROW_PX = 30
const SCROLLABLE = { tabIndex: 0 }
const STEPS: Readonly<Record<string, number>> = { ArrowDown: 1, ArrowUp: -1 }

/** Any number of rows: only those on screen exist. Each opens what it did. */
export function LiveList({
  rows,
  isFiltered,
  opened,
  onOpen,
}: {
  rows: readonly LiveRow[]
  isFiltered: boolean
  opened: string | null
  onOpen: (zxid: string) => void
}) {
  const box = useRef<HTMLElement>(null)
  const keysId = useId()
  /** The row that has been reached by the keyboard: it exists wherever it is, or the place would be lost. */
  const reached = useRef<string | null>(null)
  const virtual = useVirtualizer({
    count: rows.length,
    getScrollElement: () => box.current,
    estimateSize: () => ROW_PX,
    overscan: 12,
    getItemKey: (index) => (rows[index] ? keyOf(rows[index]) : index),
    rangeExtractor: (range) => withReached(range, rows, reached.current),
  })
  useStayingInPlace(box, rows, reached)
  if (rows.length === 0) {
    return (
      <p className="px-4 py-8 text-center text-muted text-sm">
        {isFiltered
          ? 'No transaction that is kept fits the filters.'
          : 'No transaction is kept yet. Each is listed here as it comes: write something, or wait for somebody who does.'}
      </p>
    )
  }
  const onKeyDown = (event: KeyboardEvent) => {
    const step = STEPS[event.key]
    if (step === undefined || event.altKey || event.ctrlKey || event.metaKey) return
    event.preventDefault()
    const at = indexOf(document.activeElement)
    const top = Math.ceil((box.current?.scrollTop ?? 0) / ROW_PX)
    let to = at === null ? top : at + step
    while (rows[to]?.kind === 'more') to += at === null ? 1 : step
    if (!rows[to]) return
    virtual.scrollToIndex(to)
    box.current?.querySelector<HTMLElement>(`button[data-index="${to}"]`)?.focus({ preventScroll: true })
  }
  return (
    <>
      <p id={keysId} className="sr-only">
        Arrow keys go from row to row, Enter opens one below the list
      </p>
      <section
        ref={box}
        aria-label="Transactions"
        aria-describedby={keysId}
        {...SCROLLABLE}
        onKeyDown={onKeyDown}
        className="relative max-h-[26rem] overflow-auto text-sm"
      >
        <div className="relative" style={{ height: virtual.getTotalSize() }}>
          {virtual.getVirtualItems().map(({ index, key, start }) => {
            const row = rows[index]
            if (!row) return null
            const place = { height: ROW_PX, transform: `translateY(${start}px)` }
            return row.kind === 'more' ? (
              <p key={key} style={place} className="absolute inset-x-0 top-0 truncate bg-sunken px-4 py-1 text-muted">
                {formatCount(row.count)} more at about this time, not listed one by one
              </p>
            ) : (
              <button
                key={key}
                type="button"
                data-index={index}
                style={place}
                aria-pressed={row.txn.zxid === opened}
                onClick={() => onOpen(row.txn.zxid)}
                onFocus={({ currentTarget }) => {
                  if (currentTarget.matches(':focus-visible')) reached.current = row.txn.zxid
                }}
                onBlur={() => {
                  reached.current = null
                }}
                className={clsx(
                  'absolute inset-x-0 top-0 flex items-center gap-3 border-b px-4 text-left -outline-offset-2 hover:bg-hover/60',
                  row.txn.zxid === opened && 'bg-accent-soft',
                )}
              >
                <RowParts txn={row.txn} />
              </button>
            )
          })}
        </div>
      </section>
    </>
  )
}

function RowParts({ txn }: { txn: LiveTxnView }) {
  const { what, path, more } = describeTxn(txn)
  return (
    <>
      <span className="shrink-0 text-muted tabular-nums" title={formatUtc(Date.parse(txn.at))}>
        {txn.at.slice(5, 19).replace('T', ' ')}
      </span>
      <span className="flex min-w-0 flex-1 gap-[1ch] font-mono text-[0.92em]">
        <span className={path === null ? 'truncate' : 'shrink-0'}>{what}</span>
        {path !== null && (
          // Of a long path the end tells most: it is the beginning that is cut.
          <span className="min-w-0 truncate text-left" dir="rtl" title={path}>
            <bdi dir="ltr">{path}</bdi>
          </span>
        )}
        {more !== null && <span className="shrink-0">{more}</span>}
      </span>
      <span className="shrink-0 font-mono text-muted text-xs max-sm:hidden">{txn.session}</span>
      <span className="shrink-0 font-mono text-muted text-xs max-sm:hidden">{txn.zxid}</span>
    </>
  )
}

/** What comes above does not move what somebody reads further down, or has reached by the keyboard. */
function useStayingInPlace(
  box: { readonly current: HTMLElement | null },
  rows: readonly LiveRow[],
  reached: { readonly current: string | null },
): void {
  const shown = useRef(rows)
  useLayoutEffect(() => {
    const above = countAbove(shown.current, rows)
    shown.current = rows
    const element = box.current
    if (!element || above === 0) return
    if (element.scrollTop > 0 || reached.current !== null) element.scrollTop += above * ROW_PX
  }, [box, rows, reached])
}

function withReached(range: Range, rows: readonly LiveRow[], reached: string | null): number[] {
  const indexes = defaultRangeExtractor(range)
  const at = reached === null ? -1 : rows.findIndex((row) => keyOf(row) === reached)
  return at === -1 || indexes.includes(at) ? indexes : [...indexes, at].sort((a, b) => a - b)
}

function indexOf(element: Element | null): number | null {
  const index = element instanceof HTMLElement ? element.dataset.index : undefined
  return index === undefined ? null : Number(index)
}
