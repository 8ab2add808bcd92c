import { Zxid } from '@/app/_components/zxid.tsx'
import { plural } from '@/app/_ui/format-number.ts'
import { formatDuration } from '@/app/_ui/format-time.ts'
import { RelativeTime } from '@/app/_ui/relative-time.tsx'
import { Cell, Row, Table } from '@/app/_ui/table.tsx'
import type { KeptPlaceView } from '@/lib/services/follow/views.ts'

/** How far what is kept of the stream reaches at each place: what is left when the others are lost. */
export function KeptPlaces({ places }: { places: readonly KeptPlaceView[] }) {
  return (
    <div className="flex flex-col gap-1">
      <h3 className="font-medium">How far it reaches</h3>
      <p className="text-muted">
        {places.length === 1
          ? 'It lies on this one host. Name another store for the cluster, so that it survives the loss of it.'
          : 'When the host that hears the stream is lost, each store still has all up to the transaction that it names.'}
      </p>
      <Table label="How far it reaches" head={['Place', 'Stored up to', 'Lacks', 'Bases']}>
        {places.map((place) => (
          <Row key={place.storeId ?? 'here'}>
            <Cell>
              <span className="break-words">{place.name}</span>
            </Cell>
            <Cell>
              {place.through === null ? 'nothing yet' : <Zxid value={place.through} />}
              {place.at !== null && (
                <span className="block text-muted text-xs">
                  made <RelativeTime at={place.at} />
                </span>
              )}
            </Cell>
            <Cell>
              {describeLack(place)}
              {place.error !== null && (
                <span className="block break-words text-removed text-xs">{place.error.message}</span>
              )}
            </Cell>
            <Cell>{place.bases === 0 ? 'none yet' : plural(place.bases, 'base')}</Cell>
          </Row>
        ))}
      </Table>
    </div>
  )
}

function describeLack({ storeId, behindMs }: KeptPlaceView): string {
  if (storeId === null) return 'about the last second, until it is flushed'
  if (behindMs === null) return 'not known'
  return behindMs === 0 ? 'nothing' : `the last ${formatDuration(behindMs)}`
}
