'use client'

import { useQueryClient } from '@tanstack/react-query'
import { useRouter } from 'next/navigation'
import { useCallback } from 'react'
import { FormError } from '@/app/_components/form-error.tsx'
import { GuardedButton } from '@/app/_components/guarded-button.tsx'
import { useAction } from '@/app/_components/use-action.ts'
import { isActive, JOBS_KEY, useJobs, useRefreshWhenJobsEnd } from '@/app/_components/use-jobs.ts'
import { Badge, type BadgeTone } from '@/app/_ui/badge.tsx'
import { Card } from '@/app/_ui/card.tsx'
import { RelativeTime } from '@/app/_ui/relative-time.tsx'
import { Cell, Row, Table } from '@/app/_ui/table.tsx'
import type { JobView } from '@/lib/services/jobs/views.ts'
import type { StoreChoice } from '@/lib/services/stores/list-store-views.ts'
import type { BackupPlaceView } from '@/lib/services/stores/views.ts'
import { startCopyAction, verifyCopyAction } from '../../stores/actions.ts'
import { startDrillAction } from '../actions.ts'

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
  /** Why this host can do no drill; null when it can. */
  drillFault: string | null
}

const isBad = ({ state, verifyOk }: BackupPlaceView) =>
  state === 'missing' || state === 'failed' || (state === 'present' && verifyOk === false)
const isSound = ({ state, verifyOk }: BackupPlaceView) => state === 'present' && verifyOk !== false

/** Where the backup lies, what was proved of it there, what of it is bad and can be mended, and where it may be copied to. */
export function PlacesCard({ backupId, places, choices, drillFault }: Props) {
  const router = useRouter()
  const queries = useQueryClient()
  const refresh = () => {
    router.refresh()
    void queries.invalidateQueries({ queryKey: JOBS_KEY })
  }
  const jobs = useJobs()
  const concerns = useCallback((job: JobView) => job.kind === 'copy' && job.subjectId === backupId, [backupId])
  useRefreshWhenJobsEnd(jobs.data, concerns)
  const isCopied = jobs.data?.some((job) => concerns(job) && isActive(job)) ?? false
  const copy = useAction(startCopyAction, refresh)
  const verify = useAction(verifyCopyAction, refresh)
  const drill = useAction(startDrillAction, refresh)
  const others = choices.filter(({ id }) => !places.some(({ storeId }) => storeId === id))
  const good = places.find((place) => !place.isFirst && isSound(place))
  const again = (place: BackupPlaceView) =>
    isBad(place) &&
    (!place.isFirst || places.length > 1) && (
      <GuardedButton
        action="backup.copy"
        size="small"
        pending={copy.pending}
        aria-label={`${place.isFirst ? 'Copy back to' : 'Copy again to'} ${place.storeName}`}
        disabledReason={
          isCopied ? 'It is being copied now' : place.isFirst && !good && 'No copy of it is there and sound'
        }
        onClick={() => copy.run({ backupId, storeId: place.storeId })}
      >
        {place.isFirst ? 'Copy back from the good copy' : 'Copy again'}
      </GuardedButton>
    )
  return (
    <Card title="Stores" flush>
      <FormError error={copy.error ?? verify.error ?? drill.error} fields={[]} />
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
                <span className={place.verifyOk ? undefined : 'text-removed'}>
                  {place.verifyOk ? 'sound' : 'damaged'}, <RelativeTime at={place.verifiedAt} />
                </span>
              )}
            </Cell>
            <Cell>
              <span className="flex flex-wrap justify-end gap-2">
                {again(place)}
                {place.state === 'present' && places.length > 1 && (
                  <GuardedButton
                    action="backup.drill"
                    size="small"
                    pending={drill.pending}
                    aria-label={`Drill of what lies in ${place.storeName}`}
                    disabledReason={drillFault && `No drill here: ${drillFault}`}
                    onClick={() => drill.run({ backupId, storeId: place.storeId })}
                  >
                    Drill
                  </GuardedButton>
                )}
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
              </span>
            </Cell>
          </Row>
        ))}
      </Table>
      {places.some(isBad) && good && (
        <p className="px-4 pt-3 text-muted text-sm">
          What is damaged or missing can be put there once more: it is read from a copy that is sound, read back where
          it was put, and only then takes the place of the bad one, which is removed after that.
        </p>
      )}
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
