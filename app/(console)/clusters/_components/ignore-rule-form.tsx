'use client'

import { type FormEvent, useState } from 'react'
import { FormError } from '@/app/_components/form-error.tsx'
import { GuardedButton } from '@/app/_components/guarded-button.tsx'
import { useAction } from '@/app/_components/use-action.ts'
import { Button } from '@/app/_ui/button.tsx'
import { CheckboxField, TextField } from '@/app/_ui/field.tsx'
import type { ChangeField } from '@/lib/domain/diff/change.ts'
import { findPatternFault } from '@/lib/domain/diff/path-pattern.ts'
import { addIgnoreRuleAction } from '../actions.ts'

const FIELDS = [
  ['data', 'Value'],
  ['acl', 'ACL'],
  ['kind', 'Kind'],
] as const satisfies readonly (readonly [ChangeField, string])[]

/** A new rule of a cluster: which paths, which differences of them, and why. */
export function IgnoreRuleForm({
  clusterId,
  initialPattern = '',
  onAdded,
  onCancel,
}: {
  clusterId: string
  initialPattern?: string
  onAdded: () => void
  onCancel?: () => void
}) {
  const [pattern, setPattern] = useState(initialPattern)
  const [fields, setFields] = useState<readonly ChangeField[]>([])
  const [note, setNote] = useState('')
  const add = useAction(addIgnoreRuleAction, () => {
    setPattern('')
    setFields([])
    setNote('')
    onAdded()
  })
  const fault = findPatternFault(pattern.trim())
  const submit = (event: FormEvent) => {
    event.preventDefault()
    add.run({ clusterId, pattern, fields: [...fields], note })
  }
  const flip = (field: ChangeField) =>
    setFields(fields.includes(field) ? fields.filter((each) => each !== field) : [...fields, field])
  return (
    <form onSubmit={submit} className="flex flex-col gap-3">
      <FormError error={add.error} fields={['pattern', 'note']} />
      <TextField
        label="Paths"
        value={pattern}
        onChange={(event) => setPattern(event.target.value)}
        className="font-mono"
        spellCheck={false}
        placeholder="/brokers/ids/**"
        error={pattern !== '' && fault !== null ? fault : add.error?.fields?.pattern}
        hint={
          <>
            <code>/a/b</code> that znode, <code>{'/a/b/**'}</code> it and all below, <code>*</code> any characters of
            one name, <code>{'/**/c'}</code> at any depth.
          </>
        }
      />
      <fieldset>
        <legend className="mb-1 font-medium text-sm">Only where nothing else differs than</legend>
        <div className="flex flex-wrap gap-x-4 gap-y-1">
          {FIELDS.map(([field, label]) => (
            <CheckboxField key={field} label={label} checked={fields.includes(field)} onChange={() => flip(field)} />
          ))}
        </div>
        <p className="mt-1 text-muted text-xs">
          {fields.length === 0
            ? 'None ticked: every change there, also added and removed znodes.'
            : 'Added and removed znodes are still shown.'}
        </p>
      </fieldset>
      <TextField
        label="Why"
        value={note}
        onChange={(event) => setNote(event.target.value)}
        maxLength={500}
        error={add.error?.fields?.note}
        hint="Shown on every diff that it hides something in, and kept in the audit."
      />
      <div className="flex flex-wrap justify-end gap-2">
        {onCancel && <Button onClick={onCancel}>Cancel</Button>}
        <GuardedButton
          action="cluster.ignore"
          type="submit"
          tone="primary"
          pending={add.pending}
          disabledReason={
            pattern.trim() === '' || fault !== null ? 'Give the paths first' : note.trim() === '' && 'Say why first'
          }
        >
          Ignore these changes
        </GuardedButton>
      </div>
    </form>
  )
}
