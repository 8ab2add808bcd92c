import type { Metadata } from 'next'
import { ErrorNotice } from '@/app/_components/error-notice.tsx'
import { PageHeader } from '@/app/_components/page-header.tsx'
import { paths } from '@/app/_nav/paths.ts'
import { readOneOf, readText, type SearchParams } from '@/app/_nav/search-params.ts'
import { Card } from '@/app/_ui/card.tsx'
import { EmptyState } from '@/app/_ui/empty-state.tsx'
import { LinkButton } from '@/app/_ui/link-button.tsx'
import { PHYSICAL_WAYS } from '@/lib/services/physical/schemas.ts'
import { NewPhysicalForm } from '../_components/new-physical-form.tsx'
import { loadPhysicalDefaults } from '../loaders.ts'

export const metadata: Metadata = { title: 'Put back as files' }

export default async function NewPhysicalPage({ searchParams }: { searchParams: Promise<SearchParams> }) {
  const search = await searchParams
  const backupId = readText(search, 'backup')
  if (backupId === '') return <NoBackup />
  const defaults = await loadPhysicalDefaults(backupId)
  if (!defaults.ok) return <ErrorNotice error={defaults.error} />
  const { clusterId, clusterName, backupLabel } = defaults.value
  return (
    <div className="max-w-3xl">
      <PageHeader
        crumbs={[
          { href: paths.cluster(clusterId), text: clusterName },
          { href: paths.cluster(clusterId, 'restores'), text: 'Restores' },
        ]}
        title="Put back as files"
      >
        {backupLabel}. First everything is checked; nothing is stopped before you confirm.
      </PageHeader>
      <Card>
        <NewPhysicalForm defaults={defaults.value} askedWay={readOneOf(search, 'way', PHYSICAL_WAYS) ?? null} />
      </Card>
    </div>
  )
}

function NoBackup() {
  return (
    <div className="max-w-3xl">
      <PageHeader title="Put back as files" />
      <Card>
        <EmptyState
          title="No backup is chosen"
          action={
            <LinkButton tone="primary" href={paths.overview()}>
              Go to the clusters
            </LinkButton>
          }
        >
          Open a backup of the whole tree and choose “Put back as files”: the servers are stopped, and start again on
          its snapshot.
        </EmptyState>
      </Card>
    </div>
  )
}
