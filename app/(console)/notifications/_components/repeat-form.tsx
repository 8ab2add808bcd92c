'use client'

import { useRouter } from 'next/navigation'
import { type FormEvent, useState } from 'react'
import { FormError } from '@/app/_components/form-error.tsx'
import { GuardedButton } from '@/app/_components/guarded-button.tsx'
import { useAction } from '@/app/_components/use-action.ts'
import { TextField } from '@/app/_ui/field.tsx'
import { REPEAT_HOURS } from '@/lib/services/alerts/schemas.ts'
import { setRepeatHoursAction } from '../actions.ts'

export function RepeatForm({ hours: known }: { hours: number }) {
  const router = useRouter()
  const [hours, setHours] = useState(String(known))
  const save = useAction(setRepeatHoursAction, () => router.refresh())
  const submit = (event: FormEvent) => {
    event.preventDefault()
    save.run({ hours })
  }
  return (
    <form onSubmit={submit} className="flex flex-wrap items-end gap-3">
      <FormError error={save.error} fields={['hours']} />
      <TextField
        label="Hours between two notices of an alert that goes on"
        name="hours"
        type="number"
        min={REPEAT_HOURS.min}
        max={REPEAT_HOURS.max}
        value={hours}
        onChange={(event) => setHours(event.target.value)}
        error={save.error?.fields?.hours}
      />
      <GuardedButton action="alert.set-repeat" type="submit" pending={save.pending}>
        Change the reminders
      </GuardedButton>
    </form>
  )
}
