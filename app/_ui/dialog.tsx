'use client'

import clsx from 'clsx'
import { X } from 'lucide-react'
import { Dialog as Radix } from 'radix-ui'
import type { ReactNode } from 'react'
import './style-nonce.ts'

interface DialogProps {
  readonly open: boolean
  readonly onOpenChange: (open: boolean) => void
  readonly title: ReactNode
  readonly description?: ReactNode
  readonly children: ReactNode
}

const OVERLAY = 'fixed inset-0 z-40 bg-black/45'

function Heading({ title, description }: { title: ReactNode; description?: ReactNode }) {
  return (
    <header className="flex items-start gap-3 border-b px-4 py-3">
      <div className="min-w-0 flex-1">
        <Radix.Title className="break-words font-semibold text-base">{title}</Radix.Title>
        {description === undefined ? (
          <Radix.Description className="sr-only">{title}</Radix.Description>
        ) : (
          <Radix.Description asChild>
            <div className="mt-0.5 text-muted text-sm">{description}</div>
          </Radix.Description>
        )}
      </div>
      <Radix.Close
        aria-label="Close"
        className="inline-flex size-7 shrink-0 items-center justify-center rounded-md text-muted hover:bg-hover hover:text-fg"
      >
        <X aria-hidden className="size-4" />
      </Radix.Close>
    </header>
  )
}

/** A dialog in the middle of the page; its body scrolls, its title does not. */
export function Dialog({ open, onOpenChange, title, description, children, wide }: DialogProps & { wide?: boolean }) {
  return (
    <Radix.Root open={open} onOpenChange={onOpenChange}>
      <Radix.Portal>
        <Radix.Overlay className={OVERLAY} />
        <Radix.Content
          className={clsx(
            'fixed top-1/2 left-1/2 z-50 flex max-h-[92dvh] w-[calc(100vw-1.5rem)] -translate-x-1/2 -translate-y-1/2 flex-col overflow-hidden rounded-lg border bg-surface shadow-2xl',
            wide ? 'max-w-4xl' : 'max-w-lg',
          )}
        >
          <Heading title={title} description={description} />
          <div className="min-h-0 flex-1 overflow-auto p-4">{children}</div>
        </Radix.Content>
      </Radix.Portal>
    </Radix.Root>
  )
}

/** A panel that comes in from a side and leaves the page visible. */
export function Drawer({
  open,
  onOpenChange,
  title,
  description,
  side = 'right',
  children,
}: DialogProps & { side?: 'left' | 'right' }) {
  return (
    <Radix.Root open={open} onOpenChange={onOpenChange}>
      <Radix.Portal>
        <Radix.Overlay className={OVERLAY} />
        <Radix.Content
          className={clsx(
            'fixed inset-y-0 z-50 flex flex-col bg-surface shadow-2xl',
            side === 'right' ? 'right-0 w-[min(30rem,100vw)] border-l' : 'left-0 w-[min(18rem,88vw)] border-r',
          )}
        >
          <Heading title={title} description={description} />
          <div className="min-h-0 flex-1 overflow-auto">{children}</div>
        </Radix.Content>
      </Radix.Portal>
    </Radix.Root>
  )
}

/** The row of buttons at the end of a dialog's form. */
export function DialogButtons({ children }: { children: ReactNode }) {
  return <div className="mt-4 flex flex-wrap items-center justify-end gap-2">{children}</div>
}
