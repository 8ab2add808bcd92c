'use client'

import { useInfiniteQuery } from '@tanstack/react-query'
import type { ReactNode } from 'react'
import { ErrorNotice } from '@/app/_components/error-notice.tsx'
import { requestJson, viewOfError } from '@/app/_components/request-json.ts'
import { Button } from '@/app/_ui/button.tsx'
import { Skeleton } from '@/app/_ui/skeleton.tsx'

export interface ListingPage {
  readonly next: number | null
}

/** Pages that are fetched one after the other, and drawn together. */
export function PagedListing<P extends ListingPage>({
  name,
  url,
  more,
  children,
}: {
  /** Under which the pages are kept; a plan made again has other ones. */
  name: readonly string[]
  url: (next: number | null) => string
  more: string
  children: (pages: readonly P[]) => ReactNode
}) {
  const query = useInfiniteQuery({
    queryKey: name,
    queryFn: ({ pageParam, signal }) => requestJson<P>(url(pageParam), { signal }),
    initialPageParam: null as number | null,
    getNextPageParam: (page) => page.next,
    refetchOnWindowFocus: false,
  })
  return (
    <>
      {query.error && (
        <div className="p-3">
          <ErrorNotice error={viewOfError(query.error)} />
        </div>
      )}
      {query.data
        ? children(query.data.pages)
        : !query.error && (
            <div role="status" className="flex flex-col gap-2 p-4">
              <span className="sr-only">Loading</span>
              <Skeleton />
              <Skeleton />
            </div>
          )}
      {query.hasNextPage && (
        <div className="border-t p-3">
          <Button size="small" pending={query.isFetchingNextPage} onClick={() => query.fetchNextPage()}>
            {more}
          </Button>
        </div>
      )}
    </>
  )
}
