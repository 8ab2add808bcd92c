'use client'

import { useInfiniteQuery } from '@tanstack/react-query'
import { History } from 'lucide-react'
import { useMemo } from 'react'
import { ErrorNotice } from '@/app/_components/error-notice.tsx'
import { requestJson, viewOfError } from '@/app/_components/request-json.ts'
import { ZnodePath } from '@/app/_components/znode-path.tsx'
import { paths, type TreeAddress } from '@/app/_nav/paths.ts'
import { Button } from '@/app/_ui/button.tsx'
import { Card } from '@/app/_ui/card.tsx'
import { EmptyState } from '@/app/_ui/empty-state.tsx'
import { plural } from '@/app/_ui/format-number.ts'
import { LinkButton } from '@/app/_ui/link-button.tsx'
import { RelativeTime } from '@/app/_ui/relative-time.tsx'
import { Skeleton } from '@/app/_ui/skeleton.tsx'
import type { HistoryView } from '@/lib/services/tree/views.ts'
import { findNewestDifference, foldHistory, toPoints } from './fold-history.ts'
import { HistoryTable } from './history-table.tsx'
import { ZnodeComparison } from './znode-comparison.tsx'

export interface HistoryPair {
  /** TreeRef texts; null: not chosen. */
  readonly from: string | null
  readonly to: string | null
}

/** One znode in every backup that holds its place, and the difference between any two. */
export function ZnodeHistory({
  tree,
  path,
  pair,
  onPair,
}: {
  tree: TreeAddress
  path: string
  pair: HistoryPair
  onPair: (pair: HistoryPair) => void
}) {
  const history = useInfiniteQuery({
    queryKey: ['history', tree.kind, tree.id, path],
    queryFn: ({ pageParam, signal }) =>
      requestJson<HistoryView>(paths.api.history(tree, { path, before: pageParam }), { signal }),
    initialPageParam: null as string | null,
    getNextPageParam: (page) => page.next,
    // Reading many archives is not for every glance: the button reads again.
    staleTime: Number.POSITIVE_INFINITY,
    gcTime: 60_000,
    refetchOnWindowFocus: false,
  })
  const pages = history.data?.pages
  const runs = useMemo(() => foldHistory(toPoints(pages ?? [])), [pages])
  const suggested = useMemo(() => findNewestDifference(runs), [runs])
  const from = pair.from ?? suggested?.left ?? null
  const to = pair.to ?? suggested?.right ?? null
  const outside = pages?.reduce((sum, page) => sum + page.outside, 0) ?? 0
  const clusterId = pages?.[0]?.clusterId
  const choose = (side: 'from' | 'to', ref: string) => onPair({ from, to, [side]: ref })
  return (
    <div className="flex min-w-0 flex-col gap-3">
      <Card
        title={
          <>
            History of <ZnodePath path={path} />
          </>
        }
        flush
        actions={
          history.data && (
            <span className="flex items-center gap-2 text-muted text-xs">
              <span>
                read <RelativeTime at={history.dataUpdatedAt} />
              </span>
              <Button size="small" pending={history.isRefetching} onClick={() => history.refetch()}>
                Read again
              </Button>
            </span>
          )
        }
      >
        {history.error && (
          <div className="p-3">
            <ErrorNotice
              error={viewOfError(history.error)}
              action={
                <Button size="small" onClick={() => (pages ? history.fetchNextPage() : history.refetch())}>
                  Try again
                </Button>
              }
            />
          </div>
        )}
        {!pages ? (
          !history.error && (
            <div role="status" className="flex flex-col gap-2 p-4">
              <span className="sr-only">Reading {path} in the backups</span>
              <Skeleton />
              <Skeleton />
              <Skeleton />
            </div>
          )
        ) : runs.every((run) => run.points[0].backup === null) && !history.hasNextPage ? (
          <EmptyState
            icon={<History aria-hidden />}
            title="No backup holds this place yet"
            action={clusterId && <LinkButton href={paths.cluster(clusterId, 'backups')}>Take a backup</LinkButton>}
          >
            {outside > 0
              ? `${plural(outside, 'backup')} of this cluster ${outside === 1 ? 'is' : 'are'} of other subtrees.`
              : 'Each backup of this cluster will appear here with what it holds of this znode.'}
          </EmptyState>
        ) : (
          <HistoryTable
            runs={runs}
            from={from}
            to={to}
            ownRef={tree.kind === 'backup' ? `backup:${tree.id}` : null}
            path={path}
            onChoose={choose}
          />
        )}
        {pages && (history.hasNextPage || outside > 0) && (
          <div className="flex flex-wrap items-center gap-3 border-t px-4 py-2 text-muted text-xs">
            {history.hasNextPage && (
              <Button size="small" pending={history.isFetchingNextPage} onClick={() => history.fetchNextPage()}>
                Older backups
              </Button>
            )}
            {outside > 0 && <span>{plural(outside, 'backup')} of other subtrees left out.</span>}
          </div>
        )}
      </Card>
      {pages &&
        (from !== null && to !== null ? (
          <ZnodeComparison tree={tree} path={path} left={from} right={to} />
        ) : (
          runs.length > 0 && (
            <p className="text-muted text-sm">
              {suggested === null && runs.length === 1
                ? 'It is the same wherever it was looked for.'
                : 'Choose two above to compare them.'}
            </p>
          )
        ))}
    </div>
  )
}
