'use client'

import { useRouter } from 'next/navigation'
import { type FormEvent, useState } from 'react'
import { FormError } from '@/app/_components/form-error.tsx'
import { GuardedButton } from '@/app/_components/guarded-button.tsx'
import { useAction } from '@/app/_components/use-action.ts'
import { Button } from '@/app/_ui/button.tsx'
import { Dialog, DialogButtons } from '@/app/_ui/dialog.tsx'
import { TextField } from '@/app/_ui/field.tsx'
import { REREAD_DAYS } from '@/lib/services/rereads/schemas.ts'
import type { ProofStateView } from '@/lib/services/rereads/views.ts'
import { setRereadsAction } from '../actions.ts'

/** How archives are read again by the clock. */
export function EditRereads({ clusterId, schedule }: { clusterId: string; schedule: ProofStateView['schedule'] }) {
  const router = useRouter()
  const [open, setOpen] = useState(false)
  const [days, setDays] = useState(String(schedule.everyDays))
  const [most, setMost] = useState(schedule.megabytesPerDayMax === null ? '' : String(schedule.megabytesPerDayMax))
  const [fromHour, setFromHour] = useState(String(schedule.fromHour))
  const [toHour, setToHour] = useState(String(schedule.toHour))
  const [timeZone, setTimeZone] = useState(schedule.timeZone)
  const save = useAction(setRereadsAction, () => {
    setOpen(false)
    router.refresh()
  })
  const run = (enabled: boolean) =>
    save.run({
      clusterId,
      enabled,
      everyDays: days,
      megabytesPerDayMax: most.trim() === '' ? null : most,
      fromHour,
      toHour,
      timeZone,
    })
  const submit = (event: FormEvent) => {
    event.preventDefault()
    run(true)
  }
  const faults = save.error?.fields
  return (
    <>
      <Button size="small" onClick={() => setOpen(true)}>
        Reading again…
      </Button>
      <Dialog
        open={open}
        onOpenChange={setOpen}
        title="Read archives again"
        description="A share a day, so that each archive and each copy is read within the period. It gives way to every other job."
      >
        <form onSubmit={submit} className="flex flex-col gap-3 text-sm">
          <FormError
            error={save.error}
            fields={['everyDays', 'megabytesPerDayMax', 'fromHour', 'toHour', 'timeZone']}
          />
          <TextField
            label="Everything within (days)"
            type="number"
            min={REREAD_DAYS.min}
            max={REREAD_DAYS.max}
            value={days}
            onChange={(event) => setDays(event.target.value)}
            error={faults?.everyDays}
          />
          <TextField
            label="At most a day (MB)"
            type="number"
            min={1}
            value={most}
            onChange={(event) => setMost(event.target.value)}
            hint="Empty: as much as it takes. The first archive of a day is read whatever its size."
            error={faults?.megabytesPerDayMax}
          />
          <div className="grid grid-cols-2 gap-3">
            <TextField
              label="From (hour)"
              type="number"
              min={0}
              max={23}
              value={fromHour}
              onChange={(event) => setFromHour(event.target.value)}
              error={faults?.fromHour}
            />
            <TextField
              label="To (hour)"
              type="number"
              min={0}
              max={23}
              value={toHour}
              onChange={(event) => setToHour(event.target.value)}
              hint="The same hour twice: all day."
              error={faults?.toHour}
            />
          </div>
          <TextField
            label="Time zone"
            value={timeZone}
            onChange={(event) => setTimeZone(event.target.value)}
            error={faults?.timeZone}
          />
          <DialogButtons>
            {schedule.enabled && (
              <GuardedButton action="backup.schedule-reread" pending={save.pending} onClick={() => run(false)}>
                Read nothing again by the clock
              </GuardedButton>
            )}
            <GuardedButton action="backup.schedule-reread" type="submit" tone="primary" pending={save.pending}>
              Save
            </GuardedButton>
          </DialogButtons>
        </form>
      </Dialog>
    </>
  )
}
