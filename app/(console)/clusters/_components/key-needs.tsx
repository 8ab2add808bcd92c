'use client'

import Link from 'next/link'
import { ErrorNotice } from '@/app/_components/error-notice.tsx'
import { GuardedButton } from '@/app/_components/guarded-button.tsx'
import { useAction } from '@/app/_components/use-action.ts'
import { paths } from '@/app/_nav/paths.ts'
import { plural } from '@/app/_ui/format-number.ts'
import { formatUtc } from '@/app/_ui/format-time.ts'
import { Notice } from '@/app/_ui/notice.tsx'
import { Cell, Row, Table } from '@/app/_ui/table.tsx'
import type { EncryptionView, KeyNeedView } from '@/lib/services/encryption/views.ts'
import { startReencryptAction } from '../actions.ts'

/** What depends on each key, and the way to what no longer does. */
export function KeyNeeds({
  clusterId,
  encryption,
  onDone,
}: {
  clusterId: string
  encryption: EncryptionView
  onDone: () => void
}) {
  const rotate = useAction(startReencryptAction, onDone)
  const {
    needs,
    staleBackups,
    stalePieces,
    plainBackups,
    effective,
    rotationJobId,
    rotationWaitsUntil,
    waiting,
    formerCopies,
  } = encryption
  if (needs.length === 0) return null
  const stale = [
    ...(staleBackups > 0 ? [plural(staleBackups, 'backup')] : []),
    ...(stalePieces > 0 ? [`${plural(stalePieces, 'piece')} of the log`] : []),
  ].join(' and ')
  return (
    <div className="flex flex-col gap-2">
      <h3 className="font-medium">What needs which key</h3>
      <Table label="What needs which key" head={['Key', 'Needed by']}>
        {needs.map((need) => (
          <Row key={need.recipient}>
            <Cell>
              {need.label && <span className="block">{need.label}</span>}
              <span className="block break-all font-mono text-xs">{need.recipient}</span>
            </Cell>
            <Cell>{describeNeed(need)}</Cell>
          </Row>
        ))}
      </Table>
      {rotate.error && <ErrorNotice error={rotate.error} />}
      {rotationJobId !== null && rotationWaitsUntil === null && (
        <Notice live title="Backups are being encrypted anew: see the jobs" />
      )}
      {waiting.length > 0 && <Waiting encryption={encryption} />}
      {formerCopies > 0 && (
        <Notice
          tone="warn"
          title={`${plural(formerCopies, 'copy', 'copies')} in other stores still ${formerCopies === 1 ? 'is' : 'are'} as before: the former keys open ${formerCopies === 1 ? 'it' : 'them'}`}
        >
          Each is made anew by a job, and the former is removed when the new one is there. One that failed is copied
          again on the page of its backup.
        </Notice>
      )}
      {effective.length > 0 && (
        <div className="flex flex-wrap items-center justify-end gap-2">
          <p className="min-w-0 flex-1 text-muted">
            {stale === ''
              ? 'Every backup of this cluster, and every piece of its log, is encrypted to the keys of now.'
              : `${stale} ${staleBackups + stalePieces === 1 ? 'is' : 'are'} not encrypted to the keys of now${plainBackups > 0 ? `, ${plural(plainBackups, 'backup')} of them plain` : ''}. Encrypting anew reads each with a key that is at hand, and removes the former only when the new one was read back. Copies of backups in other stores are made anew afterwards by jobs of their own.`}
          </p>
          <GuardedButton
            action="encryption.rotate"
            pending={rotate.pending}
            disabledReason={
              stale === ''
                ? 'There is none to encrypt anew'
                : rotationJobId !== null && rotationWaitsUntil === null && 'It is being done already'
            }
            onClick={() => rotate.run({ clusterId })}
          >
            {rotationWaitsUntil === null ? `Encrypt ${stale || plural(0, 'backup')} anew` : 'Go on now'}
          </GuardedButton>
        </div>
      )}
    </div>
  )
}

const LISTED_MAX = 10

function Waiting({ encryption: { waiting, rotationWaitsUntil } }: { encryption: EncryptionView }) {
  return (
    <Notice title={`${plural(waiting.length, 'backup')} cannot be encrypted anew while something reads it`}>
      <ul className="list-disc pl-4">
        {waiting.slice(0, LISTED_MAX).map(({ backupId, takenAt, by, restoreId }) => (
          <li key={backupId}>
            <Link href={paths.backup(backupId)} className="link">
              {formatUtc(Date.parse(takenAt))}
            </Link>
            : {by}
            {restoreId !== null && (
              <>
                {' '}
                (
                <Link href={paths.restore(restoreId)} className="link">
                  open it, to run or to cancel it
                </Link>
                )
              </>
            )}
          </li>
        ))}
        {waiting.length > LISTED_MAX && <li>and {waiting.length - LISTED_MAX} more</li>}
      </ul>
      {rotationWaitsUntil !== null && (
        <p>
          The rotation goes on with {waiting.length === 1 ? 'it' : 'them'} by itself at{' '}
          {formatUtc(Date.parse(rotationWaitsUntil))}, and at once when you ask for it.
        </p>
      )}
    </Notice>
  )
}

function describeNeed({ backups, onlyByIt, logPieces, formerCopies, isCurrent }: KeyNeedView): string {
  const parts = [
    ...(backups > 0
      ? [`${plural(backups, 'backup')}${onlyByIt > 0 ? `, ${onlyByIt} of which nobody else can open` : ''}`]
      : []),
    ...(logPieces > 0 ? [`${plural(logPieces, 'piece')} of the log`] : []),
    ...(formerCopies > 0
      ? [`${formerCopies === 1 ? 'one former copy' : `${formerCopies} former copies`} in other stores`]
      : []),
    ...(isCurrent ? ['the next backup'] : []),
  ]
  return parts.length === 0 ? 'nothing of this cluster' : parts.join('; ')
}
