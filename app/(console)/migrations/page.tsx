import { Truck } from 'lucide-react'
import type { Metadata } from 'next'
import { ErrorNotice } from '@/app/_components/error-notice.tsx'
import { PageHeader } from '@/app/_components/page-header.tsx'
import { paths } from '@/app/_nav/paths.ts'
import { Card } from '@/app/_ui/card.tsx'
import { LinkButton } from '@/app/_ui/link-button.tsx'
import { MigrationTable } from './_components/migration-table.tsx'
import { loadMigrations } from './loaders.ts'

export const metadata: Metadata = { title: 'Migrations' }

export default async function MigrationsPage() {
  const migrations = await loadMigrations()
  return (
    <>
      <PageHeader
        title="Migrations"
        actions={
          <LinkButton href={paths.newMigration()} tone="primary" icon={<Truck aria-hidden className="size-4" />}>
            Migrate a cluster…
          </LinkButton>
        }
      >
        A cluster is copied to another one, followed while it is still written to, and compared at the switch-over.
      </PageHeader>
      {migrations.ok ? (
        <Card flush>
          <MigrationTable migrations={migrations.value} newHref={paths.newMigration()} />
        </Card>
      ) : (
        <ErrorNotice error={migrations.error} />
      )}
    </>
  )
}
