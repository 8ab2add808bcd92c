import type { Metadata } from 'next'
import { ErrorNotice } from '@/app/_components/error-notice.tsx'
import { AtCluster } from '@/app/_components/role.tsx'
import { SearchResults } from '../_components/search-results.tsx'
import { loadSearch } from '../loaders.ts'

export const metadata: Metadata = { title: 'Search' }

export default async function SearchPage({ params }: { params: Promise<{ searchId: string }> }) {
  const search = await loadSearch((await params).searchId)
  if (!search.ok) return <ErrorNotice error={search.error} />
  return (
    <AtCluster ids={[search.value.clusterId]}>
      <SearchResults key={search.value.id} initial={search.value} />
    </AtCluster>
  )
}
