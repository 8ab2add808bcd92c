import { Truck } from 'lucide-react'
import Link from 'next/link'
import { paths } from '@/app/_nav/paths.ts'
import { EmptyState } from '@/app/_ui/empty-state.tsx'
import { formatCount } from '@/app/_ui/format-number.ts'
import { LinkButton } from '@/app/_ui/link-button.tsx'
import { RelativeTime } from '@/app/_ui/relative-time.tsx'
import { Cell, Row, Table } from '@/app/_ui/table.tsx'
import type { MigrationView } from '@/lib/services/migrations/views.ts'
import { MigrationStateBadge } from './migration-state-badge.tsx'

export function MigrationTable({ migrations, newHref }: { migrations: readonly MigrationView[]; newHref: string }) {
  if (migrations.length === 0) {
    return (
      <EmptyState
        icon={<Truck aria-hidden />}
        title="No migrations yet"
        action={
          <LinkButton href={newHref} tone="primary">
            Migrate a cluster
          </LinkButton>
        }
      >
        To another version, or to other machines: the target is kept like the source until clients are switched over.
      </EmptyState>
    )
  }
  return (
    <Table label="Migrations" numeric={[3]} head={['Made', 'From', 'To', 'Last differences', 'State', 'By']}>
      {migrations.map((migration) => (
        <Row key={migration.id}>
          <Cell className="whitespace-nowrap">
            <Link href={paths.migration(migration.id)} className="font-medium text-accent hover:underline">
              <RelativeTime at={migration.createdAt} />
            </Link>
          </Cell>
          <Cell className="min-w-32">{placeOf(migration.source.name, migration.sourcePath)}</Cell>
          <Cell className="min-w-32">{placeOf(migration.target.name, migration.targetPath)}</Cell>
          <Cell className="text-right">{lastDifferences(migration)}</Cell>
          <Cell>
            <MigrationStateBadge state={migration.state} />
          </Cell>
          <Cell className="whitespace-nowrap">{migration.createdByName}</Cell>
        </Row>
      ))}
    </Table>
  )
}

function placeOf(name: string, path: string): string {
  return path === '/' ? name : `${path} of ${name}`
}

function lastDifferences({ rounds }: MigrationView): string {
  const known = rounds.find(({ differences }) => differences !== null)
  return known?.differences == null ? '' : formatCount(known.differences)
}
