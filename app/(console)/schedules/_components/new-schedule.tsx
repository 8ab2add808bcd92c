'use client'

import { CalendarClock } from 'lucide-react'
import { useState } from 'react'
import { GuardedButton } from '@/app/_components/guarded-button.tsx'
import { showAddress } from '@/app/_nav/address-bar.ts'
import { paths } from '@/app/_nav/paths.ts'
import { useHydrated } from '@/app/_ui/use-hydrated.ts'
import { cronOfInterval } from '@/lib/domain/retention/cron.ts'
import { ScheduleForm, type ScheduleFormProps } from './schedule-form.tsx'

const HOURLY_MINUTES = 60

type Props = Pick<ScheduleFormProps, 'clusterId' | 'clusterName' | 'sources' | 'backupMs'> & {
  /** A link has brought a distance in minutes along, from the advisor. */
  readonly every: number | undefined
}

export function NewSchedule({ every, ...props }: Props) {
  const [open, setOpen] = useState(every !== undefined)
  const hydrated = useHydrated()
  const close = () => {
    setOpen(false)
    if (every !== undefined) showAddress(paths.cluster(props.clusterId, 'schedules'))
  }
  return (
    <>
      <GuardedButton
        action="schedule.create"
        tone="primary"
        icon={<CalendarClock aria-hidden className="size-4" />}
        onClick={() => setOpen(true)}
      >
        New schedule
      </GuardedButton>
      {open && hydrated && (
        <ScheduleForm {...props} schedule={null} cron={cronOfInterval(every ?? HOURLY_MINUTES)} onClose={close} />
      )}
    </>
  )
}
