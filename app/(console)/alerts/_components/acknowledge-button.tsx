'use client'

import { useRouter } from 'next/navigation'
import { type FormEvent, useState } from 'react'
import { FormError } from '@/app/_components/form-error.tsx'
import { GuardedButton } from '@/app/_components/guarded-button.tsx'
import { useAction } from '@/app/_components/use-action.ts'
import { Dialog, DialogButtons } from '@/app/_ui/dialog.tsx'
import { SelectField, TextField } from '@/app/_ui/field.tsx'
import type { AlertView } from '@/lib/services/alerts/views.ts'
import { acknowledgeAlertAction, takeBackAcknowledgementAction } from '../actions.ts'

const SILENCES = [
  ['', 'until it is over'],
  ['60', 'for an hour'],
  ['240', 'for four hours'],
  ['1440', 'for a day'],
  ['10080', 'for a week'],
] as const

/** Says that somebody knows: reminders stop, the alert stays in sight. */
export function AcknowledgeButton({ alert }: { alert: Pick<AlertView, 'id' | 'title' | 'text' | 'acknowledged'> }) {
  const router = useRouter()
  const [open, setOpen] = useState(false)
  const [minutes, setMinutes] = useState('')
  const [reason, setReason] = useState('')
  const save = useAction(acknowledgeAlertAction, () => {
    setOpen(false)
    router.refresh()
  })
  const takeBack = useAction(takeBackAcknowledgementAction, () => router.refresh())
  if (alert.acknowledged) {
    return (
      <>
        <FormError error={takeBack.error} fields={[]} />
        <GuardedButton
          action="alert.acknowledge"
          size="small"
          tone="quiet"
          pending={takeBack.pending}
          aria-label={`Take back the acknowledgement of ${alert.title}`}
          onClick={() => takeBack.run({ alertId: alert.id })}
        >
          Take back
        </GuardedButton>
      </>
    )
  }
  const submit = (event: FormEvent) => {
    event.preventDefault()
    save.run({ alertId: alert.id, minutes, reason })
  }
  return (
    <>
      <GuardedButton
        action="alert.acknowledge"
        size="small"
        aria-label={`Acknowledge ${alert.title}: ${alert.text}`}
        onClick={() => setOpen(true)}
      >
        Acknowledge…
      </GuardedButton>
      <Dialog
        open={open}
        onOpenChange={setOpen}
        title={`Acknowledge: ${alert.title}`}
        description="Reminders stop; it stays on this page, and that it is over is told all the same."
      >
        <form onSubmit={submit} className="flex flex-col gap-3">
          <FormError error={save.error} fields={['reason', 'minutes']} />
          <SelectField
            label="No reminders"
            name="minutes"
            value={minutes}
            onChange={(event) => setMinutes(event.target.value)}
            error={save.error?.fields?.minutes}
          >
            {SILENCES.map(([value, label]) => (
              <option key={value} value={value}>
                {label}
              </option>
            ))}
          </SelectField>
          <TextField
            label="Reason"
            name="reason"
            value={reason}
            maxLength={500}
            onChange={(event) => setReason(event.target.value)}
            hint="Whoever looks next is told; kept in the audit."
            error={save.error?.fields?.reason}
          />
          <DialogButtons>
            <GuardedButton action="alert.acknowledge" type="submit" tone="primary" pending={save.pending}>
              Acknowledge this alert
            </GuardedButton>
          </DialogButtons>
        </form>
      </Dialog>
    </>
  )
}
