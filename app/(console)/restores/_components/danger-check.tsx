'use client'

import { CheckboxField } from '@/app/_ui/field.tsx'
import { plural } from '@/app/_ui/format-number.ts'
import { Notice } from '@/app/_ui/notice.tsx'
import { isDanger } from '@/lib/domain/guards/severity.ts'
import type { PlanWarning } from '@/lib/domain/restore/plan.ts'
import { WarningList } from './warning-list.tsx'

/** The dangers once more beside the button that writes, to be ticked off; nothing where there are none. */
export function DangerCheck({
  warnings,
  checked,
  onChange,
}: {
  warnings: readonly PlanWarning[]
  checked: boolean
  onChange: (checked: boolean) => void
}) {
  const dangers = warnings.filter(isDanger)
  if (dangers.length === 0) return null
  return (
    <Notice tone="bad" title={`This plan has ${plural(dangers.length, 'danger')}`}>
      <WarningList warnings={dangers.slice(0, 5)} />
      {dangers.length > 5 && <p>{dangers.length - 5} more are listed with the plan above.</p>}
      <CheckboxField
        label="I have read this"
        className="mt-2"
        checked={checked}
        onChange={(event) => onChange(event.target.checked)}
      />
    </Notice>
  )
}
