'use client'

import { useQueryClient } from '@tanstack/react-query'
import Link from 'next/link'
import { useRouter } from 'next/navigation'
import { useState } from 'react'
import { ErrorNotice } from '@/app/_components/error-notice.tsx'
import { GuardedButton } from '@/app/_components/guarded-button.tsx'
import { useAction } from '@/app/_components/use-action.ts'
import { JOBS_KEY } from '@/app/_components/use-jobs.ts'
import { paths } from '@/app/_nav/paths.ts'
import { Badge } from '@/app/_ui/badge.tsx'
import { Button } from '@/app/_ui/button.tsx'
import { Facts } from '@/app/_ui/card.tsx'
import { Dialog, DialogButtons } from '@/app/_ui/dialog.tsx'
import { plural } from '@/app/_ui/format-number.ts'
import { Notice } from '@/app/_ui/notice.tsx'
import { RelativeTime } from '@/app/_ui/relative-time.tsx'
import type { ScheduleView } from '@/lib/services/schedules/views.ts'
import { pauseScheduleAction, removeScheduleAction, startScheduleRunAction } from '../actions.ts'
import { RunState } from './run-state.tsx'
import { ScheduleForm, type ScheduleFormProps } from './schedule-form.tsx'
import { describeScope, distanceWords, formatInZone, SOURCE_NAMES } from './schedule-words.ts'

type Props = Pick<ScheduleFormProps, 'clusterId' | 'clusterName' | 'sources' | 'backupMs'> & {
  readonly schedule: ScheduleView
}

/** One schedule: when, of what, how it went last, and what can be done with it. */
export function ScheduleCard(props: Props) {
  const { schedule } = props
  return (
    <article aria-labelledby={`schedule-${schedule.id}`} className="min-w-0 rounded-lg border bg-surface">
      <header className="flex flex-wrap items-center gap-2 border-b px-4 py-2.5">
        <h3 id={`schedule-${schedule.id}`} className="min-w-0 break-words font-semibold text-sm">
          {schedule.name}
        </h3>
        {!schedule.enabled && <Badge>off</Badge>}
        {schedule.pausedUntil && (
          <Badge tone="warn">paused until {formatInZone(Date.parse(schedule.pausedUntil), schedule.timeZone)}</Badge>
        )}
        {schedule.lastRun && <RunState run={schedule.lastRun} />}
        <span className="flex-1" />
        <Buttons {...props} />
      </header>
      <div className="flex min-w-0 flex-col gap-3 p-4">
        <p className="text-sm">
          <strong>{schedule.words}</strong>, {schedule.timeZone}{' '}
          <code className="text-muted text-xs">{schedule.cron}</code>
        </p>
        {schedule.warnings.map((warning) => (
          <Notice key={warning} tone="warn" title={warning} />
        ))}
        {schedule.lastRun && schedule.lastRun.sourceFaults.length > 0 && (
          <Notice
            tone="warn"
            title={`The last backup came from ${SOURCE_NAMES[schedule.lastRun.source ?? ''] ?? 'another source'}`}
          >
            {schedule.lastRun.sourceFaults.map((fault) => (
              <p key={fault.source}>
                {SOURCE_NAMES[fault.source]}: {fault.message}
              </p>
            ))}
          </Notice>
        )}
        {schedule.lastRun?.error && <ErrorNotice error={schedule.lastRun.error} />}
        <Facts
          items={[
            ['Of', describeScope(schedule.scopePaths)],
            ['From', schedule.sources.map((source) => SOURCE_NAMES[source]).join(' → ')],
            [
              'Longest distance between two runs',
              schedule.longestGap === null ? 'runs once' : distanceWords(schedule.longestGap.ms),
            ],
            ['Last run', schedule.lastRun ? <RelativeTime key="last" at={schedule.lastRun.createdAt} /> : 'none yet'],
            [
              'Backups',
              <Link
                key="backups"
                href={paths.clusterBackups(schedule.clusterId, { schedule: schedule.id })}
                className="link"
              >
                {plural(schedule.backups, 'backup')}
              </Link>,
            ],
            ['Meets another backup', schedule.overlap === 'skip' ? 'skips the run' : 'waits for it, once'],
          ]}
        />
        {schedule.nextRuns.length > 0 && (
          <section aria-label={`Next runs of ${schedule.name}`} className="text-sm">
            <h4 className="text-muted text-xs">Next runs, {schedule.timeZone}</h4>
            <ol className="flex flex-wrap gap-x-4 gap-y-1 tabular-nums">
              {schedule.nextRuns.map((at) => (
                <li key={at}>
                  {formatInZone(Date.parse(at), schedule.timeZone)}{' '}
                  <RelativeTime at={at} className="text-muted text-xs" />
                </li>
              ))}
            </ol>
          </section>
        )}
      </div>
    </article>
  )
}

const PAUSES = [
  [1, '1 hour'],
  [8, '8 hours'],
  [24, '1 day'],
  [7 * 24, '7 days'],
] as const

function Buttons(props: Props) {
  const { schedule } = props
  const [open, setOpen] = useState<'edit' | 'pause' | 'remove' | null>(null)
  const router = useRouter()
  const queries = useQueryClient()
  const close = () => setOpen(null)
  const refresh = () => {
    router.refresh()
    close()
  }
  const run = useAction(startScheduleRunAction, () => {
    queries.invalidateQueries({ queryKey: JOBS_KEY })
    router.refresh()
  })
  const pause = useAction(pauseScheduleAction, refresh)
  const remove = useAction(removeScheduleAction, refresh)
  const of = `the schedule ${schedule.name}`
  return (
    <>
      <GuardedButton
        size="small"
        action="backup.start"
        pending={run.pending}
        aria-label={`Run now: ${of}`}
        onClick={() => run.run({ scheduleId: schedule.id })}
      >
        Run now
      </GuardedButton>
      {schedule.pausedUntil ? (
        <GuardedButton
          size="small"
          action="schedule.pause"
          pending={pause.pending}
          aria-label={`Go on with ${of}`}
          onClick={() => pause.run({ scheduleId: schedule.id, until: null })}
        >
          Go on
        </GuardedButton>
      ) : (
        <GuardedButton
          size="small"
          action="schedule.pause"
          aria-label={`Pause ${of}`}
          disabledReason={schedule.enabled ? null : 'It is off'}
          onClick={() => setOpen('pause')}
        >
          Pause
        </GuardedButton>
      )}
      <GuardedButton size="small" action="schedule.update" aria-label={`Change ${of}`} onClick={() => setOpen('edit')}>
        Change
      </GuardedButton>
      <GuardedButton
        size="small"
        action="schedule.remove"
        aria-label={`Remove ${of}`}
        onClick={() => setOpen('remove')}
      >
        Remove
      </GuardedButton>
      {(run.error ?? (open === null ? pause.error : null)) && (
        <div className="basis-full">{<ErrorNotice error={run.error ?? pause.error ?? NOTHING} />}</div>
      )}
      {open === 'edit' && <ScheduleForm {...props} cron={schedule.cron} onClose={close} />}
      {open === 'pause' && (
        <Dialog
          open
          onOpenChange={close}
          title={`Pause ${of}`}
          description="Nothing is started until then. What comes due meanwhile counts as missed, and one run makes it up afterwards."
        >
          {pause.error && <ErrorNotice error={pause.error} />}
          <DialogButtons>
            {PAUSES.map(([hours, words]) => (
              <GuardedButton
                key={hours}
                action="schedule.pause"
                pending={pause.pending}
                onClick={() =>
                  pause.run({
                    scheduleId: schedule.id,
                    until: new Date(Date.now() + hours * 3_600_000).toISOString(),
                  })
                }
              >
                Pause for {words}
              </GuardedButton>
            ))}
          </DialogButtons>
        </Dialog>
      )}
      {open === 'remove' && (
        <Dialog
          open
          onOpenChange={close}
          title={`Remove ${of}`}
          description={`No run is started any more. Its ${plural(schedule.backups, 'backup')} and the history of its runs stay.`}
        >
          {remove.error && <ErrorNotice error={remove.error} />}
          <DialogButtons>
            <Button onClick={close}>Keep it</Button>
            <GuardedButton
              action="schedule.remove"
              tone="danger"
              pending={remove.pending}
              onClick={() => remove.run({ scheduleId: schedule.id })}
            >
              Remove the schedule, keep its backups
            </GuardedButton>
          </DialogButtons>
        </Dialog>
      )}
    </>
  )
}

const NOTHING = { code: 'INTERNAL', message: '' }
