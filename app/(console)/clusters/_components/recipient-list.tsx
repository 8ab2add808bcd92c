'use client'

import { useState } from 'react'
import { ErrorNotice } from '@/app/_components/error-notice.tsx'
import { GuardedButton } from '@/app/_components/guarded-button.tsx'
import { useAction } from '@/app/_components/use-action.ts'
import { Button } from '@/app/_ui/button.tsx'
import { RelativeTime } from '@/app/_ui/relative-time.tsx'
import { Cell, Row, Table } from '@/app/_ui/table.tsx'
import type { RecipientView } from '@/lib/services/encryption/views.ts'
import { removeRecipientAction } from '../actions.ts'
import { ProveKey } from './prove-key.tsx'

const HELD: Record<'machine' | 'unlock', string> = {
  machine: 'lies on the server',
  unlock: 'is unlocked',
}

/** Public keys, whether anybody has shown the private one, and where that is now. */
export function RecipientList({
  clusterId,
  label,
  recipients,
  empty,
  onDone,
}: {
  clusterId: string
  label: string
  recipients: readonly RecipientView[]
  empty: string
  onDone: () => void
}) {
  const remove = useAction(removeRecipientAction, onDone)
  const [proving, setProving] = useState<string | null>(null)
  const proved = recipients.find(({ id }) => id === proving)
  return (
    <div className="flex flex-col gap-2">
      <h3 className="font-medium">{label}</h3>
      {remove.error && <ErrorNotice error={remove.error} />}
      {recipients.length === 0 ? (
        <p className="text-muted">{empty}</p>
      ) : (
        <Table label={label} head={['Key', 'Proved', 'Private key', '(Actions)']}>
          {recipients.map((each) => (
            <Row key={each.id}>
              <Cell>
                {each.label && <span className="block">{each.label}</span>}
                <span className="block break-all font-mono text-xs">{each.recipient}</span>
              </Cell>
              <Cell className="text-xs">
                {each.provedAt === null ? (
                  <span className="text-changed">not yet</span>
                ) : (
                  <>
                    <RelativeTime at={each.provedAt} />
                    {each.provedByName && ` by ${each.provedByName}`}
                  </>
                )}
              </Cell>
              <Cell className="text-xs">{each.heldBy === null ? 'not here' : HELD[each.heldBy]}</Cell>
              <Cell>
                <span className="flex flex-wrap gap-1">
                  <Button
                    size="small"
                    aria-label={`Prove the key ${each.label || each.recipient}`}
                    onClick={() => setProving(proving === each.id ? null : each.id)}
                  >
                    Prove
                  </Button>
                  <GuardedButton
                    action={each.isForAll ? 'encryption.set-default' : 'encryption.set'}
                    size="small"
                    tone="quiet"
                    pending={remove.pending}
                    aria-label={`Remove the key ${each.label || each.recipient}`}
                    onClick={() => remove.run({ clusterId, recipientId: each.id })}
                  >
                    Remove
                  </GuardedButton>
                </span>
              </Cell>
            </Row>
          ))}
        </Table>
      )}
      {proved && (
        <ProveKey
          key={proved.id}
          clusterId={clusterId}
          recipient={proved}
          onDone={() => {
            setProving(null)
            onDone()
          }}
        />
      )}
    </div>
  )
}
