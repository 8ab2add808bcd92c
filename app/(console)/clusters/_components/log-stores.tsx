import { Zxid } from '@/app/_components/zxid.tsx'
import { formatCount, plural } from '@/app/_ui/format-number.ts'
import { formatDuration } from '@/app/_ui/format-time.ts'
import { RelativeTime } from '@/app/_ui/relative-time.tsx'
import { Cell, Row, Table } from '@/app/_ui/table.tsx'
import { formatBytes } from '@/lib/base/format-bytes.ts'
import type { LogStoreView } from '@/lib/services/logs/views.ts'

/** How far the archived log is in each store of the cluster. */
export function LogStores({ stores }: { stores: readonly LogStoreView[] }) {
  if (stores.length === 0) return null
  return (
    <Table label="The log in stores" head={['Store', 'Up to', 'Wholly there', 'Holds']}>
      {stores.map((store) => (
        <Row key={store.storeId}>
          <Cell>
            <span className="break-words">{store.storeName}</span>
            {store.isBuiltIn && <span className="block text-muted text-xs">written first, of this host</span>}
          </Cell>
          <Cell>
            {store.last === null ? 'nothing yet' : <Zxid value={store.last} />}
            {store.lastAt !== null && (
              <span className="block text-muted text-xs">
                written <RelativeTime at={store.lastAt} />
              </span>
            )}
            {store.behindMs !== null && store.behindMs > 0 && (
              <span className="block text-changed text-xs">{formatDuration(store.behindMs)} behind what is kept</span>
            )}
          </Cell>
          <Cell>
            {store.lastOkAt === null ? 'not yet' : <RelativeTime at={store.lastOkAt} />}
            {store.missing > 0 && (
              <span className="block text-changed text-xs">{plural(store.missing, 'part')} still to be sent</span>
            )}
            {store.error !== null && (
              <span className="block break-words text-removed text-xs">
                {store.error.message}
                {store.error.remedy && ` (${store.error.remedy})`}
              </span>
            )}
          </Cell>
          <Cell>
            {formatCount(store.pieces)} {store.pieces === 1 ? 'piece' : 'pieces'}, {formatBytes(store.bytes)}
            {store.lastBase !== null && (
              <span className="block text-muted text-xs">
                {plural(store.bases, 'base')}, the newest at <Zxid value={store.lastBase} />
              </span>
            )}
            {store.pieces > 0 && (
              <span className="block text-muted text-xs">{formatCount(store.readAgain)} read again and sound</span>
            )}
          </Cell>
        </Row>
      ))}
    </Table>
  )
}
