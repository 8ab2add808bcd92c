import type { Metadata } from 'next'
import { ErrorNotice } from '@/app/_components/error-notice.tsx'
import { PageHeader } from '@/app/_components/page-header.tsx'
import { Card } from '@/app/_ui/card.tsx'
import { SearchTable } from './_components/search-table.tsx'
import { loadSearches } from './loaders.ts'

export const metadata: Metadata = { title: 'Searches' }

export default async function SearchesPage() {
  const searches = await loadSearches()
  return (
    <>
      <PageHeader title="Searches">
        What was looked for in live clusters and backups. A search begins on the page of a tree; the newest hundred are
        kept.
      </PageHeader>
      {searches.ok ? (
        <Card flush>
          <SearchTable searches={searches.value} />
        </Card>
      ) : (
        <ErrorNotice error={searches.error} />
      )}
    </>
  )
}
