'use client'

import { useRouter } from 'next/navigation'
import { type FormEvent, useState } from 'react'
import { FormError } from '@/app/_components/form-error.tsx'
import { GuardedButton } from '@/app/_components/guarded-button.tsx'
import { useAction } from '@/app/_components/use-action.ts'
import { Button } from '@/app/_ui/button.tsx'
import { Dialog, DialogButtons } from '@/app/_ui/dialog.tsx'
import { TextField } from '@/app/_ui/field.tsx'
import { liftHoldAction, placeHoldAction } from '../actions.ts'

export function PlaceHold({ backupId }: { backupId: string }) {
  const router = useRouter()
  const [open, setOpen] = useState(false)
  const [reason, setReason] = useState('')
  const [until, setUntil] = useState('')
  const place = useAction(placeHoldAction, () => {
    setOpen(false)
    setReason('')
    router.refresh()
  })
  const submit = (event: FormEvent) => {
    event.preventDefault()
    place.run({ backupId, reason, until: until === '' ? null : until })
  }
  return (
    <>
      <GuardedButton action="backup.hold" size="small" onClick={() => setOpen(true)}>
        Hold…
      </GuardedButton>
      <Dialog
        open={open}
        onOpenChange={setOpen}
        title="Hold this backup"
        description="No rule and nobody removes it while the hold stands. Only an administrator can lift it."
      >
        <form onSubmit={submit} className="flex flex-col gap-3 text-sm">
          <FormError error={place.error} fields={['reason', 'until']} />
          <TextField
            label="Reason"
            value={reason}
            onChange={(event) => setReason(event.target.value)}
            maxLength={500}
            hint="Kept with the backup and in the audit."
            error={place.error?.fields?.reason}
          />
          <TextField
            label="Until (to the end of that day, UTC)"
            type="date"
            value={until}
            onChange={(event) => setUntil(event.target.value)}
            hint="Empty: until it is lifted."
            error={place.error?.fields?.until}
          />
          <DialogButtons>
            <Button onClick={() => setOpen(false)}>Cancel</Button>
            <GuardedButton
              action="backup.hold"
              type="submit"
              tone="primary"
              pending={place.pending}
              disabledReason={reason.trim().length < 3 && 'Give a reason first'}
            >
              Hold this backup
            </GuardedButton>
          </DialogButtons>
        </form>
      </Dialog>
    </>
  )
}

export function LiftHold({ backupId, holdId }: { backupId: string; holdId: string }) {
  const router = useRouter()
  const [open, setOpen] = useState(false)
  const [reason, setReason] = useState('')
  const lift = useAction(liftHoldAction, () => {
    setOpen(false)
    router.refresh()
  })
  const submit = (event: FormEvent) => {
    event.preventDefault()
    lift.run({ backupId, holdId, reason })
  }
  return (
    <>
      <GuardedButton action="backup.lift-hold" size="small" onClick={() => setOpen(true)}>
        Lift…
      </GuardedButton>
      <Dialog
        open={open}
        onOpenChange={setOpen}
        title="Lift this hold"
        description="Keep rules and people may remove the backup then."
      >
        <form onSubmit={submit} className="flex flex-col gap-3 text-sm">
          <FormError error={lift.error} fields={['reason']} />
          <TextField
            label="Reason"
            value={reason}
            onChange={(event) => setReason(event.target.value)}
            maxLength={500}
            error={lift.error?.fields?.reason}
          />
          <DialogButtons>
            <Button onClick={() => setOpen(false)}>Cancel</Button>
            <GuardedButton
              action="backup.lift-hold"
              type="submit"
              tone="danger"
              pending={lift.pending}
              disabledReason={reason.trim().length < 3 && 'Give a reason first'}
            >
              Lift the hold
            </GuardedButton>
          </DialogButtons>
        </form>
      </Dialog>
    </>
  )
}
