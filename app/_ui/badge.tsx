import clsx from 'clsx'
import type { ReactNode } from 'react'

export type BadgeTone = 'neutral' | 'good' | 'bad' | 'warn' | 'special' | 'accent'

const TONES: Record<BadgeTone, string> = {
  neutral: 'bg-sunken text-muted ring-line',
  good: 'bg-added-soft text-added ring-added/25',
  bad: 'bg-removed-soft text-removed ring-removed/25',
  warn: 'bg-changed-soft text-changed ring-changed/25',
  special: 'bg-ephemeral-soft text-ephemeral ring-ephemeral/25',
  accent: 'bg-accent-soft text-accent ring-accent/25',
}

/** A short fact. Colour is never alone: give an icon or a word that says the same. */
export function Badge({
  tone = 'neutral',
  icon,
  title,
  className,
  children,
}: {
  tone?: BadgeTone
  icon?: ReactNode
  title?: string
  className?: string
  children: ReactNode
}) {
  return (
    <span
      title={title}
      className={clsx(
        'inline-flex h-5 shrink-0 items-center gap-1 whitespace-nowrap rounded px-1.5 font-medium text-2xs ring-1 ring-inset [&>svg]:size-3',
        TONES[tone],
        className,
      )}
    >
      {icon}
      {children}
    </span>
  )
}
