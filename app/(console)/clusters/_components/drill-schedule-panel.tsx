'use client'

import { useRouter } from 'next/navigation'
import { type FormEvent, useState } from 'react'
import { FormError } from '@/app/_components/form-error.tsx'
import { GuardedButton } from '@/app/_components/guarded-button.tsx'
import { useAction } from '@/app/_components/use-action.ts'
import { Facts } from '@/app/_ui/card.tsx'
import { TextField } from '@/app/_ui/field.tsx'
import { plural } from '@/app/_ui/format-number.ts'
import { Notice } from '@/app/_ui/notice.tsx'
import { RelativeTime } from '@/app/_ui/relative-time.tsx'
import { DRILL_EVERY_HOURS, DRILL_LIMIT_MINUTES } from '@/lib/services/drills/schemas.ts'
import type { DrillScheduleView, DrillTurn } from '@/lib/services/drills/views.ts'
import { setDrillScheduleAction } from '../actions.ts'

const TURNS: Record<DrillTurn, string> = {
  started: 'a drill was started',
  'proved-already': 'the newest good backup is proved already',
  'failed-already': 'the drill of the newest backup has failed already',
  'no-backup': 'there is no good backup yet',
  'at-work': 'a drill of the newest backup was at work',
}

/** Drills by the clock: on or off, how often, how long each may take. */
export function DrillSchedulePanel({ clusterId, schedule }: { clusterId: string; schedule: DrillScheduleView }) {
  const router = useRouter()
  const [hours, setHours] = useState(String(schedule.everyHours))
  const [minutes, setMinutes] = useState(String(schedule.limitMinutes))
  const save = useAction(setDrillScheduleAction, () => router.refresh())
  const submit = (event: FormEvent) => {
    event.preventDefault()
    save.run({ clusterId, enabled: true, everyHours: hours, limitMinutes: minutes })
  }
  return (
    <form onSubmit={submit} className="flex flex-col gap-3 text-sm">
      <p className="text-muted">
        The newest good backup is loaded into a ZooKeeper that is started for it on this host and removed afterwards;
        all of it is read back and compared. A backup that was drilled already is left alone until there is a newer one.
      </p>
      {schedule.fault && (
        <Notice tone="warn" title="No drill can be done on this host">
          {schedule.fault}.
        </Notice>
      )}
      <FormError error={save.error} fields={['everyHours', 'limitMinutes']} />
      <Facts
        items={[
          ['State', schedule.enabled ? `on, every ${plural(schedule.everyHours, 'hour')}` : 'off'],
          ['Next turn', schedule.nextRunAt ? <RelativeTime key="next" at={schedule.nextRunAt} /> : 'none'],
          [
            'Last turn',
            schedule.lastRunAt ? (
              <span key="last">
                <RelativeTime at={schedule.lastRunAt} />
                {schedule.lastTurn && `: ${TURNS[schedule.lastTurn]}`}
              </span>
            ) : (
              'none yet'
            ),
          ],
        ]}
      />
      <TextField
        label="Every (hours)"
        name="everyHours"
        type="number"
        min={DRILL_EVERY_HOURS.min}
        max={DRILL_EVERY_HOURS.max}
        value={hours}
        onChange={(event) => setHours(event.target.value)}
        hint="The first turn is at once. Turns that were missed while no worker ran are made up by one."
        error={save.error?.fields?.everyHours}
      />
      <TextField
        label="Limit of one drill (minutes)"
        name="limitMinutes"
        type="number"
        min={DRILL_LIMIT_MINUTES.min}
        max={DRILL_LIMIT_MINUTES.max}
        value={minutes}
        onChange={(event) => setMinutes(event.target.value)}
        hint="Of drills by hand, too. What takes longer is ended and neither proves nor refutes anything."
        error={save.error?.fields?.limitMinutes}
      />
      <div className="flex flex-wrap justify-end gap-2">
        {schedule.enabled && (
          <GuardedButton
            action="backup.schedule-drill"
            pending={save.pending}
            onClick={() => save.run({ clusterId, enabled: false, everyHours: hours, limitMinutes: minutes })}
          >
            Stop drills by the clock
          </GuardedButton>
        )}
        <GuardedButton action="backup.schedule-drill" type="submit" tone="primary" pending={save.pending}>
          {schedule.enabled ? 'Change the drills' : 'Drill by the clock'}
        </GuardedButton>
      </div>
    </form>
  )
}
