'use client'

import { useRouter } from 'next/navigation'
import { type FormEvent, useState } from 'react'
import { FormError } from '@/app/_components/form-error.tsx'
import { GuardedButton } from '@/app/_components/guarded-button.tsx'
import { useAction } from '@/app/_components/use-action.ts'
import { paths } from '@/app/_nav/paths.ts'
import { Facts } from '@/app/_ui/card.tsx'
import { SelectField, TextField } from '@/app/_ui/field.tsx'
import { plural } from '@/app/_ui/format-number.ts'
import { formatUtc } from '@/app/_ui/format-time.ts'
import { LinkButton } from '@/app/_ui/link-button.tsx'
import { Notice } from '@/app/_ui/notice.tsx'
import { RelativeTime } from '@/app/_ui/relative-time.tsx'
import { DRIFT_EVERY_MINUTES, DRIFT_ZNODES } from '@/lib/services/alerts/schemas.ts'
import type { DriftWatchView } from '@/lib/services/alerts/views.ts'
import { setDriftWatchAction } from '../../notifications/actions.ts'

const FIELDS = ['backupId', 'path', 'everyMinutes', 'znodesMax']

/** The backup that the cluster should be like, and how far it may be from it. */
export function DriftPanel({
  clusterId,
  watch,
  backups,
}: {
  clusterId: string
  watch: DriftWatchView | null
  backups: readonly { readonly id: string; readonly takenAt: string; readonly note: string }[]
}) {
  const router = useRouter()
  const [backupId, setBackupId] = useState(watch?.backupId ?? '')
  const [path, setPath] = useState(watch?.path ?? '/')
  const [every, setEvery] = useState(String(watch?.everyMinutes ?? DRIFT_EVERY_MINUTES.default))
  const [most, setMost] = useState(String(watch?.znodesMax ?? DRIFT_ZNODES.default))
  const save = useAction(setDriftWatchAction, () => router.refresh())
  const input = (enabled: boolean) => ({ clusterId, enabled, backupId, path, everyMinutes: every, znodesMax: most })
  const submit = (event: FormEvent) => {
    event.preventDefault()
    save.run(input(true))
  }
  const fields = save.error?.fields
  const isKnown = backups.some(({ id }) => id === backupId)
  return (
    <form onSubmit={submit} className="flex flex-col gap-3 text-sm">
      <p className="text-muted">
        The live tree is compared with a backup by the clock: only counts are kept, and ignore rules hold. More
        differences than may be are an alert.
      </p>
      <FormError error={save.error} fields={FIELDS} />
      {watch?.error && (
        <Notice tone="warn" title="The last comparison failed">
          {watch.error}
        </Notice>
      )}
      <Facts
        items={[
          ['State', watch?.enabled ? `on, every ${plural(watch.everyMinutes, 'minute')}` : 'off'],
          ['Next comparison', watch?.nextRunAt ? <RelativeTime key="next" at={watch.nextRunAt} /> : 'none'],
          ['Last result', watch?.last ? <LastResult key="last" last={watch.last} /> : 'none yet'],
        ]}
      />
      <SelectField
        label="Baseline"
        name="backupId"
        value={backupId}
        onChange={(event) => setBackupId(event.target.value)}
        error={fields?.backupId}
      >
        <option value="">Choose a backup</option>
        {!isKnown && backupId !== '' && <option value={backupId}>the one chosen before</option>}
        {backups.map(({ id, takenAt, note }) => (
          <option key={id} value={id}>
            {formatUtc(Date.parse(takenAt))}
            {note && `, ${note}`}
          </option>
        ))}
      </SelectField>
      <TextField
        label="At and below (path)"
        name="path"
        value={path}
        className="font-mono"
        onChange={(event) => setPath(event.target.value)}
        error={fields?.path}
      />
      <div className="grid gap-3 sm:grid-cols-2">
        <TextField
          label="Znodes that may differ"
          name="znodesMax"
          type="number"
          min={DRIFT_ZNODES.min}
          value={most}
          onChange={(event) => setMost(event.target.value)}
          error={fields?.znodesMax}
        />
        <TextField
          label="Compare every (minutes)"
          name="everyMinutes"
          type="number"
          min={DRIFT_EVERY_MINUTES.min}
          max={DRIFT_EVERY_MINUTES.max}
          value={every}
          onChange={(event) => setEvery(event.target.value)}
          hint="Each comparison reads the whole subtree once."
          error={fields?.everyMinutes}
        />
      </div>
      <div className="flex flex-wrap justify-end gap-2">
        {watch && (
          <LinkButton
            href={paths.newDiff({ left: `backup:${watch.backupId}`, right: `live:${clusterId}`, path: watch.path })}
          >
            See what differs…
          </LinkButton>
        )}
        {watch?.enabled && (
          <GuardedButton action="alert.watch-drift" pending={save.pending} onClick={() => save.run(input(false))}>
            Stop comparing
          </GuardedButton>
        )}
        <GuardedButton action="alert.watch-drift" type="submit" tone="primary" pending={save.pending}>
          {watch?.enabled ? 'Change the baseline' : 'Watch the drift'}
        </GuardedButton>
      </div>
    </form>
  )
}

function LastResult({ last }: { last: NonNullable<DriftWatchView['last']> }) {
  const { at, added, removed, changed, ignored, compared } = last
  return (
    <span>
      <RelativeTime at={at} />: {added} added, {removed} removed, {changed} changed of {plural(compared, 'znode')}
      {ignored > 0 && `; ${ignored} more are ignored`}
    </span>
  )
}
