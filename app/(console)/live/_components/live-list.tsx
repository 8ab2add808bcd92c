'use client'

import { useVirtualizer } from '@tanstack/react-virtual'
import clsx from 'clsx'
import { useRef } from 'react'
import { formatCount } from '@/app/_ui/format-number.ts'
import { formatUtc } from '@/app/_ui/format-time.ts'
import type { LiveRow } from './live-rows.ts'
import { describeTxn } from './live-words.ts'

const ROW_PX = 30
const SCROLLABLE = { tabIndex: 0 }

/** Any number of rows: only those on screen exist. Each opens what it did. */
export function LiveList({
  rows,
  opened,
  onOpen,
}: {
  rows: readonly LiveRow[]
  opened: string | null
  onOpen: (zxid: string) => void
}) {
  const box = useRef<HTMLElement>(null)
  const virtual = useVirtualizer({
    count: rows.length,
    getScrollElement: () => box.current,
    estimateSize: () => ROW_PX,
    overscan: 12,
    getItemKey: (index) => keyOf(rows[index]) ?? index,
  })
  if (rows.length === 0) {
    return <p className="px-4 py-8 text-center text-muted text-sm">No transaction that is kept fits the filters.</p>
  }
  return (
    <section
      ref={box}
      aria-label="Transactions"
      {...SCROLLABLE}
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
              style={place}
              aria-pressed={row.txn.zxid === opened}
              onClick={() => onOpen(row.txn.zxid)}
              className={clsx(
                'absolute inset-x-0 top-0 flex items-center gap-3 border-b px-4 text-left -outline-offset-2 hover:bg-hover/60',
                row.txn.zxid === opened && 'bg-accent-soft',
              )}
            >
              <span className="shrink-0 text-muted tabular-nums" title={formatUtc(Date.parse(row.txn.at))}>
                {row.txn.at.slice(5, 19).replace('T', ' ')}
              </span>
              <span className="min-w-0 flex-1 truncate font-mono text-[0.92em]">{describeTxn(row.txn)}</span>
              <span className="shrink-0 font-mono text-muted text-xs max-sm:hidden">{row.txn.session}</span>
              <span className="shrink-0 font-mono text-muted text-xs max-sm:hidden">{row.txn.zxid}</span>
            </button>
          )
        })}
      </div>
    </section>
  )
}

function keyOf(row: LiveRow | undefined): string | undefined {
  return row?.kind === 'txn' ? row.txn.zxid : row?.key
}
