import { Info } from 'lucide-react'
import type { ReactNode } from 'react'

/** What is often told otherwise, said where it matters. */
export function PlainFact({ children }: { children: ReactNode }) {
  return (
    <p className="flex items-start gap-1.5 text-muted text-xs">
      <Info aria-hidden className="mt-0.5 size-3.5 shrink-0 text-accent" />
      <span className="min-w-0 break-words">{children}</span>
    </p>
  )
}
