import clsx from 'clsx'
import type { ReactNode } from 'react'

// A box that scrolls must be reachable by keyboard, so that its arrow keys work.
const REACHABLE = { tabIndex: 0 }

/** A named region that scrolls by itself. `relative` keeps text for screen readers, which is placed absolutely, inside of it. */
export function ScrollBox({ label, className, children }: { label: string; className?: string; children: ReactNode }) {
  return (
    <section aria-label={label} {...REACHABLE} className={clsx('relative overflow-auto', className)}>
      {children}
    </section>
  )
}
