'use client'

import { useRouter } from 'next/navigation'
import { FormError } from '@/app/_components/form-error.tsx'
import { GuardedButton } from '@/app/_components/guarded-button.tsx'
import { useAction } from '@/app/_components/use-action.ts'
import { Badge, type BadgeTone } from '@/app/_ui/badge.tsx'
import { Card } from '@/app/_ui/card.tsx'
import { RelativeTime } from '@/app/_ui/relative-time.tsx'
import { Cell, Row, Table } from '@/app/_ui/table.tsx'
import type { StoreChoice } from '@/lib/services/stores/list-store-views.ts'
import type { BackupPlaceView } from '@/lib/services/stores/views.ts'
import { startCopyAction, verifyCopyAction } from '../../stores/actions.ts'

const STATES: Record<BackupPlaceView['state'], { tone: BadgeTone; text: string }> = {
  queued: { tone: 'neutral', text: 'waits to be copied' },
  copying: { tone: 'accent', text: 'being copied' },
  present: { tone: 'good', text: 'there' },
  failed: { tone: 'bad', text: 'not copied' },
  missing: { tone: 'bad', text: 'missing' },
}
const PROOFS = { 'read-back': 'read back', 'part-sums': 'sums of its parts' }

interface Props {
  backupId: string
  places: readonly BackupPlaceView[]
  choices: readonly StoreChoice[]
}

/** Where the backup lies, what was proved of it there, and where it may be copied to. */
export function PlacesCard({ backupId, places, choices }: Props) {
  const router = useRouter()
  const refresh = () => router.refresh()
  const copy = useAction(startCopyAction, refresh)
  const verify = useAction(verifyCopyAction, refresh)
  const isThere = (id: string) =>
    places.some(({ storeId, state }) => storeId === id && state !== 'failed' && state !== 'missing')
  const others = choices.filter(({ id }) => !isThere(id) && id !== places[0]?.storeId)
  return (
    <Card title="Stores" flush>
      <FormError error={copy.error ?? verify.error} fields={[]} />
      <Table label="Stores of the backup" head={['Store', 'State', 'Proved by', 'Verified', '(Actions)']}>
        {places.map((place) => (
          <Row key={place.storeId}>
            <Cell>
              {place.storeName}
              {place.isFirst ? ' (first)' : ''}
              {place.where !== '' && <div className="break-all font-mono text-muted text-xs">{place.where}</div>}
            </Cell>
            <Cell>
              <Badge tone={STATES[place.state].tone}>{STATES[place.state].text}</Badge>{' '}
              {place.at && place.state === 'present' && <RelativeTime at={place.at} />}
              {place.error && <div className="text-removed text-xs">{place.error}</div>}
              {place.lockedUntil && (
                <div className="text-muted text-xs">locked until {place.lockedUntil.slice(0, 10)}</div>
              )}
            </Cell>
            <Cell>{place.storedProof === null ? 'not known' : PROOFS[place.storedProof]}</Cell>
            <Cell>
              {place.verifiedAt === null ? (
                'never'
              ) : (
                <>
                  {place.verifyOk ? 'sound' : 'damaged'}, <RelativeTime at={place.verifiedAt} />
                </>
              )}
            </Cell>
            <Cell className="text-right">
              {place.state === 'present' && !place.isFirst && (
                <GuardedButton
                  action="backup.verify"
                  size="small"
                  pending={verify.pending}
                  aria-label={`Verify in ${place.storeName}`}
                  onClick={() => verify.run({ backupId, storeId: place.storeId })}
                >
                  Verify
                </GuardedButton>
              )}
            </Cell>
          </Row>
        ))}
      </Table>
      {others.length > 0 && (
        <div className="flex flex-wrap gap-2 p-4">
          {others.map(({ id, name }) => (
            <GuardedButton
              key={id}
              action="backup.copy"
              size="small"
              pending={copy.pending}
              onClick={() => copy.run({ backupId, storeId: id })}
            >
              {`Copy to ${name}`}
            </GuardedButton>
          ))}
        </div>
      )}
    </Card>
  )
}
