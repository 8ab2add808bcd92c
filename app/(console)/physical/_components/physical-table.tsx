import Link from 'next/link'
import { paths } from '@/app/_nav/paths.ts'
import { Card } from '@/app/_ui/card.tsx'
import { LinkButton } from '@/app/_ui/link-button.tsx'
import { RelativeTime } from '@/app/_ui/relative-time.tsx'
import { Cell, Row, Table } from '@/app/_ui/table.tsx'
import type { PhysicalView } from '@/lib/services/physical/views.ts'
import { PhysicalStateBadge, WAY_WORDS } from './physical-words.tsx'

/** Restores that replace the files of servers; beside those that write znodes. */
export function PhysicalTable({ restores, newHref }: { restores: readonly PhysicalView[]; newHref: string | null }) {
  return (
    <Card
      title="Put back as files"
      flush
      actions={
        newHref && (
          <LinkButton href={newHref} size="small">
            Put the last good backup back as files…
          </LinkButton>
        )
      }
    >
      {restores.length === 0 ? (
        <p className="px-4 py-3 text-muted text-sm">
          None yet. The servers are stopped and start again on the snapshot of a backup, with versions, zxids and
          sequence counters as they were.
        </p>
      ) : (
        <Table label="Put back as files" head={['Made', 'From', 'How', 'State', 'By']}>
          {restores.map((restore) => (
            <Row key={restore.id}>
              <Cell className="whitespace-nowrap">
                <Link href={paths.physical(restore.id)} className="font-medium text-accent hover:underline">
                  <RelativeTime at={restore.createdAt} />
                </Link>
              </Cell>
              <Cell>{restore.sourceLabel}</Cell>
              <Cell>{WAY_WORDS[restore.way]}</Cell>
              <Cell>
                <PhysicalStateBadge state={restore.state} />
              </Cell>
              <Cell className="whitespace-nowrap">{restore.createdByName}</Cell>
            </Row>
          ))}
        </Table>
      )}
    </Card>
  )
}
