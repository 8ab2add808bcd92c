import Link from 'next/link'
import { paths } from '@/app/_nav/paths.ts'
import { Badge } from '@/app/_ui/badge.tsx'
import { Card } from '@/app/_ui/card.tsx'
import { RelativeTime } from '@/app/_ui/relative-time.tsx'
import { Cell, Row, Table } from '@/app/_ui/table.tsx'
import type { RestoreView } from '@/lib/services/restores/views.ts'

/** Edits by hand, each with its way back. */
export function EditTable({ edits }: { edits: readonly RestoreView[] }) {
  return (
    <Card title="Edits by hand" flush>
      <Table label="Edits by hand" head={['Made', 'What', 'By', 'Undo']}>
        {edits.map((edit) => (
          <Row key={edit.id}>
            <Cell className="whitespace-nowrap">
              <Link href={paths.restore(edit.id)} className="font-medium text-accent hover:underline">
                <RelativeTime at={edit.createdAt} />
              </Link>
            </Cell>
            <Cell className="min-w-48 break-all">
              {edit.scopeLabel} {edit.state === 'failed' && <Badge>outcome unknown</Badge>}
            </Cell>
            <Cell className="whitespace-nowrap">{edit.createdByName}</Cell>
            <Cell>
              {edit.undoneById ? (
                <Link href={paths.restore(edit.undoneById)} className="link">
                  its undo
                </Link>
              ) : (
                <Link href={paths.restore(edit.id)} className="link">
                  {edit.canUndo.ok ? 'can be undone' : edit.canUndo.reason}
                </Link>
              )}
            </Cell>
          </Row>
        ))}
      </Table>
    </Card>
  )
}
