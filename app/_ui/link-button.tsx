import clsx from 'clsx'
import Link from 'next/link'
import type { ComponentProps, ReactNode } from 'react'
import { type ButtonTone, buttonClass } from './button-class.ts'

export function LinkButton({
  tone,
  size,
  icon,
  className,
  children,
  ...rest
}: ComponentProps<typeof Link> & { tone?: ButtonTone; size?: 'small' | 'medium'; icon?: ReactNode }) {
  return (
    <Link {...rest} className={clsx(buttonClass({ tone, size }), className)}>
      {icon}
      {children}
    </Link>
  )
}
