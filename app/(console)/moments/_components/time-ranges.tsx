import { Badge } from '@/app/_ui/badge.tsx'
import { formatUtc } from '@/app/_ui/format-time.ts'
import { Cell, Row, Table } from '@/app/_ui/table.tsx'
import type { TimeRangeView } from '@/lib/services/moments/views.ts'

/** All of the known past, newest first: what can be shown, and what cannot and why. */
export function TimeRanges({ ranges }: { ranges: readonly TimeRangeView[] }) {
  const end = (zxid: string, at: string | null) => (
    <>
      {at === null ? '' : `${formatUtc(Date.parse(at))} `}
      <code className="font-mono text-muted">{zxid}</code>
    </>
  )
  return (
    <Table label="What can be reached" head={['From', 'To', 'Can be shown']}>
      {ranges.toReversed().map((range) => (
        <Row key={range.from}>
          <Cell className="whitespace-nowrap">{end(range.from, range.fromAt)}</Cell>
          <Cell className="whitespace-nowrap">{end(range.to, range.toAt)}</Cell>
          <Cell>
            {range.unreachable === null ? (
              <Badge tone="good">every moment</Badge>
            ) : (
              <span className="text-muted">
                <Badge tone="neutral">no</Badge> {range.unreachable}
              </span>
            )}
          </Cell>
        </Row>
      ))}
    </Table>
  )
}
