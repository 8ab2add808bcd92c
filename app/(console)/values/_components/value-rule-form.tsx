'use client'

import { type FormEvent, useState } from 'react'
import { FormError } from '@/app/_components/form-error.tsx'
import { GuardedButton } from '@/app/_components/guarded-button.tsx'
import { useAction } from '@/app/_components/use-action.ts'
import { Choice } from '@/app/_ui/choice.tsx'
import { CheckboxField, SelectField, TextField } from '@/app/_ui/field.tsx'
import { findPatternFault } from '@/lib/domain/diff/path-pattern.ts'
import { VALUE_ROLES, type ValueEffect } from '@/lib/domain/value/value-rules.ts'
import type { ValueRuleView } from '@/lib/services/values/views.ts'
import { addValueRuleAction, changeValueRuleAction } from '../actions.ts'

const EFFECTS = [
  {
    value: 'mask',
    label: 'Mask',
    hint: 'Hidden from everybody until revealed, one value at a time. Each reveal is recorded.',
  },
  { value: 'forbid', label: 'Only from a role on', hint: 'Hidden from those below it; the others see it as ever.' },
  { value: 'record', label: 'Only record', hint: 'Shown to everybody. Who reads it goes into the audit.' },
] as const satisfies readonly { value: ValueEffect; label: string; hint: string }[]

const EMPTY = {
  clusterId: null,
  pattern: '',
  ignoreCase: true,
  effect: 'mask',
  leastRole: 'operator',
  recordsReads: false,
  note: '',
} as const satisfies Partial<ValueRuleView>

/** A new rule, or another version of one. */
export function ValueRuleForm({
  clusters,
  rule,
  onDone,
}: {
  clusters: readonly { readonly id: string; readonly name: string }[]
  rule?: ValueRuleView
  onDone: () => void
}) {
  const [form, setForm] = useState<Omit<ValueRuleView, 'id' | 'clusterName' | 'createdByName' | 'createdAt'>>(() =>
    rule ? pick(rule) : EMPTY,
  )
  const done = () => {
    setForm(EMPTY)
    onDone()
  }
  const add = useAction(addValueRuleAction, done)
  const change = useAction(changeValueRuleAction, done)
  const { error, pending } = rule ? change : add
  const set = (part: Partial<typeof form>) => setForm({ ...form, ...part })
  const fault = findPatternFault(form.pattern.trim())
  const submit = (event: FormEvent) => {
    event.preventDefault()
    if (rule) change.run({ ...form, ruleId: rule.id })
    else add.run(form)
  }
  const isRecord = form.effect === 'record'
  return (
    <form onSubmit={submit} className="flex flex-col gap-3">
      <FormError error={error} fields={['pattern', 'note']} />
      <TextField
        label="Paths"
        value={form.pattern}
        onChange={(event) => set({ pattern: event.target.value })}
        className="font-mono"
        spellCheck={false}
        placeholder="/**/secrets/**"
        error={form.pattern !== '' && fault !== null ? fault : error?.fields?.pattern}
        hint={
          <>
            <code>/a/b</code> that znode, <code>{'/a/b/**'}</code> it and all below, <code>*</code> any characters of
            one name, <code>{'/**/c'}</code> at any depth, below any chroot too.
          </>
        }
      />
      <CheckboxField
        label="Upper and lower case are the same"
        checked={form.ignoreCase}
        onChange={() => set({ ignoreCase: !form.ignoreCase })}
      />
      <Choice
        label="What holds there"
        name={rule ? `effect-${rule.id}` : 'effect'}
        columns
        options={EFFECTS}
        value={form.effect}
        onChange={(effect) => set({ effect })}
      />
      <div className="grid gap-3 sm:grid-cols-2">
        <SelectField
          label={form.effect === 'forbid' ? 'Shown from the role on' : 'Who may reveal'}
          value={form.leastRole}
          disabled={isRecord}
          onChange={(event) =>
            set({ leastRole: VALUE_ROLES.find((each) => each === event.target.value) ?? 'operator' })
          }
        >
          {VALUE_ROLES.map((role) => (
            <option key={role} value={role}>
              {role}
            </option>
          ))}
        </SelectField>
        <SelectField
          label="Where"
          value={form.clusterId ?? ''}
          onChange={(event) => set({ clusterId: event.target.value === '' ? null : event.target.value })}
        >
          <option value="">every cluster</option>
          {clusters.map(({ id, name }) => (
            <option key={id} value={id}>
              {name}
            </option>
          ))}
        </SelectField>
      </div>
      <CheckboxField
        label="Record every read"
        hint="One entry a person and znode in ten minutes; a reveal is recorded always, each time."
        checked={isRecord || form.recordsReads}
        disabled={isRecord}
        onChange={() => set({ recordsReads: !form.recordsReads })}
      />
      <TextField
        label="Why"
        value={form.note}
        onChange={(event) => set({ note: event.target.value })}
        maxLength={500}
        error={error?.fields?.note}
        hint="Shown in place of the value, and kept in the audit."
      />
      <div className="flex justify-end">
        <GuardedButton
          action={rule ? 'value-rule.change' : 'value-rule.add'}
          type="submit"
          tone="primary"
          pending={pending}
          disabledReason={
            form.pattern.trim() === '' || fault !== null
              ? 'Give the paths first'
              : form.note.trim() === '' && 'Say why first'
          }
        >
          {rule ? 'Change the rule' : 'Add the rule'}
        </GuardedButton>
      </div>
    </form>
  )
}

function pick({ clusterId, pattern, ignoreCase, effect, leastRole, recordsReads, note }: ValueRuleView) {
  return { clusterId, pattern, ignoreCase, effect, leastRole, recordsReads, note }
}
