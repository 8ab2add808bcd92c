import clsx from 'clsx'
import { CircleCheck, Info, TriangleAlert } from 'lucide-react'
import type { ReactNode } from 'react'

const TONES = {
  info: { className: 'border-line bg-sunken', icon: <Info aria-hidden className="size-4 text-accent" /> },
  warn: {
    className: 'border-changed/35 bg-changed-soft',
    icon: <TriangleAlert aria-hidden className="size-4 text-changed" />,
  },
  bad: {
    className: 'border-removed/35 bg-removed-soft',
    icon: <TriangleAlert aria-hidden className="size-4 text-removed" />,
  },
  good: { className: 'border-added/35 bg-added-soft', icon: <CircleCheck aria-hidden className="size-4 text-added" /> },
}

export function Notice({
  tone = 'info',
  title,
  children,
  action,
  live = false,
}: {
  tone?: keyof typeof TONES
  title?: ReactNode
  children?: ReactNode
  action?: ReactNode
  /** Announced when it appears. */
  live?: boolean
}) {
  const look = TONES[tone]
  return (
    <div
      role={live ? 'status' : undefined}
      className={clsx('flex items-start gap-2.5 rounded-md border px-3 py-2 text-sm', look.className)}
    >
      <span className="mt-0.5 shrink-0">{look.icon}</span>
      <div className="min-w-0 flex-1">
        {title && <p className="break-words font-medium">{title}</p>}
        {children && <div className="break-words">{children}</div>}
      </div>
      {action}
    </div>
  )
}
