import type { ReactNode } from 'react'

export function PageHeader({
  title,
  badges,
  actions,
  children,
}: {
  title: ReactNode
  badges?: ReactNode
  actions?: ReactNode
  children?: ReactNode
}) {
  return (
    <header className="mb-4 flex flex-wrap items-start gap-x-4 gap-y-2">
      <div className="min-w-0 flex-1">
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
