'use client'

import Link from 'next/link'
import { useRouter } from 'next/navigation'
import { type FormEvent, useState } from 'react'
import { ChangeMark } from '@/app/_components/change-mark.tsx'
import { ErrorNotice } from '@/app/_components/error-notice.tsx'
import { GuardedButton } from '@/app/_components/guarded-button.tsx'
import { useAction } from '@/app/_components/use-action.ts'
import { ZnodePath } from '@/app/_components/znode-path.tsx'
import { Zxid } from '@/app/_components/zxid.tsx'
import { paths } from '@/app/_nav/paths.ts'
import { Card } from '@/app/_ui/card.tsx'
import { SelectField, TextField } from '@/app/_ui/field.tsx'
import { plural } from '@/app/_ui/format-number.ts'
import { formatUtc } from '@/app/_ui/format-time.ts'
import { LinkButton } from '@/app/_ui/link-button.tsx'
import { RelativeTime } from '@/app/_ui/relative-time.tsx'
import { ScrollBox } from '@/app/_ui/scroll-box.tsx'
import type { LiveDriftView } from '@/lib/services/live/views.ts'
import { setLiveDriftAction } from '../actions.ts'

interface BackupChoice {
  readonly id: string
  readonly takenAt: string
  readonly note: string
}

/** What differs from a backup that was chosen as the baseline, as of a transaction. */
export function DriftCard({
  clusterId,
  drift,
  backups,
}: {
  clusterId: string
  drift: LiveDriftView | null
  backups: readonly BackupChoice[]
}) {
  const router = useRouter()
  const set = useAction(setLiveDriftAction, () => router.refresh())
  return (
    <Card
      title="Drift from a baseline"
      actions={
        drift && (
          <GuardedButton
            action="follow.set-drift"
            size="small"
            pending={set.pending}
            onClick={() => set.run({ clusterId, backupId: null })}
          >
            Choose none
          </GuardedButton>
        )
      }
    >
      <div className="flex flex-col gap-3 text-sm">
        {set.error && <ErrorNotice error={set.error} />}
        {drift ? (
          <Drift
            clusterId={clusterId}
            drift={drift}
            takenAt={backups.find(({ id }) => id === drift.backupId)?.takenAt ?? null}
          />
        ) : (
          <ChooseBaseline
            backups={backups}
            pending={set.pending}
            onChoose={(chosen) => set.run({ clusterId, ...chosen })}
          />
        )}
      </div>
    </Card>
  )
}

const STATES: Readonly<Record<LiveDriftView['state'], string>> = {
  counting: 'Being compared as a whole: this takes as long as a diff.',
  current: 'Kept up with each transaction that is kept.',
  stale: 'The log of this cluster is not kept: compared as a whole every five minutes.',
  failed: 'Could not be brought up to date; tried again every minute.',
}

function Drift({
  clusterId,
  drift,
  takenAt,
}: {
  clusterId: string
  drift: LiveDriftView
  /** Of the baseline; null: not among the newest backups. */
  takenAt: string | null
}) {
  const { asOf, differences, isCut, state, path, backupId } = drift
  const count = asOf ? asOf.added + asOf.removed + asOf.changed : 0
  return (
    <>
      {drift.error && <ErrorNotice error={drift.error} />}
      {asOf ? (
        <p>
          <strong>{count === 0 ? 'Nothing differs' : `${plural(count, 'znode differs', 'znodes differ')}`}</strong> at
          and below <ZnodePath path={path} />
          {count > 0 && `: ${asOf.added} added, ${asOf.removed} removed, ${asOf.changed} changed`}, as of{' '}
          <Zxid value={asOf.zxid} /> <RelativeTime at={asOf.at} />. Ignore rules hold.
        </p>
      ) : (
        <p>Not compared yet.</p>
      )}
      <p className="text-muted">
        The baseline is{' '}
        <Link href={paths.backup(backupId)} className="link">
          {takenAt === null ? 'an older backup' : `the backup of ${formatUtc(Date.parse(takenAt))}`}
        </Link>
        .
      </p>
      <p className="text-muted text-xs">
        {isCut ? 'Too many differ to be kept up one by one: compared as a whole every five minutes.' : STATES[state]}
      </p>
      {differences.length > 0 && (
        <ScrollBox label="What differs from the baseline" className="max-h-64 rounded-md border">
          <ul className="divide-y">
            {differences.map(({ path: at, change, fields }) => (
              <li key={at} className="flex flex-wrap items-center gap-2 px-3 py-1.5">
                <ChangeMark change={change} fields={fields} />
                <ZnodePath path={at} />
              </li>
            ))}
          </ul>
        </ScrollBox>
      )}
      {isCut && <p className="text-muted text-xs">The first {differences.length} are listed.</p>}
      <span>
        <LinkButton size="small" href={paths.newDiff({ left: `backup:${backupId}`, right: `live:${clusterId}`, path })}>
          Make a diff
        </LinkButton>
      </span>
    </>
  )
}

function ChooseBaseline({
  backups,
  pending,
  onChoose,
}: {
  backups: readonly BackupChoice[]
  pending: boolean
  onChoose: (chosen: { backupId: string; path: string }) => void
}) {
  const [backupId, setBackupId] = useState(backups[0]?.id ?? '')
  const [path, setPath] = useState('/')
  const submit = (event: FormEvent) => {
    event.preventDefault()
    onChoose({ backupId, path: path.trim() || '/' })
  }
  if (backups.length === 0)
    return <p className="text-muted">Take a backup first: it is what the cluster is held against.</p>
  return (
    <form onSubmit={submit} className="flex flex-wrap items-end gap-3">
      <p className="w-full text-muted">
        Choose the backup that this cluster should be like: what differs is counted and listed here, as transactions
        come.
      </p>
      <SelectField
        label="Baseline"
        wrapperClassName="min-w-56 flex-1"
        value={backupId}
        onChange={(event) => setBackupId(event.target.value)}
      >
        {backups.map(({ id, takenAt, note }) => (
          <option key={id} value={id}>
            {formatUtc(Date.parse(takenAt))}
            {note && `, ${note}`}
          </option>
        ))}
      </SelectField>
      <TextField
        label="At and below"
        wrapperClassName="min-w-40 flex-1"
        className="font-mono"
        value={path}
        onChange={(event) => setPath(event.target.value)}
      />
      <GuardedButton action="follow.set-drift" type="submit" pending={pending}>
        Hold against it
      </GuardedButton>
    </form>
  )
}
