'use client'

import clsx from 'clsx'
import { type ReactNode, useId } from 'react'
import { useHydrated } from './use-hydrated.ts'

export interface ChoiceOption<T extends string> {
  readonly value: T
  readonly label: ReactNode
  readonly hint?: ReactNode
  readonly disabledReason?: string
}

/** One of a few, all of them in sight: a group of radio buttons with a line of explanation each. */
export function Choice<T extends string>({
  label,
  options,
  value,
  onChange,
  name,
  columns = false,
}: {
  label: ReactNode
  options: readonly ChoiceOption<T>[]
  value: T
  onChange: (value: T) => void
  name: string
  columns?: boolean
}) {
  const id = useId()
  const hydrated = useHydrated()
  return (
    <fieldset className="min-w-0">
      <legend className="mb-1 font-medium text-sm">{label}</legend>
      <div
        className={clsx(
          'grid gap-2',
          columns && (options.length === 4 ? 'grid-cols-2 sm:grid-cols-4' : 'sm:grid-cols-3'),
        )}
      >
        {options.map((option) => (
          <div
            key={option.value}
            className={clsx(
              'flex items-start gap-2 rounded-md border px-3 py-2',
              value === option.value ? 'border-accent bg-accent-soft' : 'border-line bg-surface',
            )}
          >
            <input
              type="radio"
              id={`${id}-${option.value}`}
              name={name}
              value={option.value}
              checked={value === option.value}
              disabled={!hydrated || Boolean(option.disabledReason)}
              onChange={() => onChange(option.value)}
              aria-describedby={`${id}-${option.value}-hint`}
              className="mt-1 shrink-0"
            />
            <div className="min-w-0">
              <label htmlFor={`${id}-${option.value}`} className="font-medium text-sm">
                {option.label}
              </label>
              <p
                id={`${id}-${option.value}-hint`}
                className={clsx('text-xs', value === option.value ? 'text-fg' : 'text-muted')}
              >
                {option.disabledReason ?? option.hint}
              </p>
            </div>
          </div>
        ))}
      </div>
    </fieldset>
  )
}
