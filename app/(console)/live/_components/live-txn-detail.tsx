'use client'

import { useQuery } from '@tanstack/react-query'
import Link from 'next/link'
import { useState } from 'react'
import { ErrorNotice } from '@/app/_components/error-notice.tsx'
import { requestJson, viewOfError } from '@/app/_components/request-json.ts'
import { ZnodePath } from '@/app/_components/znode-path.tsx'
import { Zxid } from '@/app/_components/zxid.tsx'
import { paths } from '@/app/_nav/paths.ts'
import { Badge } from '@/app/_ui/badge.tsx'
import { Card, Facts } from '@/app/_ui/card.tsx'
import { plural } from '@/app/_ui/format-number.ts'
import { LinkButton } from '@/app/_ui/link-button.tsx'
import { RelativeTime } from '@/app/_ui/relative-time.tsx'
import { Skeleton } from '@/app/_ui/skeleton.tsx'
import type { LiveTouchView, LiveTxnsView, LiveTxnView } from '@/lib/services/live/views.ts'
import type { ZnodeTransactionDetailView } from '@/lib/services/logs/views.ts'
import { UndoTransaction } from '../../_components/undo-transaction.tsx'
import { StateAccess, StateValues } from '../../tree/_components/state-values.tsx'
import { revealTransactionAction } from '../../tree/actions.ts'
import { describeRefusal, wordOf } from './live-words.ts'

/** What one transaction did, znode by znode with before and after, and the way back. `txn`: null where it is not listed. */
export function LiveTxnDetail({ clusterId, zxid, txn }: { clusterId: string; zxid: string; txn: LiveTxnView | null }) {
  const found = useQuery({
    queryKey: ['live-transaction', clusterId, zxid],
    queryFn: ({ signal }) => readOne(clusterId, zxid, signal),
    enabled: txn === null,
    staleTime: Number.POSITIVE_INFINITY,
  })
  const shown = txn ?? found.data
  return (
    <Card title={shown ? `${zxid}: ${shown.type}` : zxid}>
      {shown ? (
        <div className="flex min-w-0 flex-col gap-3">
          <div className="flex flex-wrap gap-2">
            <LinkButton size="small" href={paths.clusterHistory(clusterId, { zxid })}>
              The tree as of then
            </LinkButton>
            <UndoTransaction clusterId={clusterId} zxid={zxid} disabledReason={shown.notUndoable ?? false} />
          </div>
          <Facts
            items={[
              ['When', <RelativeTime key="at" at={shown.at} />],
              ['zxid', <Zxid key="zxid" value={zxid} />],
              ['Session', <Zxid key="session" value={shown.session} what="session" />],
              ...(shown.error === null ? [] : [['Refused', describeRefusal(shown.error, shown.errorName)] as const]),
            ]}
          />
          {shown.touched.length > 0 && (
            <ul className="flex min-w-0 flex-col gap-2">
              {shown.touched.map((touch, index) => (
                // biome-ignore lint/suspicious/noArrayIndexKey: parts of one transaction, always in the same order
                <li key={index} className="min-w-0 rounded-md border">
                  <Touched clusterId={clusterId} zxid={zxid} touch={touch} isFirst={shown.touched.length === 1} />
                </li>
              ))}
            </ul>
          )}
          {shown.touchedCount > shown.touched.length && (
            <p className="text-muted text-sm">
              and {plural(shown.touchedCount - shown.touched.length, 'place')} that are not listed here; undoing takes
              back all of them.
            </p>
          )}
        </div>
      ) : found.error ? (
        <ErrorNotice error={viewOfError(found.error)} />
      ) : found.isPending ? (
        <div role="status" className="flex flex-col gap-2">
          <span className="sr-only">Looking for the transaction</span>
          <Skeleton className="w-1/3" />
        </div>
      ) : (
        <p className="text-muted text-sm">The kept log does not hold this transaction, or not any more.</p>
      )}
    </Card>
  )
}

async function readOne(clusterId: string, zxid: string, signal: AbortSignal): Promise<LiveTxnView | null> {
  const before = `0x${(BigInt(zxid) + 1n).toString(16)}`
  const page = await requestJson<LiveTxnsView>(paths.api.liveTransactions(clusterId, { before, limit: 1 }), { signal })
  const [txn] = page.transactions
  return txn?.zxid === zxid ? txn : null
}

function Touched({
  clusterId,
  zxid,
  touch,
  isFirst,
}: {
  clusterId: string
  zxid: string
  touch: LiveTouchView
  isFirst: boolean
}) {
  const [open, setOpen] = useState(isFirst)
  return (
    <details open={open} onToggle={(event) => setOpen(event.currentTarget.open)} className="min-w-0">
      <summary className="cursor-pointer px-3 py-2 text-sm">
        <span className="inline-flex min-w-0 max-w-[calc(100%-1.5rem)] flex-wrap items-center gap-2 align-middle">
          <ZnodePath path={touch.path} /> {wordOf(touch.did)}
          {touch.isEphemeral && <Badge tone="special">ephemeral</Badge>}
        </span>
      </summary>
      {open && <BeforeAndAfter clusterId={clusterId} zxid={zxid} path={touch.path} />}
    </details>
  )
}

function BeforeAndAfter({ clusterId, zxid, path }: { clusterId: string; zxid: string; path: string }) {
  const tree = { kind: 'live', id: clusterId } as const
  const detail = useQuery({
    queryKey: ['znode-transaction', tree.kind, tree.id, path, zxid],
    queryFn: ({ signal }) =>
      requestJson<ZnodeTransactionDetailView>(paths.api.znodeTransaction(tree, { path, zxid }), { signal }),
    staleTime: Number.POSITIVE_INFINITY,
  })
  if (detail.error) {
    return (
      <div className="border-t p-3">
        <ErrorNotice error={viewOfError(detail.error)} />
      </div>
    )
  }
  if (!detail.data) {
    return (
      <div role="status" className="border-t p-3">
        <span className="sr-only">Reading {path} before and after</span>
        <Skeleton />
      </div>
    )
  }
  const { before, after } = detail.data
  return (
    <div className="flex min-w-0 flex-col gap-3 border-t p-3">
      <StateValues
        before={before}
        after={after}
        reveal={() => revealTransactionAction({ tree: `live:${clusterId}`, path, zxid })}
      />
      <StateAccess before={before} after={after} />
      <p className="text-sm">
        <Link href={paths.clusterTree(clusterId, { path, log: zxid })} className="link">
          All transactions of this znode
        </Link>
      </p>
    </div>
  )
}
