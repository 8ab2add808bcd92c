'use client'

import { DropdownMenu } from 'radix-ui'
import type { ReactNode } from 'react'
import './style-nonce.ts'

const CONTENT = 'z-50 min-w-44 rounded-md border bg-surface p-1 text-sm shadow-xl'
const ITEM =
  'flex select-none items-center gap-2 rounded px-2 py-1.5 outline-none data-[highlighted]:bg-hover data-[disabled]:text-muted [&>svg]:size-4 cursor-pointer'

/** Opens in place, not at the end of the page, so that it stays inside the landmark of its button. */
export function Menu({ trigger, label, children }: { trigger: ReactNode; label: string; children: ReactNode }) {
  return (
    <DropdownMenu.Root modal={false}>
      <DropdownMenu.Trigger asChild>{trigger}</DropdownMenu.Trigger>
      <DropdownMenu.Content align="end" sideOffset={4} collisionPadding={8} aria-label={label} className={CONTENT}>
        {children}
      </DropdownMenu.Content>
    </DropdownMenu.Root>
  )
}

export function MenuItem({
  icon,
  onSelect,
  asChild,
  children,
}: {
  icon?: ReactNode
  onSelect?: () => void
  asChild?: boolean
  children: ReactNode
}) {
  return (
    <DropdownMenu.Item asChild={asChild} onSelect={onSelect} className={ITEM}>
      {asChild ? (
        children
      ) : (
        <div>
          {icon}
          {children}
        </div>
      )}
    </DropdownMenu.Item>
  )
}

export function MenuChoice<T extends string>({
  label,
  value,
  options,
  onChange,
}: {
  label: string
  value: T
  options: readonly { value: T; label: string; icon?: ReactNode }[]
  onChange: (value: T) => void
}) {
  return (
    <DropdownMenu.RadioGroup
      aria-label={label}
      value={value}
      onValueChange={(next) => {
        const option = options.find((each) => each.value === next)
        if (option) onChange(option.value)
      }}
    >
      <DropdownMenu.Label className="px-2 py-1 text-muted text-xs">{label}</DropdownMenu.Label>
      {options.map((option) => (
        <DropdownMenu.RadioItem key={option.value} value={option.value} className={ITEM}>
          {option.icon}
          <span className="flex-1">{option.label}</span>
          <DropdownMenu.ItemIndicator>
            <span aria-hidden>✓</span>
          </DropdownMenu.ItemIndicator>
        </DropdownMenu.RadioItem>
      ))}
    </DropdownMenu.RadioGroup>
  )
}

export function MenuSeparator() {
  return <DropdownMenu.Separator className="my-1 h-px bg-line" />
}

export function MenuText({ children }: { children: ReactNode }) {
  return <DropdownMenu.Label className="px-2 py-1.5">{children}</DropdownMenu.Label>
}
