'use client'

import { ErrorNotice } from '@/app/_components/error-notice.tsx'
import { GuardedButton } from '@/app/_components/guarded-button.tsx'
import { useAction } from '@/app/_components/use-action.ts'
import { plural } from '@/app/_ui/format-number.ts'
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
  const { needs, staleBackups, plainBackups, effective, rotationJobId } = encryption
  if (needs.length === 0) return null
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
      {rotationJobId !== null && <Notice live title="Backups are being encrypted anew: see the jobs" />}
      {effective.length > 0 && (
        <div className="flex flex-wrap items-center justify-end gap-2">
          <p className="min-w-0 flex-1 text-muted">
            {staleBackups === 0
              ? 'Every backup of this cluster is encrypted to the keys of now.'
              : `${plural(staleBackups, 'backup')} ${staleBackups === 1 ? 'is' : 'are'} not encrypted to the keys of now${plainBackups > 0 ? `, ${plainBackups} of them plain` : ''}. Encrypting anew reads each with a key that is at hand, and removes the former only when the new one was read back. Copies in other stores are to be made anew afterwards; pieces of the log stay as they are.`}
          </p>
          <GuardedButton
            action="encryption.rotate"
            pending={rotate.pending}
            disabledReason={
              staleBackups === 0
                ? 'There is none to encrypt anew'
                : rotationJobId !== null && 'It is being done already'
            }
            onClick={() => rotate.run({ clusterId })}
          >
            Encrypt {plural(staleBackups, 'backup')} anew
          </GuardedButton>
        </div>
      )}
    </div>
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
