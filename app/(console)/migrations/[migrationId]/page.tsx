import type { Metadata } from 'next'
import { ErrorNotice } from '@/app/_components/error-notice.tsx'
import { MigrationPage as LiveMigration } from '../_components/migration-page.tsx'
import { loadMigration } from '../loaders.ts'

export const metadata: Metadata = { title: 'Migration' }

export default async function MigrationPage({ params }: { params: Promise<{ migrationId: string }> }) {
  const migration = await loadMigration((await params).migrationId)
  if (!migration.ok) return <ErrorNotice error={migration.error} />
  return <LiveMigration initial={migration.value} />
}
