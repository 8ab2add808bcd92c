'use client'

import clsx from 'clsx'
import { Tabs as Radix } from 'radix-ui'
import type { ReactNode } from 'react'
import { useHydrated } from './use-hydrated.ts'

export interface Tab<T extends string> {
  readonly value: T
  readonly label: ReactNode
  readonly disabledReason?: string
  readonly content: ReactNode
}

export function Tabs<T extends string>({
  label,
  tabs,
  value,
  onChange,
  trailing,
}: {
  label: string
  tabs: readonly Tab<T>[]
  value: T
  onChange: (value: T) => void
  trailing?: ReactNode
}) {
  const hydrated = useHydrated()
  return (
    <Radix.Root
      value={value}
      onValueChange={(next) => {
        const tab = tabs.find((each) => each.value === next)
        if (tab && !tab.disabledReason) onChange(tab.value)
      }}
    >
      <div className="flex flex-wrap items-center gap-2 border-b">
        <Radix.List
          aria-label={label}
          className="-mb-px flex min-w-0 flex-1 basis-full gap-1 overflow-x-auto sm:basis-0"
        >
          {tabs.map((tab) => (
            <Radix.Trigger
              key={tab.value}
              value={tab.value}
              disabled={!hydrated || Boolean(tab.disabledReason)}
              title={tab.disabledReason}
              className={clsx(
                'border-transparent border-b-2 px-2.5 py-1.5 text-sm -outline-offset-2',
                'data-[state=active]:border-accent data-[state=active]:font-medium data-[state=active]:text-accent',
                tab.disabledReason ? 'cursor-not-allowed text-muted opacity-50' : 'hover:text-accent',
              )}
            >
              {tab.label}
            </Radix.Trigger>
          ))}
        </Radix.List>
        {trailing}
      </div>
      {tabs.map((tab) => (
        <Radix.Content key={tab.value} value={tab.value} className="pt-3 focus-visible:outline-offset-4">
          {value === tab.value && tab.content}
        </Radix.Content>
      ))}
    </Radix.Root>
  )
}
