import type { Metadata } from 'next'
import { ErrorNotice } from '@/app/_components/error-notice.tsx'
import { AtCluster } from '@/app/_components/role.tsx'
import { MigrationPage as LiveMigration } from '../_components/migration-page.tsx'
import { loadMigration } from '../loaders.ts'

export const metadata: Metadata = { title: 'Migration' }

export default async function MigrationPage({ params }: { params: Promise<{ migrationId: string }> }) {
  const migration = await loadMigration((await params).migrationId)
  if (!migration.ok) return <ErrorNotice error={migration.error} />
  return (
    <AtCluster ids={[migration.value.source.id, migration.value.target.id]}>
      <LiveMigration initial={migration.value} />
    </AtCluster>
  )
}
