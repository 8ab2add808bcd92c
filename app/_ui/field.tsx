'use client'

import clsx from 'clsx'
import type { InputHTMLAttributes, ReactNode, Ref, SelectHTMLAttributes, TextareaHTMLAttributes } from 'react'
import { useId } from 'react'
import { useHydrated } from './use-hydrated.ts'

export const controlClass =
  'w-full rounded-md border border-line-strong bg-surface px-2.5 text-fg text-sm placeholder:text-muted aria-invalid:border-removed disabled:bg-sunken disabled:text-muted'

interface FieldProps {
  readonly label: ReactNode
  readonly hint?: ReactNode
  readonly error?: string
  readonly hideLabel?: boolean
  readonly wrapperClassName?: string
}

interface FieldIds {
  readonly id: string
  readonly 'aria-describedby'?: string
  readonly 'aria-invalid'?: true
}

function Field({
  label,
  hint,
  error,
  hideLabel,
  wrapperClassName,
  children,
}: FieldProps & { children: (ids: FieldIds) => ReactNode }) {
  const id = useId()
  const describedBy = [hint ? `${id}-hint` : null, error ? `${id}-error` : null].filter(Boolean).join(' ')
  return (
    <div className={clsx('flex min-w-0 flex-col gap-1', wrapperClassName)}>
      <label htmlFor={id} className={hideLabel ? 'sr-only' : 'font-medium text-sm'}>
        {label}
      </label>
      {children({ id, 'aria-describedby': describedBy || undefined, 'aria-invalid': error ? true : undefined })}
      {hint && (
        <p id={`${id}-hint`} className="text-muted text-xs">
          {hint}
        </p>
      )}
      {error && (
        <p id={`${id}-error`} className="text-removed text-xs">
          {error}
        </p>
      )}
    </div>
  )
}

/** A field that React holds the value of forgets what was entered before the page's script ran: it takes nothing until then. */
function useIsHeld(value: unknown): boolean {
  return !useHydrated() && value !== undefined
}

export function TextField({
  label,
  hint,
  error,
  hideLabel,
  wrapperClassName,
  className,
  ...rest
}: FieldProps & InputHTMLAttributes<HTMLInputElement> & { ref?: Ref<HTMLInputElement> }) {
  const isHeld = useIsHeld(rest.value)
  return (
    <Field {...{ label, hint, error, hideLabel, wrapperClassName }}>
      {(ids) => (
        <input {...rest} {...ids} readOnly={isHeld || rest.readOnly} className={clsx(controlClass, 'h-8', className)} />
      )}
    </Field>
  )
}

export function TextAreaField({
  label,
  hint,
  error,
  hideLabel,
  wrapperClassName,
  className,
  ...rest
}: FieldProps & TextareaHTMLAttributes<HTMLTextAreaElement>) {
  const isHeld = useIsHeld(rest.value)
  return (
    <Field {...{ label, hint, error, hideLabel, wrapperClassName }}>
      {(ids) => (
        <textarea
          {...rest}
          {...ids}
          readOnly={isHeld || rest.readOnly}
          className={clsx(controlClass, 'py-1.5', className)}
        />
      )}
    </Field>
  )
}

export function SelectField({
  label,
  hint,
  error,
  hideLabel,
  wrapperClassName,
  className,
  children,
  ...rest
}: FieldProps & SelectHTMLAttributes<HTMLSelectElement>) {
  const isHeld = useIsHeld(rest.value)
  return (
    <Field {...{ label, hint, error, hideLabel, wrapperClassName }}>
      {(ids) => (
        <select
          {...rest}
          {...ids}
          disabled={isHeld || rest.disabled}
          className={clsx(controlClass, 'h-8 pr-1', className)}
        >
          {children}
        </select>
      )}
    </Field>
  )
}

export function CheckboxField({
  label,
  hint,
  className,
  ...rest
}: Pick<FieldProps, 'label' | 'hint'> & InputHTMLAttributes<HTMLInputElement>) {
  const id = useId()
  const isHeld = useIsHeld(rest.checked)
  return (
    <div className={clsx('flex items-start gap-2', className)}>
      <input
        {...rest}
        type="checkbox"
        disabled={isHeld || rest.disabled}
        id={id}
        aria-describedby={hint ? `${id}-hint` : undefined}
        className="mt-0.5 size-4 shrink-0"
      />
      <div className="min-w-0">
        <label htmlFor={id} className="text-sm">
          {label}
        </label>
        {hint && (
          <p id={`${id}-hint`} className="text-muted text-xs">
            {hint}
          </p>
        )}
      </div>
    </div>
  )
}
