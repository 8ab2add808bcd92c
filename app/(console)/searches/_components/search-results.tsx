'use client'

import { keepPreviousData, useQuery } from '@tanstack/react-query'
import { SearchX } from 'lucide-react'
import { useSearchParams } from 'next/navigation'
import type { ReactNode } from 'react'
import { ErrorNotice } from '@/app/_components/error-notice.tsx'
import { PageHeader } from '@/app/_components/page-header.tsx'
import { requestJson, viewOfError } from '@/app/_components/request-json.ts'
import { ZnodePath } from '@/app/_components/znode-path.tsx'
import { paths, type TreeAddress } from '@/app/_nav/paths.ts'
import { readNumber } from '@/app/_nav/search-params.ts'
import { Card } from '@/app/_ui/card.tsx'
import { EmptyState } from '@/app/_ui/empty-state.tsx'
import { formatCount, plural } from '@/app/_ui/format-number.ts'
import { formatDuration } from '@/app/_ui/format-time.ts'
import { LinkButton } from '@/app/_ui/link-button.tsx'
import { Notice } from '@/app/_ui/notice.tsx'
import { RelativeTime } from '@/app/_ui/relative-time.tsx'
import { Skeleton } from '@/app/_ui/skeleton.tsx'
import { formatBytes } from '@/lib/base/format-bytes.ts'
import { HITS_PER_PAGE } from '@/lib/services/searches/schemas.ts'
import type { HitsPage, SearchSummary, SearchView } from '@/lib/services/searches/views.ts'
import { parseTreeRef, treeAddressOf } from '@/lib/services/tree/tree-ref.ts'
import { JobAtWork } from '../../_components/job-at-work.tsx'
import { HitList } from './hit-list.tsx'
import { SearchForm } from './search-form.tsx'
import { describeLimits, describeSearch } from './search-words.ts'

const POLL_MS = 1000
const isRunning = (search: SearchView | undefined) => search?.state === 'queued' || search?.state === 'running'

/** One search and its hits, also while they come in. */
export function SearchResults({ initial }: { initial: SearchView }) {
  const page = Math.max(readNumber(new URLSearchParams(useSearchParams()), 'page') ?? 1, 1)
  const query = useQuery({
    queryKey: ['search', initial.id],
    queryFn: ({ signal }) => requestJson<SearchView>(paths.api.search(initial.id), { signal }),
    initialData: initial,
    staleTime: 60_000,
    refetchInterval: ({ state }) => (isRunning(state.data) ? POLL_MS : false),
  })
  const search = query.data
  const running = isRunning(search)
  const from = (page - 1) * HITS_PER_PAGE
  const hits = useQuery({
    // The state is part of the key: what the last look of a running search missed is read when it has ended.
    queryKey: ['search-hits', search.id, search.state, from],
    queryFn: ({ signal }) =>
      requestJson<HitsPage>(paths.api.searchHits(search.id, { from, limit: HITS_PER_PAGE }), { signal }),
    refetchInterval: running ? POLL_MS : false,
    placeholderData: keepPreviousData,
  })
  const limits = describeLimits(search)
  return (
    <div className="flex flex-col gap-3">
      <PageHeader crumbs={[{ href: paths.searches(), text: 'Searches' }]} title={describeSearch(search)}>
        In {search.treeLabel}, at and below <ZnodePath path={search.path} />
        {limits.length > 0 && ` · ${limits.join(' · ')}`}. <WhenSearched search={search} />
      </PageHeader>
      <SearchForm tree={search.tree} label={search.treeLabel} selected={search.path} initial={search} />
      {query.error && <ErrorNotice error={viewOfError(query.error)} />}
      {running && (
        <JobAtWork jobId={search.jobId} isQueued={search.state === 'queued'} doing="Searching" what="search" />
      )}
      <SearchNotices search={search} />
      {hits.error ? (
        <ErrorNotice error={viewOfError(hits.error)} />
      ) : hits.data ? (
        <Hits search={search} page={page} found={hits.data} running={running} />
      ) : (
        <Skeleton className="h-40" />
      )}
    </div>
  )
}

function WhenSearched({ search }: { search: SearchView }) {
  if (!search.finishedAt || !search.summary) return null
  const { looked, bytes, durationMs } = search.summary
  return (
    <>
      Looked at {plural(looked, 'znode')}
      {search.valueForm !== 'none' && ` and ${formatBytes(bytes)} of values`} in {formatDuration(durationMs)},{' '}
      <RelativeTime at={search.finishedAt} />.
    </>
  )
}

/** Whatever keeps the hits from being all that there is. */
function SearchNotices({ search }: { search: SearchView }) {
  const { state, summary } = search
  if (state === 'cancelled') {
    return (
      <Notice tone="warn" title="The search was cancelled before its end">
        What it had found until then is below; there may be more.
      </Notice>
    )
  }
  if (state === 'failed') {
    return (
      <ErrorNotice
        error={search.error ?? { code: 'SEARCH_FAILED', message: 'The search failed', remedy: 'search again' }}
      />
    )
  }
  return summary && <SummaryNotices search={search} summary={summary} />
}

function SummaryNotices({ search, summary }: { search: SearchView; summary: SearchSummary }) {
  const { unreadable, unreadableCount, cut, hits, roots, notUnpacked, masked } = summary
  const isPart = roots.length !== 1 || roots[0] !== search.path
  return (
    <>
      {unreadableCount > 0 && (
        <Notice tone="warn" title={`The search could not look everywhere: ${plural(unreadableCount, 'place')}`}>
          Nothing is known of what is there and below: <Listed items={unreadable} total={unreadableCount} />
        </Notice>
      )}
      {cut !== null && (
        <Notice tone="warn" title={`There are more than ${plural(hits, 'hit')}: the search ended there`}>
          What comes later in path order was not looked at. Narrow the search to see it.
        </Notice>
      )}
      {isPart && (
        <Notice title="Only parts of this path could be searched: the backup holds no more">
          <Listed items={roots} total={roots.length} />
        </Notice>
      )}
      {masked > 0 && (
        <Notice title={`${plural(masked, 'hidden value')} ${masked === 1 ? 'was' : 'were'} not searched`}>
          Rules keep them from being shown, and everybody may read the hits of a search.
        </Notice>
      )}
      {notUnpacked > 0 && (
        <Notice title={`${plural(notUnpacked, 'packed value')} could be searched only as stored`}>
          They look like gzip or zstd, but are damaged or unpack to more than 16 MiB.
        </Notice>
      )}
    </>
  )
}

const LISTED_MAX = 8

function Listed({ items, total }: { items: readonly string[]; total: number }) {
  const listed = items.slice(0, LISTED_MAX)
  return (
    <ul className="flex flex-wrap gap-x-3">
      {listed.map((path) => (
        <li key={path} className="min-w-0">
          <ZnodePath path={path} />
        </li>
      ))}
      {total > listed.length && <li>and {formatCount(total - listed.length)} more</li>}
    </ul>
  )
}

function Hits({
  search,
  page,
  found,
  running,
}: {
  search: SearchView
  page: number
  found: HitsPage
  running: boolean
}) {
  const { hits, total } = found
  const first = (page - 1) * HITS_PER_PAGE + 1
  if (total === 0) {
    if (running || search.state === 'failed' || search.state === 'cancelled') {
      return <Announced>{running ? 'Nothing found so far' : 'Nothing was found until then'}</Announced>
    }
    return (
      <div className="rounded-lg border bg-surface">
        <EmptyState icon={<SearchX aria-hidden />} title="Nothing found">
          {plural(search.summary?.looked ?? 0, 'znode')} looked at.{' '}
          {search.summary?.unreadableCount
            ? 'What could not be read may hold it all the same.'
            : 'Check the spelling, or search a larger part of the tree.'}
        </EmptyState>
      </div>
    )
  }
  return (
    <Card
      flush
      title={
        <Announced>
          {plural(total, 'hit')}
          {running && ' so far'}
        </Announced>
      }
    >
      {hits.length === 0 ? (
        <p className="px-4 py-3 text-muted text-sm">There is no page {page}.</p>
      ) : (
        <HitList hits={hits} first={first} tree={toAddress(search.tree)} />
      )}
      {(page > 1 || total > HITS_PER_PAGE) && (
        <nav aria-label="Pages of hits" className="flex flex-wrap items-center gap-2 border-t px-4 py-2 text-sm">
          {page > 1 && (
            <LinkButton size="small" href={paths.search(search.id, { page: page - 1 })}>
              Previous
            </LinkButton>
          )}
          <span className="text-muted">
            {hits.length > 0 &&
              `${formatCount(first)}–${formatCount(first + hits.length - 1)} of ${formatCount(total)}`}
          </span>
          {first + hits.length <= total && (
            <LinkButton size="small" href={paths.search(search.id, { page: page + 1 })}>
              Next
            </LinkButton>
          )}
        </nav>
      )}
    </Card>
  )
}

function Announced({ children }: { children: ReactNode }) {
  return (
    <span role="status" className="text-sm">
      {children}
    </span>
  )
}

/** Null for a kind of tree that this page does not know: then the hits are no links. */
function toAddress(tree: string): TreeAddress | null {
  const ref = parseTreeRef(tree)
  if (!ref) return null
  return treeAddressOf(ref)
}
