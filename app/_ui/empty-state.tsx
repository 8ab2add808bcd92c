import type { ReactNode } from 'react'

/** Says what would be here and offers the next step. */
export function EmptyState({
  icon,
  title,
  children,
  action,
}: {
  icon?: ReactNode
  title: ReactNode
  children?: ReactNode
  action?: ReactNode
}) {
  return (
    <div className="flex flex-col items-center gap-2 px-4 py-10 text-center">
      {icon && <div className="text-muted [&>svg]:size-8">{icon}</div>}
      <h2 className="font-semibold text-base">{title}</h2>
      {children && <div className="max-w-prose text-muted text-sm">{children}</div>}
      {action && <div className="mt-2 flex flex-wrap justify-center gap-2">{action}</div>}
    </div>
  )
}
