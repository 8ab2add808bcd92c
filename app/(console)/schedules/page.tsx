import { CalendarClock } from 'lucide-react'
import type { Metadata } from 'next'
import { ErrorNotice } from '@/app/_components/error-notice.tsx'
import { PageHeader } from '@/app/_components/page-header.tsx'
import { paths } from '@/app/_nav/paths.ts'
import { readNumber, type SearchParams } from '@/app/_nav/search-params.ts'
import { Card } from '@/app/_ui/card.tsx'
import { EmptyState } from '@/app/_ui/empty-state.tsx'
import { LinkButton } from '@/app/_ui/link-button.tsx'
import { ProtectionTable } from './_components/protection-table.tsx'
import { loadProtections } from './loaders.ts'

export const metadata: Metadata = { title: 'Schedules' }

export default async function SchedulesPage({ searchParams }: { searchParams: Promise<SearchParams> }) {
  const page = Math.max(1, readNumber(await searchParams, 'page') ?? 1)
  const loaded = await loadProtections(page)
  return (
    <>
      <PageHeader title="Schedules">
        What is done for the backups of each cluster by itself, and what a disaster may cost at worst as things are set.
      </PageHeader>
      {!loaded.ok ? (
        <ErrorNotice error={loaded.error} />
      ) : loaded.value.clusters.length === 0 ? (
        <EmptyState icon={<CalendarClock aria-hidden />} title={page === 1 ? 'No clusters yet' : 'No more clusters'}>
          Each cluster has a row here: when a backup is taken next, how the last run went, what may be lost.
        </EmptyState>
      ) : (
        <div className="flex min-w-0 flex-col gap-4">
          <Card title="Clusters" flush>
            <ProtectionTable clusters={loaded.value.clusters} />
          </Card>
          {(page > 1 || loaded.value.hasMore) && (
            <nav aria-label="Pages of clusters" className="flex gap-2">
              {page > 1 && (
                <LinkButton size="small" href={paths.schedules({ page: page - 1 })}>
                  Back
                </LinkButton>
              )}
              {loaded.value.hasMore && (
                <LinkButton size="small" href={paths.schedules({ page: page + 1 })}>
                  More clusters
                </LinkButton>
              )}
            </nav>
          )}
        </div>
      )}
    </>
  )
}
