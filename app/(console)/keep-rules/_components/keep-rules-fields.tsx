'use client'

import { SelectField, TextField } from '@/app/_ui/field.tsx'
import { describePolicy } from '@/lib/domain/retention/keep-policy.ts'
import type { KeepRules } from '@/lib/services/keep-rules/schemas.ts'

type Counts = Exclude<keyof KeepRules, 'timeZone' | 'when' | 'logDays'>

const RULES: readonly (readonly [Counts, string])[] = [
  ['last', 'The last'],
  ['hourly', 'One an hour, for hours'],
  ['daily', 'One a day, for days'],
  ['weekly', 'One a week, for weeks'],
  ['monthly', 'One a month, for months'],
  ['yearly', 'One a year, for years'],
]
const LIMITS: readonly (readonly [Counts, string, string])[] = [
  ['atLeast', 'Always at least', 'Good backups of each scope, the newest.'],
  ['minAgeDays', 'Nothing younger than (days)', 'Whatever the rules say.'],
  ['safetyDays', 'Safety backups of restores (days)', 'So long a restore that has ended can be undone.'],
  ['unsoundDays', 'Partial and damaged ones (days)', 'They never count as kept ones.'],
  ['graceDays', 'Grace (days)', 'From the mark to the removal.'],
]

export function KeepRulesFields({
  rules,
  faults,
  onChange,
}: {
  rules: KeepRules
  faults: Readonly<Record<string, string>> | undefined
  onChange: (changed: Partial<KeepRules>) => void
}) {
  const number = (name: Counts, label: string, hint?: string) => (
    <TextField
      key={name}
      type="number"
      min={name === 'atLeast' ? 1 : 0}
      label={label}
      hint={hint}
      value={String(rules[name])}
      onChange={(event) => onChange({ [name]: Math.max(0, Math.trunc(Number(event.target.value) || 0)) })}
      error={faults?.[`rules.${name}`] ?? faults?.[name]}
    />
  )
  return (
    <>
      <fieldset className="flex flex-col gap-3">
        <legend className="mb-2 font-medium">Stays: {describePolicy(rules)}</legend>
        <div className="grid grid-cols-2 gap-3 sm:grid-cols-3">{RULES.map(([name, label]) => number(name, label))}</div>
        <p className="text-muted text-xs">
          Each rule looks at all good backups of a scope by itself. Of an hour, day or week the newest stays, and only
          those that have a backup are counted. 0 switches a rule off.
        </p>
      </fieldset>
      <fieldset className="grid grid-cols-1 gap-3 sm:grid-cols-2">
        <legend className="mb-2 font-medium">Besides</legend>
        {LIMITS.map(([name, label, hint]) => number(name, label, hint))}
        <TextField
          type="number"
          min={1}
          label="Archived transaction logs (days)"
          hint="Empty: all stay. What a kept backup is told from always stays."
          value={rules.logDays === null ? '' : String(rules.logDays)}
          onChange={(event) => {
            const days = Math.trunc(Number(event.target.value))
            onChange({ logDays: days > 0 ? days : null })
          }}
          error={faults?.['rules.logDays']}
        />
        <TextField
          label="Time zone"
          hint="Days, weeks and months begin there, as Europe/Berlin."
          value={rules.timeZone}
          onChange={(event) => onChange({ timeZone: event.target.value })}
          error={faults?.['rules.timeZone']}
        />
        <SelectField
          label="Looked at"
          value={rules.when}
          onChange={(event) => onChange({ when: event.target.value === 'daily' ? 'daily' : 'after-backup' })}
        >
          <option value="daily">daily</option>
          <option value="after-backup">daily, and after each backup</option>
        </SelectField>
        {number('hour', 'At which hour (0 to 23)', 'In the time zone above.')}
      </fieldset>
    </>
  )
}
