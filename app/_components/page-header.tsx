import { ChevronRight } from 'lucide-react'
import Link from 'next/link'
import type { ReactNode } from 'react'

export function PageHeader({
  crumbs = [],
  title,
  badges,
  actions,
  children,
}: {
  /** Where the page belongs, outermost first. */
  crumbs?: readonly { readonly href: string; readonly text: string }[]
  title: ReactNode
  badges?: ReactNode
  actions?: ReactNode
  children?: ReactNode
}) {
  return (
    <header className="mb-4 flex flex-wrap items-start gap-x-4 gap-y-2">
      <div className="min-w-0 flex-1 basis-full sm:basis-0">
        {crumbs.length > 0 && (
          <nav aria-label="Where you are">
            <ol className="flex flex-wrap items-center text-muted text-xs">
              {crumbs.map((crumb) => (
                <li key={crumb.href} className="flex items-center">
                  <Link href={crumb.href} className="rounded hover:text-accent hover:underline">
                    {crumb.text}
                  </Link>
                  <ChevronRight aria-hidden className="mx-0.5 size-3" />
                </li>
              ))}
            </ol>
          </nav>
        )}
        <div className="flex flex-wrap items-center gap-2">
          <h1 className="min-w-0 break-words font-semibold text-xl">{title}</h1>
          {badges}
        </div>
        {children && <div className="mt-0.5 text-muted text-sm">{children}</div>}
      </div>
      {actions && <div className="flex flex-wrap items-center gap-2">{actions}</div>}
    </header>
  )
}
