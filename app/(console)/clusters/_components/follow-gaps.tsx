import { Badge } from '@/app/_ui/badge.tsx'
import { formatUtc } from '@/app/_ui/format-time.ts'
import { Cell, Row, Table } from '@/app/_ui/table.tsx'
import type { FollowGapView } from '@/lib/services/follow/views.ts'

/** Transactions that went by while the stream was away, each gap with its ends and its reason. */
export function FollowGaps({ gaps }: { gaps: readonly FollowGapView[] }) {
  return (
    <Table label="Gaps of the stream" head={['First missed', 'Last missed', 'Why', 'Now']}>
      {gaps.map((gap) => (
        <Row key={gap.from}>
          <Cell className="whitespace-nowrap">
            {gap.fromAt !== null && `after ${formatUtc(Date.parse(gap.fromAt))}`}
            <code className="block font-mono text-muted">{gap.from}</code>
          </Cell>
          <Cell className="whitespace-nowrap">
            {formatUtc(Date.parse(gap.toAt))} <code className="block font-mono text-muted">{gap.to}</code>
          </Cell>
          <Cell>
            <span className="block min-w-40">{gap.why}</span>
          </Cell>
          <Cell>
            {gap.closedAt === null ? (
              <Badge tone={gap.isCertain ? 'warn' : 'neutral'}>{gap.isCertain ? 'missing' : 'perhaps missing'}</Badge>
            ) : (
              <span className="text-muted">
                <Badge tone="good">closed</Badge> the members’ logs held them
              </span>
            )}
          </Cell>
        </Row>
      ))}
    </Table>
  )
}
