import type { Metadata } from 'next'
import { ErrorNotice } from '@/app/_components/error-notice.tsx'
import { PageHeader } from '@/app/_components/page-header.tsx'
import { toTreeChoices } from '@/app/_components/tree-options.tsx'
import { paths } from '@/app/_nav/paths.ts'
import { readText, type SearchParams } from '@/app/_nav/search-params.ts'
import { Card } from '@/app/_ui/card.tsx'
import { loadRecentBackups } from '../../backups/loaders.ts'
import { loadClusters } from '../../loaders.ts'
import { NewDiffForm } from '../_components/new-diff-form.tsx'

export const metadata: Metadata = { title: 'Compare two trees' }

export default async function NewDiffPage({ searchParams }: { searchParams: Promise<SearchParams> }) {
  const search = await searchParams
  const clusters = await loadClusters()
  if (!clusters.ok) return <ErrorNotice error={clusters.error} />
  const backups = await loadRecentBackups([readText(search, 'left'), readText(search, 'right')])
  if (!backups.ok) return <ErrorNotice error={backups.error} />
  return (
    <div className="max-w-3xl">
      <PageHeader crumbs={[{ href: paths.diffs(), text: 'Diffs' }]} title="Compare two trees">
        Content and ACLs are compared exactly. Nothing is written to either side.
      </PageHeader>
      <Card>
        <NewDiffForm
          choices={toTreeChoices(clusters.value, backups.value, [readText(search, 'left'), readText(search, 'right')])}
          left={readText(search, 'left')}
          right={readText(search, 'right')}
          path={readText(search, 'path') || '/'}
        />
      </Card>
    </div>
  )
}
