'use client'

import { useInfiniteQuery } from '@tanstack/react-query'
import { ScrollText } from 'lucide-react'
import { type ReactNode, useMemo } from 'react'
import { ErrorNotice } from '@/app/_components/error-notice.tsx'
import { requestJson, viewOfError } from '@/app/_components/request-json.ts'
import { ZnodePath } from '@/app/_components/znode-path.tsx'
import { Zxid } from '@/app/_components/zxid.tsx'
import { paths, type TreeAddress } from '@/app/_nav/paths.ts'
import { Button } from '@/app/_ui/button.tsx'
import { Card } from '@/app/_ui/card.tsx'
import { EmptyState } from '@/app/_ui/empty-state.tsx'
import { LinkButton } from '@/app/_ui/link-button.tsx'
import { RelativeTime } from '@/app/_ui/relative-time.tsx'
import { Skeleton } from '@/app/_ui/skeleton.tsx'
import type { ZnodeTransactionsView } from '@/lib/services/logs/views.ts'
import { toLogRows } from './log-rows.ts'
import { LogTable } from './log-table.tsx'
import { TransactionDetail } from './transaction-detail.tsx'
import type { TreeWriting } from './tree-browser.tsx'
import type { ZnodeWritten } from './znode-panel.tsx'

/** The archived transactions of one znode, and what one of them did. */
export function ZnodeLog({
  tree,
  path,
  chosen,
  onChoose,
  writing,
  onWritten,
}: {
  tree: TreeAddress
  path: string
  /** A zxid; empty: the newest. */
  chosen: string
  onChoose: (zxid: string) => void
  writing: TreeWriting
  onWritten: (written: ZnodeWritten) => void
}) {
  const log = useInfiniteQuery({
    queryKey: ['znode-log', tree.kind, tree.id, path],
    queryFn: ({ pageParam, signal }) =>
      requestJson<ZnodeTransactionsView>(paths.api.znodeLog(tree, { path, before: pageParam }), { signal }),
    initialPageParam: null as string | null,
    getNextPageParam: (page) => page.next,
    refetchOnWindowFocus: false,
  })
  const pages = log.data?.pages
  const rows = useMemo(() => toLogRows(pages ?? []), [pages])
  const newest = pages?.[0]?.transactions[0]?.zxid
  const shown = chosen === '' ? newest : chosen
  return (
    <div className="flex min-w-0 flex-col gap-3">
      <Card
        title={
          <>
            Transactions of <ZnodePath path={path} />
          </>
        }
        flush
        actions={
          pages && (
            <Button size="small" pending={log.isRefetching} onClick={() => log.refetch()}>
              Read again
            </Button>
          )
        }
      >
        {log.error && (
          <div className="p-3">
            <ErrorNotice
              error={viewOfError(log.error)}
              action={
                <Button size="small" onClick={() => (pages ? log.fetchNextPage() : log.refetch())}>
                  Try again
                </Button>
              }
            />
          </div>
        )}
        {pages?.[0] ? (
          <>
            {rows.length === 0 ? (
              <NoTransactions page={pages[0]} />
            ) : (
              <LogTable rows={rows} shown={shown ?? null} onChoose={onChoose} />
            )}
            <Reach page={pages[0]}>
              {log.hasNextPage && (
                <Button size="small" pending={log.isFetchingNextPage} onClick={() => log.fetchNextPage()}>
                  Older transactions
                </Button>
              )}
            </Reach>
          </>
        ) : (
          !log.error && (
            <div role="status" className="flex flex-col gap-2 p-4">
              <span className="sr-only">Looking for {path} in the archived log</span>
              <Skeleton />
              <Skeleton />
              <Skeleton />
            </div>
          )
        )}
      </Card>
      {shown && (
        <TransactionDetail key={shown} tree={tree} path={path} zxid={shown} writing={writing} onWritten={onWritten} />
      )}
    </div>
  )
}

function NoTransactions({ page }: { page: ZnodeTransactionsView }) {
  const { reach, isKept, clusterId, clusterName } = page
  const settings = (
    <LinkButton href={paths.clusterSettings(clusterId, 'log')}>Transaction log in the settings</LinkButton>
  )
  if (reach === null) {
    return (
      <EmptyState
        icon={<ScrollText aria-hidden />}
        title={isKept ? 'Nothing is archived yet' : `The transaction log of ${clusterName} is not kept`}
        action={settings}
      >
        {isKept
          ? 'The log is kept: its transactions appear here after the next run.'
          : 'Once it is, every write to this znode is listed here with the value before and after. Switch it on in the settings.'}
      </EmptyState>
    )
  }
  return (
    <EmptyState icon={<ScrollText aria-hidden />} title="No archived transaction touched it">
      It was not created, changed or deleted in what is archived. What happens to its children is listed at them.
    </EmptyState>
  )
}

/** Whatever is listed is listed as of here. */
function Reach({ page, children }: { page: ZnodeTransactionsView; children: ReactNode }) {
  const { reach, isKept } = page
  if (reach === null) return null
  return (
    <div className="flex flex-wrap items-center gap-x-3 gap-y-1 border-t px-4 py-2 text-muted text-xs">
      {children}
      <span className="inline-flex flex-wrap items-center gap-1">
        Archived from <Zxid value={reach.first} /> to <Zxid value={reach.last} />, written{' '}
        <RelativeTime at={reach.lastAt} />.
      </span>
      <span>
        {isKept
          ? 'What was written since appears after the next run.'
          : 'The log is not kept any more: what was written since is not here.'}
      </span>
    </div>
  )
}
