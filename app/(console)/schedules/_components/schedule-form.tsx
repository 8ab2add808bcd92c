'use client'

import { useRouter } from 'next/navigation'
import { type FormEvent, useState } from 'react'
import { FormError } from '@/app/_components/form-error.tsx'
import { GuardedButton } from '@/app/_components/guarded-button.tsx'
import { useAction } from '@/app/_components/use-action.ts'
import { Button } from '@/app/_ui/button.tsx'
import { Dialog, DialogButtons } from '@/app/_ui/dialog.tsx'
import { CheckboxField, SelectField, TextAreaField, TextField } from '@/app/_ui/field.tsx'
import { findPathFault } from '@/lib/domain/znode/path.ts'
import type { BackupSourceView } from '@/lib/services/backups/list-backup-sources.ts'
import { JITTER_MINUTES_MAX } from '@/lib/services/schedules/schemas.ts'
import type { ScheduleView } from '@/lib/services/schedules/views.ts'
import { createScheduleAction, updateScheduleAction } from '../actions.ts'
import { CronPreview } from './cron-preview.tsx'
import { SOURCE_NAMES } from './schedule-words.ts'

const FIELDS = ['name', 'cron', 'timeZone', 'sources', 'jitterMinutes', 'note']
const CHAINS = [
  ['files', 'observer', 'admin', 'client'],
  ['files', 'admin', 'client'],
  ['observer', 'client'],
  ['files', 'client'],
  ['admin', 'client'],
  ['files'],
  ['observer'],
  ['admin'],
  ['client'],
] as const

export interface ScheduleFormProps {
  readonly clusterId: string
  readonly clusterName: string
  readonly sources: readonly BackupSourceView[]
  /** How long the last backups took at most, for a warning of crons that are faster. */
  readonly backupMs: number | null
  /** Null makes a new one. */
  readonly schedule: ScheduleView | null
  readonly cron: string
  readonly onClose: () => void
}

/** What and when, with the next runs drawn while one types. */
export function ScheduleForm(props: ScheduleFormProps) {
  const { clusterId, clusterName, schedule, sources, onClose } = props
  const router = useRouter()
  const [name, setName] = useState(schedule?.name ?? '')
  const [cron, setCron] = useState(props.cron)
  const [timeZone, setTimeZone] = useState(() => schedule?.timeZone ?? zoneOfBrowser())
  const [lines, setLines] = useState(() => (isWhole(schedule) ? '' : (schedule?.scopePaths.join('\n') ?? '')))
  const [chain, setChain] = useState(() => (schedule?.sources ?? usableChain(sources)).join(' '))
  const [jitter, setJitter] = useState(String(schedule?.jitterMinutes ?? 0))
  const [overlap, setOverlap] = useState<'wait' | 'skip'>(schedule?.overlap ?? 'wait')
  const [enabled, setEnabled] = useState(schedule?.enabled ?? true)
  const [note, setNote] = useState(schedule?.note ?? '')
  const done = () => {
    router.refresh()
    onClose()
  }
  const create = useAction(createScheduleAction, done)
  const update = useAction(updateScheduleAction, done)
  const { error, pending } = schedule ? update : create
  const paths = lines
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '')
  const wrong = paths.find((path) => findPathFault(path) !== null)
  const submit = (event: FormEvent) => {
    event.preventDefault()
    const input = {
      name,
      cron,
      timeZone,
      paths,
      sources: sourcesOf(chain),
      jitterMinutes: jitter,
      overlap,
      enabled,
      note,
    }
    if (schedule) update.run({ scheduleId: schedule.id, ...input })
    else create.run({ clusterId, ...input })
  }
  return (
    <Dialog
      wide
      open
      onOpenChange={onClose}
      title={schedule ? `Change the schedule ${schedule.name}` : `New schedule of ${clusterName}`}
      description="A scheduled backup only reads. There is never more than one backup of a cluster at a time."
    >
      <form onSubmit={submit} className="flex flex-col gap-4">
        <FormError error={error} fields={FIELDS} />
        <div className="grid gap-4 sm:grid-cols-2">
          <div className="flex min-w-0 flex-col gap-4">
            <TextField
              label="Name"
              value={name}
              onChange={(event) => setName(event.target.value)}
              maxLength={60}
              required
              placeholder="hourly"
              error={error?.fields?.name}
            />
            <TextField
              label="Cron"
              value={cron}
              onChange={(event) => setCron(event.target.value)}
              required
              spellCheck={false}
              className="font-mono"
              hint="Minute, hour, day of the month, month, day of the week; names as MON and nicknames as @daily are fine"
              error={error?.fields?.cron}
            />
            <TextField
              label="Time zone"
              value={timeZone}
              onChange={(event) => setTimeZone(event.target.value)}
              required
              list="time-zones"
              spellCheck={false}
              hint="The clock that the cron means, with its summer time"
              error={error?.fields?.timeZone}
            />
            <datalist id="time-zones">
              {['UTC', ...Intl.supportedValuesOf('timeZone')].map((zone) => (
                <option key={zone} value={zone} />
              ))}
            </datalist>
          </div>
          <CronPreview cron={cron} timeZone={timeZone} jitterMinutes={Number(jitter)} backupMs={props.backupMs} />
        </div>
        <TextAreaField
          label="Subtrees, one a line"
          value={lines}
          onChange={(event) => setLines(event.target.value)}
          rows={2}
          spellCheck={false}
          className="font-mono"
          hint="Empty: the whole tree"
          error={wrong === undefined ? undefined : `${wrong} is not a path: ${findPathFault(wrong)}`}
        />
        <div className="grid gap-4 sm:grid-cols-2">
          <SelectField
            label="Sources, tried in this order"
            value={chain}
            onChange={(event) => setChain(event.target.value)}
            hint={describeMissing(chain, sources)}
            error={error?.fields?.sources}
          >
            {chainsWith(chain).map((each) => (
              <option key={each.join(' ')} value={each.join(' ')}>
                {each.map((source) => SOURCE_NAMES[source]).join(' → ')}
              </option>
            ))}
          </SelectField>
          <SelectField
            label="While another backup of the cluster runs"
            value={overlap}
            onChange={(event) => setOverlap(event.target.value === 'skip' ? 'skip' : 'wait')}
            hint="One that waits begins right after it; a second that comes due meanwhile is skipped"
          >
            <option value="wait">wait for it</option>
            <option value="skip">skip this run</option>
          </SelectField>
          <TextField
            label="Begin up to … minutes later"
            type="number"
            min={0}
            max={JITTER_MINUTES_MAX}
            value={jitter}
            onChange={(event) => setJitter(event.target.value)}
            hint="So that many clusters do not begin together. Each run has its own delay, and never one beyond the next run"
            error={error?.fields?.jitterMinutes}
          />
          <TextField
            label="Note on its backups"
            value={note}
            onChange={(event) => setNote(event.target.value)}
            maxLength={500}
            error={error?.fields?.note}
          />
        </div>
        <CheckboxField
          label="On"
          hint="Switched on again it begins anew: what came due while it was off is not made up"
          checked={enabled}
          onChange={(event) => setEnabled(event.target.checked)}
        />
        <DialogButtons>
          <Button onClick={onClose}>Cancel</Button>
          <GuardedButton
            action={schedule ? 'schedule.update' : 'schedule.create'}
            type="submit"
            tone="primary"
            pending={pending}
            disabledReason={wrong === undefined ? null : `${wrong} is not a path`}
          >
            {schedule ? 'Change the schedule' : 'Back up by this schedule'}
          </GuardedButton>
        </DialogButtons>
      </form>
    </Dialog>
  )
}

const isWhole = (schedule: ScheduleView | null) => schedule?.scopePaths[0] === '/'

function zoneOfBrowser(): string {
  return Intl.DateTimeFormat().resolvedOptions().timeZone || 'UTC'
}

type Source = BackupSourceView['source']

function sourcesOf(chain: string): Source[] {
  return (['files', 'observer', 'admin', 'client'] as const)
    .filter((source) => chain.split(' ').includes(source))
    .sort((a, b) => chain.indexOf(a) - chain.indexOf(b))
}

function usableChain(sources: readonly BackupSourceView[]): Source[] {
  const usable = sources.filter(({ unavailable }) => unavailable === null).map(({ source }) => source)
  return sourcesOf('files observer admin client').filter((source) => usable.includes(source))
}

/** One that was set by the API may be in another order. */
function chainsWith(chain: string): readonly (readonly string[])[] {
  return CHAINS.some((each) => each.join(' ') === chain) ? CHAINS : [chain.split(' '), ...CHAINS]
}

function describeMissing(chain: string, sources: readonly BackupSourceView[]): string {
  const missing = sourcesOf(chain).filter((source) => sources.some((one) => one.source === source && one.unavailable))
  if (missing.length === 0) return 'The next one serves where one cannot, and the run says why'
  return `Not set up here: ${missing.map((source) => SOURCE_NAMES[source]).join(', ')}`
}
