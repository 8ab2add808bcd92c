import type { ReactNode } from 'react'
import { Zxid } from '@/app/_components/zxid.tsx'
import { Facts } from '@/app/_ui/card.tsx'
import { formatCount, plural } from '@/app/_ui/format-number.ts'
import { formatDuration } from '@/app/_ui/format-time.ts'
import { Notice } from '@/app/_ui/notice.tsx'
import { RelativeTime } from '@/app/_ui/relative-time.tsx'
import { formatBytes } from '@/lib/base/format-bytes.ts'
import type { ZnodeView } from '@/lib/services/tree/views.ts'

const KINDS: Record<ZnodeView['kind'], string> = {
  persistent: 'persistent',
  ephemeral: 'ephemeral',
  container: 'container',
  ttl: 'TTL',
  unknown: 'persistent, container or TTL: a client cannot tell them apart',
}

/** Default of the Java client since 3.6, bytes (zookeeper-client's jute.maxbuffer). */
const JUTE_MAXBUFFER = 1_048_575

/** Stat in human terms; the field names of ZooKeeper stand beside, for those who know them. */
export function ZnodeStat({ znode }: { znode: ZnodeView }) {
  const { stat } = znode
  const items: (readonly [ReactNode, ReactNode])[] = [
    ['Kind', KINDS[znode.kind]],
    [
      'Created (ctime, czxid)',
      <span key="c">
        <RelativeTime at={stat.ctime} /> by <Zxid value={stat.czxid} what="czxid" />
      </span>,
    ],
    [
      'Value last written (mtime, mzxid)',
      <span key="m">
        <RelativeTime at={stat.mtime} /> by <Zxid value={stat.mzxid} what="mzxid" />
      </span>,
    ],
    ['Value written since creation (version)', stat.version === 0 ? 'never' : plural(stat.version, 'time')],
    [
      'Size of the value (dataLength)',
      `${formatBytes(stat.dataLength)}${stat.dataLength >= 1024 ? ` (${formatCount(stat.dataLength)} bytes)` : ''}`,
    ],
    ['Children (numChildren)', formatCount(stat.numChildren)],
    ['Children last changed (pzxid)', <Zxid key="p" value={stat.pzxid} what="pzxid" />],
    ['Children created and deleted (cversion)', plural(stat.cversion, 'time')],
    ['Next sequence number', formatCount(znode.nextSequence)],
    ['ACL changed (aversion)', stat.aversion === 0 ? 'never' : plural(stat.aversion, 'time')],
  ]
  if (znode.kind === 'ephemeral') {
    items.push(['Owner session (ephemeralOwner)', <Zxid key="o" value={stat.ephemeralOwner} what="session id" />])
  }
  if (znode.ttlMs !== null) items.push(['Time to live', formatDuration(znode.ttlMs)])
  const list = znode.childListBytes
  return (
    <>
      {list !== null && list > JUTE_MAXBUFFER && (
        <Notice
          tone="warn"
          title={`The list of its ${plural(stat.numChildren, 'child', 'children')} takes ${formatBytes(list)}`}
        >
          ZooKeeper gives it in one answer only. A Java client with the default jute.maxbuffer (1 MB) loses its
          connection when it lists this znode, again and again; Arkeeper reads it. Give such clients a larger
          jute.maxbuffer, or split the znode.
        </Notice>
      )}
      <Facts items={items} className="sm:grid-cols-2" />
    </>
  )
}
