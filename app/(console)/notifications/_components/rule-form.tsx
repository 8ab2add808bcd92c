'use client'

import { useRouter } from 'next/navigation'
import { type FormEvent, useState } from 'react'
import { FormError } from '@/app/_components/form-error.tsx'
import { GuardedButton } from '@/app/_components/guarded-button.tsx'
import { useAction } from '@/app/_components/use-action.ts'
import { DialogButtons } from '@/app/_ui/dialog.tsx'
import { CheckboxField, SelectField, TextField } from '@/app/_ui/field.tsx'
import { ruleOf, SEVERITIES, type Severity } from '@/lib/domain/alerts/rules.ts'
import type { AlertRuleView } from '@/lib/services/alerts/views.ts'
import { resetAlertRuleAction, setAlertRuleAction } from '../actions.ts'

export function RuleForm({
  clusterId,
  rule: { rule, settings, isOwn },
  onDone,
}: {
  clusterId: string | null
  rule: AlertRuleView
  onDone: () => void
}) {
  const router = useRouter()
  const bounds = Object.entries(ruleOf(rule).numbers)
  const [enabled, setEnabled] = useState(settings.enabled)
  const [severity, setSeverity] = useState<Severity>(settings.severity)
  const [numbers, setNumbers] = useState<Record<string, string>>(
    Object.fromEntries(bounds.map(([name]) => [name, String(settings.numbers[name] ?? '')])),
  )
  const done = () => {
    onDone()
    router.refresh()
  }
  const save = useAction(setAlertRuleAction, done)
  const reset = useAction(resetAlertRuleAction, done)
  const submit = (event: FormEvent) => {
    event.preventDefault()
    save.run({ clusterId, rule, enabled, severity, numbers })
  }
  return (
    <form onSubmit={submit} className="flex flex-col gap-3">
      <FormError error={save.error ?? reset.error} fields={bounds.map(([name]) => `numbers.${name}`)} />
      <CheckboxField
        label="On"
        name="enabled"
        hint={
          clusterId === null && ruleOf(rule).of === 'cluster'
            ? 'At every cluster that says nothing else of its own.'
            : undefined
        }
        checked={enabled}
        onChange={(event) => setEnabled(event.target.checked)}
      />
      <SelectField
        label="Severity"
        name="severity"
        value={severity}
        onChange={(event) => setSeverity(SEVERITIES.find((each) => each === event.target.value) ?? severity)}
      >
        {SEVERITIES.map((each) => (
          <option key={each} value={each}>
            {each}
          </option>
        ))}
      </SelectField>
      {bounds.map(([name, { label, hint, min, max }]) => (
        <TextField
          key={name}
          label={label}
          name={name}
          type="number"
          min={min}
          max={max}
          hint={hint}
          value={numbers[name] ?? ''}
          onChange={(event) => setNumbers({ ...numbers, [name]: event.target.value })}
          error={save.error?.fields?.[`numbers.${name}`]}
        />
      ))}
      <DialogButtons>
        {isOwn && (
          <GuardedButton action="alert.set-rule" pending={reset.pending} onClick={() => reset.run({ clusterId, rule })}>
            {clusterId === null ? 'As it comes' : 'As everywhere'}
          </GuardedButton>
        )}
        <GuardedButton action="alert.set-rule" type="submit" tone="primary" pending={save.pending}>
          Change the rule
        </GuardedButton>
      </DialogButtons>
    </form>
  )
}
