'use client'

import clsx from 'clsx'
import { LoaderCircle } from 'lucide-react'
import { Tooltip } from 'radix-ui'
import { type ButtonHTMLAttributes, type MouseEvent, type ReactNode, type Ref, useId, useState } from 'react'
import { type ButtonTone, buttonClass } from './button-class.ts'
import { useHydrated } from './use-hydrated.ts'

export interface ButtonProps extends Omit<ButtonHTMLAttributes<HTMLButtonElement>, 'disabled'> {
  readonly tone?: ButtonTone
  readonly size?: 'small' | 'medium'
  /** A square button that shows only an icon; give it an aria-label. */
  readonly square?: boolean
  readonly icon?: ReactNode
  readonly pending?: boolean
  /** Present: the button cannot be used, stays reachable by keyboard, and says why. */
  readonly disabledReason?: string | null | false
  readonly ref?: Ref<HTMLButtonElement>
}

export function Button({
  tone = 'plain',
  size = 'medium',
  square = false,
  icon,
  pending = false,
  disabledReason,
  className,
  children,
  onClick,
  type = 'button',
  ...rest
}: ButtonProps) {
  const reasonId = useId()
  const hydrated = useHydrated()
  const [open, setOpen] = useState(false)
  const blocked = pending || Boolean(disabledReason)
  const handleClick = (event: MouseEvent<HTMLButtonElement>) => {
    if (blocked) {
      event.preventDefault()
      event.stopPropagation()
      if (disabledReason) setOpen(true)
    } else onClick?.(event)
  }
  const button = (
    <button
      {...rest}
      type={type}
      disabled={!hydrated}
      className={clsx(buttonClass({ tone, size, square }), className)}
      aria-disabled={blocked || undefined}
      aria-busy={pending || undefined}
      aria-describedby={disabledReason ? reasonId : rest['aria-describedby']}
      onClick={handleClick}
    >
      {pending ? <LoaderCircle aria-hidden className="size-4 animate-spin" /> : icon}
      {children}
    </button>
  )
  if (!disabledReason) return button
  return (
    <Tooltip.Provider delayDuration={150}>
      <Tooltip.Root open={open} onOpenChange={setOpen}>
        <Tooltip.Trigger asChild>{button}</Tooltip.Trigger>
        <span id={reasonId} hidden>
          {disabledReason}
        </span>
        <Tooltip.Portal container={findLandmark()}>
          <Tooltip.Content
            sideOffset={6}
            collisionPadding={8}
            className="z-[60] max-w-72 rounded-md bg-fg px-2.5 py-1.5 text-bg text-xs shadow-lg"
          >
            {disabledReason}
          </Tooltip.Content>
        </Tooltip.Portal>
      </Tooltip.Root>
    </Tooltip.Provider>
  )
}

/** Tooltips are drawn inside the page's main landmark, where screen readers that go by landmarks find them too. */
function findLandmark(): HTMLElement | undefined {
  return typeof document === 'undefined' ? undefined : (document.getElementById('content') ?? undefined)
}
