import { ErrorNotice } from '@/app/_components/error-notice.tsx'
import { Badge } from '@/app/_ui/badge.tsx'
import { Card } from '@/app/_ui/card.tsx'
import { formatUtc } from '@/app/_ui/format-time.ts'
import type { HoldView } from '@/lib/services/keep-rules/views.ts'
import { loadHolds } from '../loaders.ts'
import { LiftHold, PlaceHold } from './hold-buttons.tsx'

/** Who wants this backup kept whatever happens, and why. */
export async function HoldsCard({ backupId }: { backupId: string }) {
  const loaded = await loadHolds(backupId)
  if (!loaded.ok) return <ErrorNotice error={loaded.error} />
  const holds = loaded.value
  return (
    <Card title="Holds" actions={<PlaceHold backupId={backupId} />}>
      {holds.length === 0 ? (
        <p className="text-muted text-sm">
          Nobody holds it. A held backup is removed by no rule and by nobody, until its day is over or an administrator
          lifts the hold.
        </p>
      ) : (
        <ul className="flex flex-col divide-y text-sm">
          {holds.map((hold) => (
            <li key={hold.id} className="flex flex-wrap items-start gap-2 py-2 first:pt-0 last:pb-0">
              <div className="min-w-0 flex-1">
                <p className="break-words">
                  <Badge tone={hold.stands ? 'accent' : 'neutral'}>{hold.stands ? 'held' : 'over'}</Badge> {hold.reason}
                </p>
                <p className="text-muted text-xs">{describeHold(hold)}</p>
              </div>
              {hold.stands && <LiftHold backupId={backupId} holdId={hold.id} />}
            </li>
          ))}
        </ul>
      )}
    </Card>
  )
}

const utc = (text: string) => formatUtc(Date.parse(text))

function describeHold(hold: HoldView): string {
  const until = hold.until === null ? 'until it is lifted' : `until ${utc(hold.until)}`
  const lifted =
    hold.liftedAt === null ? '' : `; lifted by ${hold.liftedByName} at ${utc(hold.liftedAt)}: ${hold.liftReason}`
  return `by ${hold.placedByName} at ${utc(hold.placedAt)}, ${until}${lifted}`
}
