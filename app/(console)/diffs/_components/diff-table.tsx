import { CircleCheck, GitCompareArrows } from 'lucide-react'
import Link from 'next/link'
import { ChangeCountsText } from '@/app/_components/change-mark.tsx'
import { ZnodePath } from '@/app/_components/znode-path.tsx'
import { paths } from '@/app/_nav/paths.ts'
import { Badge } from '@/app/_ui/badge.tsx'
import { EmptyState } from '@/app/_ui/empty-state.tsx'
import { LinkButton } from '@/app/_ui/link-button.tsx'
import { RelativeTime } from '@/app/_ui/relative-time.tsx'
import { Cell, Row, Table } from '@/app/_ui/table.tsx'
import type { DiffView } from '@/lib/services/diffs/views.ts'

export function DiffTable({ diffs, newHref }: { diffs: readonly DiffView[]; newHref: string }) {
  if (diffs.length === 0) {
    return (
      <EmptyState
        icon={<GitCompareArrows aria-hidden />}
        title="No diffs yet"
        action={
          <LinkButton href={newHref} tone="primary">
            Compare two trees
          </LinkButton>
        }
      >
        A diff shows exactly what differs between a backup and the live tree, two backups, or two clusters. It only
        reads.
      </EmptyState>
    )
  }
  return (
    <Table label="Diffs" head={['Made', 'From', 'To', 'Path', 'Result']}>
      {diffs.map((diff) => (
        <Row key={diff.id}>
          <Cell className="whitespace-nowrap">
            <Link href={paths.diff(diff.id)} className="font-medium text-accent hover:underline">
              <RelativeTime at={diff.createdAt} />
            </Link>
          </Cell>
          <Cell>{diff.leftLabel}</Cell>
          <Cell>{diff.rightLabel}</Cell>
          <Cell>
            <ZnodePath path={diff.path} />
          </Cell>
          <Cell>
            <DiffResult diff={diff} />
          </Cell>
        </Row>
      ))}
    </Table>
  )
}

function DiffResult({ diff }: { diff: DiffView }) {
  if (diff.state === 'failed') return <Badge tone="bad">failed</Badge>
  if (diff.state !== 'ready' || !diff.summary)
    return <Badge tone="accent">{diff.state === 'running' ? 'running' : 'waiting'}</Badge>
  const { added, removed, changed } = diff.summary
  if (added + removed + changed === 0) {
    return (
      <Badge tone="good" icon={<CircleCheck aria-hidden />}>
        nothing differs
      </Badge>
    )
  }
  return <ChangeCountsText counts={diff.summary} />
}
