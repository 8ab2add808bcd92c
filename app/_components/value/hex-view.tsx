'use client'

import { useVirtualizer } from '@tanstack/react-virtual'
import clsx from 'clsx'
import { useRef } from 'react'
import { hexRowAt, hexRowCount, hexRowDifferences } from '@/lib/domain/value/hex.ts'

const ROW_PX = 20
const SCROLLABLE = { tabIndex: 0 }

/** Sixteen bytes a row. Given another value, the bytes that differ from it at the same offset are marked. */
export function HexView({
  bytes,
  label,
  other,
  tone = 'changed',
  className,
}: {
  bytes: Uint8Array
  label: string
  other?: Uint8Array
  tone?: 'added' | 'removed' | 'changed'
  className?: string
}) {
  const box = useRef<HTMLElement>(null)
  const virtual = useVirtualizer({
    count: hexRowCount(bytes.length),
    getScrollElement: () => box.current,
    estimateSize: () => ROW_PX,
    overscan: 20,
  })
  if (bytes.length === 0) return <p className="text-muted text-sm">There are no bytes.</p>
  const mark = tone === 'added' ? 'bg-added-mark' : tone === 'removed' ? 'bg-removed-mark' : 'bg-changed-soft'
  return (
    <section
      ref={box}
      aria-label={label}
      {...SCROLLABLE}
      className={clsx('overflow-auto rounded-md border bg-sunken font-mono text-xs', className ?? 'max-h-[28rem]')}
    >
      <div className="relative min-w-max" style={{ height: virtual.getTotalSize(), width: '37.5rem' }}>
        {virtual.getVirtualItems().map((place) => {
          const row = hexRowAt(bytes, place.index)
          const differs = other ? hexRowDifferences(bytes, other, place.index) : null
          return (
            <div
              key={place.index}
              className="absolute left-0 flex items-center gap-4 whitespace-pre px-3"
              style={{ height: ROW_PX, transform: `translateY(${place.start}px)` }}
            >
              <span className="text-muted">{row.offset}</span>
              <span>
                {row.bytes.map((byte, index) => (
                  // biome-ignore lint/suspicious/noArrayIndexKey: a byte is its place
                  <span key={index} className={clsx(differs?.[index] && mark)}>
                    {byte}
                    {index === 7 ? '  ' : ' '}
                  </span>
                ))}
                {'   '.repeat(16 - row.bytes.length)}
                {row.bytes.length < 8 && ' '}
              </span>
              <span className="text-muted">{row.ascii}</span>
            </div>
          )
        })}
      </div>
    </section>
  )
}
