import clsx from 'clsx'
import type { ReactNode } from 'react'

export function Card({
  id,
  title,
  actions,
  className,
  flush = false,
  children,
}: {
  /** Of its heading: where an address with a `#` leads, and the focus with it. */
  id?: string
  title?: ReactNode
  actions?: ReactNode
  className?: string
  /** No padding round the body: for tables and lists. */
  flush?: boolean
  children: ReactNode
}) {
  return (
    <section className={clsx('min-w-0 rounded-lg border bg-surface', className)}>
      {(title !== undefined || actions !== undefined) && (
        <header className="flex flex-wrap items-center gap-2 border-b px-4 py-2.5">
          <h2
            id={id}
            tabIndex={id === undefined ? undefined : -1}
            className="min-w-0 flex-1 scroll-mt-28 font-semibold text-sm lg:scroll-mt-18"
          >
            {title}
          </h2>
          {actions}
        </header>
      )}
      <div className={flush ? '' : 'p-4'}>{children}</div>
    </section>
  )
}

/** Label and value pairs in a grid that folds on narrow screens. */
export function Facts({
  items,
  className,
}: {
  items: readonly (readonly [ReactNode, ReactNode])[]
  className?: string
}) {
  return (
    <dl className={clsx('grid gap-x-6 gap-y-2 text-sm', className ?? 'sm:grid-cols-2 xl:grid-cols-3')}>
      {items.map(([label, value], index) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: the list is fixed for a render and never re-ordered
        <div key={index} className="min-w-0">
          <dt className="text-muted text-xs">{label}</dt>
          <dd className="min-w-0 break-words">{value}</dd>
        </div>
      ))}
    </dl>
  )
}
