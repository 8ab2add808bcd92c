'use client'

import { useRouter } from 'next/navigation'
import { type FormEvent, useState } from 'react'
import { ErrorNotice } from '@/app/_components/error-notice.tsx'
import { FormError } from '@/app/_components/form-error.tsx'
import { GuardedButton } from '@/app/_components/guarded-button.tsx'
import { useAction } from '@/app/_components/use-action.ts'
import { Zxid } from '@/app/_components/zxid.tsx'
import { Facts } from '@/app/_ui/card.tsx'
import { TextField } from '@/app/_ui/field.tsx'
import { formatCount, plural } from '@/app/_ui/format-number.ts'
import { Notice } from '@/app/_ui/notice.tsx'
import { RelativeTime } from '@/app/_ui/relative-time.tsx'
import { formatBytes } from '@/lib/base/format-bytes.ts'
import { LOG_KEEPING_SECONDS } from '@/lib/services/logs/schemas.ts'
import type { LogKeepingView } from '@/lib/services/logs/views.ts'
import { keepLogsAction } from '../actions.ts'
import { DamagedPieces } from './damaged-pieces.tsx'
import { LogStores } from './log-stores.tsx'

/** The continuous copy of the members' transaction logs: on or off, how far it is, what it lacks. */
export function LogKeepingPanel({ clusterId, keeping }: { clusterId: string; keeping: LogKeepingView }) {
  const router = useRouter()
  const [seconds, setSeconds] = useState(String(keeping.everySeconds))
  const save = useAction(keepLogsAction, () => router.refresh())
  const submit = (event: FormEvent) => {
    event.preventDefault()
    save.run({ clusterId, enabled: true, everySeconds: seconds })
  }
  const reason =
    keeping.members.length === 0
      ? 'Name a member with its dataDir in the configuration file of the Arkeeper server first (README, Members)'
      : null
  return (
    <form onSubmit={submit} className="flex flex-col gap-3 text-sm">
      <p className="text-muted">
        A server purges its logs; what is copied here stays. With it the tree can be shown, compared and put back as of
        any transaction. The copy is read from the members’ directories, never written to them.
      </p>
      <FormError error={save.error} fields={['everySeconds']} />
      {keeping.enabled && keeping.error && <ErrorNotice error={keeping.error} />}
      <Facts
        items={[
          ['State', keeping.enabled ? `on, every ${formatCount(keeping.everySeconds)} s` : 'off'],
          ['Last good run', keeping.lastOkAt ? <RelativeTime key="ok" at={keeping.lastOkAt} /> : 'none yet'],
          ['Members', keeping.members.length > 0 ? keeping.members.join(', ') : 'none named'],
          ['Archived', describeArchived(keeping.archive)],
          ['From', keeping.archive.first ? <Zxid key="from" value={keeping.archive.first} /> : 'nothing'],
          ['To', keeping.archive.last ? <Zxid key="to" value={keeping.archive.last} /> : 'nothing'],
        ]}
      />
      <LogStores stores={keeping.stores} />
      <DamagedPieces clusterId={clusterId} damaged={keeping.damaged} />
      {keeping.archive.gaps.map(({ after, before }) => (
        <Notice key={after} tone="bad" title="Transactions are missing">
          No member held what lies between <Zxid value={after} /> and <Zxid value={before} /> any more. Time travel
          cannot cross this gap.
        </Notice>
      ))}
      {keeping.archive.problems.map((problem) => (
        <Notice key={problem} tone="bad" title={problem} />
      ))}
      {keeping.coverage
        .filter((one) => one.error !== null)
        .map(({ member, error }) => (
          <Notice key={member} tone="warn" title={`${member} could not be read at the last run`}>
            {error}
          </Notice>
        ))}
      <TextField
        label="Every (seconds)"
        name="everySeconds"
        type="number"
        min={LOG_KEEPING_SECONDS.min}
        max={LOG_KEEPING_SECONDS.max}
        value={seconds}
        onChange={(event) => setSeconds(event.target.value)}
        hint="What a disaster may cost: transactions of the last interval are on the members only."
        error={save.error?.fields?.everySeconds}
      />
      <div className="flex flex-wrap justify-end gap-2">
        {keeping.enabled && (
          <GuardedButton
            action="logs.keep"
            pending={save.pending}
            onClick={() => save.run({ clusterId, enabled: false, everySeconds: keeping.everySeconds })}
          >
            Stop keeping the log
          </GuardedButton>
        )}
        <GuardedButton action="logs.keep" type="submit" tone="primary" pending={save.pending} disabledReason={reason}>
          {keeping.enabled ? 'Change the interval' : 'Keep the transaction log'}
        </GuardedButton>
      </div>
    </form>
  )
}

function describeArchived({ transactions, bytes, pieces }: LogKeepingView['archive']): string {
  if (pieces === 0) return 'nothing yet'
  return `${plural(transactions, 'transaction')} in ${plural(pieces, 'piece')}, ${formatBytes(bytes)}`
}
