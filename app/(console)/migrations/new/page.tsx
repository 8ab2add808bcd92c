import type { Metadata } from 'next'
import { ErrorNotice } from '@/app/_components/error-notice.tsx'
import { PageHeader } from '@/app/_components/page-header.tsx'
import { paths } from '@/app/_nav/paths.ts'
import { readText, type SearchParams } from '@/app/_nav/search-params.ts'
import { Card } from '@/app/_ui/card.tsx'
import { EmptyState } from '@/app/_ui/empty-state.tsx'
import { LinkButton } from '@/app/_ui/link-button.tsx'
import { loadClusters } from '../../loaders.ts'
import { MigrationSteps } from '../_components/migration-steps.tsx'
import { NewMigrationForm } from '../_components/new-migration-form.tsx'

export const metadata: Metadata = { title: 'Migrate a cluster' }

export default async function NewMigrationPage({ searchParams }: { searchParams: Promise<SearchParams> }) {
  const search = await searchParams
  const clusters = await loadClusters()
  if (!clusters.ok) return <ErrorNotice error={clusters.error} />
  const choices = clusters.value.map(({ id, name, environment }) => ({ id, name, environment }))
  return (
    <div className="max-w-3xl">
      <PageHeader crumbs={[{ href: paths.migrations(), text: 'Migrations' }]} title="Migrate a cluster">
        First a check to read; nothing is written to either cluster before you confirm it.
      </PageHeader>
      <MigrationSteps current="choose" />
      <Card>
        {choices.length < 2 ? (
          <EmptyState
            title="It takes two clusters"
            action={
              <LinkButton tone="primary" href={paths.newCluster()}>
                Add a cluster
              </LinkButton>
            }
          >
            A migration makes one cluster like another one. Add the one that is to be the target.
          </EmptyState>
        ) : (
          <NewMigrationForm
            clusters={choices}
            asked={{
              sourceId: readText(search, 'source'),
              targetId: readText(search, 'target'),
              sourcePath: readText(search, 'from'),
              targetPath: readText(search, 'to'),
            }}
          />
        )}
      </Card>
    </div>
  )
}
