import clsx from 'clsx'
import type { ReactNode } from 'react'
import { ScrollBox } from './scroll-box.tsx'

/** A table that scrolls sideways inside its own box on narrow screens; the box is a named region that the keyboard reaches. */
export function Table({
  label,
  head,
  numeric = [],
  children,
}: {
  label: string
  /** In parentheses: for screen readers only, where a column needs no title for the eye. */
  head: readonly ReactNode[]
  /** Indexes of the columns that stand at the right. */
  numeric?: readonly number[]
  children: ReactNode
}) {
  return (
    <ScrollBox label={label}>
      <table className="w-full border-collapse text-left text-sm">
        <thead>
          <tr className="border-b">
            {head.map((cell, index) => (
              <th
                // biome-ignore lint/suspicious/noArrayIndexKey: columns are fixed
                key={index}
                scope="col"
                className={clsx(
                  'whitespace-nowrap px-3 py-2 font-medium text-muted text-xs first:pl-4 last:pr-4',
                  numeric.includes(index) && 'text-right',
                )}
              >
                {typeof cell === 'string' && cell.startsWith('(') ? (
                  <span className="sr-only">{cell.slice(1, -1)}</span>
                ) : (
                  cell
                )}
              </th>
            ))}
          </tr>
        </thead>
        <tbody className="divide-y">{children}</tbody>
      </table>
    </ScrollBox>
  )
}

export function Row({ children, className }: { children: ReactNode; className?: string }) {
  return <tr className={clsx('hover:bg-hover/60', className)}>{children}</tr>
}

export function Cell({ children, className, span }: { children?: ReactNode; className?: string; span?: number }) {
  return (
    <td colSpan={span} className={clsx('px-3 py-2 align-middle first:pl-4 last:pr-4', className)}>
      {children}
    </td>
  )
}
