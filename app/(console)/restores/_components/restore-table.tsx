import { History } from 'lucide-react'
import Link from 'next/link'
import { MODE_WORDS } from '@/app/_components/restore-words.ts'
import { paths } from '@/app/_nav/paths.ts'
import { Badge } from '@/app/_ui/badge.tsx'
import { EmptyState } from '@/app/_ui/empty-state.tsx'
import { formatCount } from '@/app/_ui/format-number.ts'
import { LinkButton } from '@/app/_ui/link-button.tsx'
import { RelativeTime } from '@/app/_ui/relative-time.tsx'
import { Cell, Row, Table } from '@/app/_ui/table.tsx'
import type { RestoreView } from '@/lib/services/restores/views.ts'
import { RestoreStateBadge } from './restore-state-badge.tsx'

export function RestoreTable({ restores, newHref }: { restores: readonly RestoreView[]; newHref: string }) {
  if (restores.length === 0) {
    return (
      <EmptyState
        icon={<History aria-hidden />}
        title="No restores yet"
        action={
          <LinkButton href={newHref} tone="primary">
            Plan a restore
          </LinkButton>
        }
      >
        A restore is a plan that you read and confirm first. It takes a safety backup, writes guarded by versions,
        verifies, and can be undone.
      </EmptyState>
    )
  }
  return (
    <Table label="Restores" numeric={[4]} head={['Made', 'What', 'From', 'Mode', 'Steps', 'State', 'By']}>
      {restores.map((restore) => (
        <Row key={restore.id}>
          <Cell className="whitespace-nowrap">
            <Link href={paths.restore(restore.id)} className="font-medium text-accent hover:underline">
              <RelativeTime at={restore.createdAt} />
            </Link>
          </Cell>
          <Cell className="min-w-36">
            {restore.scopeLabel} {restore.undoOfId && <Badge>undo</Badge>}
          </Cell>
          <Cell className="min-w-44">{restore.sourceLabel}</Cell>
          <Cell className="whitespace-nowrap">{MODE_WORDS[restore.mode].label}</Cell>
          <Cell className="text-right">{restore.plan ? formatCount(restore.plan.steps) : ''}</Cell>
          <Cell>
            <RestoreStateBadge state={restore.state} approval={restore.approval?.state} />
          </Cell>
          <Cell className="whitespace-nowrap">{restore.createdByName}</Cell>
        </Row>
      ))}
    </Table>
  )
}
