import Link from 'next/link'
import { Zxid } from '@/app/_components/zxid.tsx'
import { paths } from '@/app/_nav/paths.ts'
import { Card } from '@/app/_ui/card.tsx'
import { formatCount } from '@/app/_ui/format-number.ts'
import { formatDuration } from '@/app/_ui/format-time.ts'
import { RelativeTime } from '@/app/_ui/relative-time.tsx'
import { Cell, Row, Table } from '@/app/_ui/table.tsx'
import type { MigrationRoundView, MigrationView } from '@/lib/services/migrations/views.ts'
import { RestoreStateBadge } from '../../restores/_components/restore-state-badge.tsx'

/** Newest first: the differences that each round found fall to what the source's writers make between two of them. */
export function RoundsTable({ migration }: { migration: MigrationView }) {
  return (
    <Card title="Rounds" flush>
      <Table
        label="Rounds"
        numeric={[1, 2, 4]}
        head={['Round', 'Differences', 'Written', 'Outcome', 'Took', 'Source zxid before it', 'Ended']}
      >
        {migration.rounds.map((round) => (
          <Row key={round.number}>
            <Cell className="whitespace-nowrap">
              {round.restoreId ? (
                <Link href={paths.restore(round.restoreId)} className="font-medium text-accent hover:underline">
                  Round {round.number}
                </Link>
              ) : round.repeats > 1 ? (
                `${formatCount(round.repeats)} rounds`
              ) : (
                `Round ${round.number}`
              )}
            </Cell>
            <Cell className="text-right">{round.differences === null ? '' : formatCount(round.differences)}</Cell>
            <Cell className="text-right">{round.applied === null ? '' : formatCount(round.applied)}</Cell>
            <Cell>
              {round.restoreState ? (
                <RestoreStateBadge state={round.restoreState} />
              ) : (
                <span className="text-muted">{round.finishedAt ? 'nothing to write' : ''}</span>
              )}
            </Cell>
            <Cell className="whitespace-nowrap text-right">{durationOf(round)}</Cell>
            <Cell>{round.sourceZxid && <Zxid value={round.sourceZxid} />}</Cell>
            <Cell className="whitespace-nowrap">{round.finishedAt && <RelativeTime at={round.finishedAt} />}</Cell>
          </Row>
        ))}
      </Table>
    </Card>
  )
}

/** With the rate at which it wrote; of several rounds that found nothing it means nothing. */
function durationOf({ startedAt, finishedAt, repeats, applied }: MigrationRoundView): string {
  if (finishedAt === null || repeats > 1) return ''
  const ms = Date.parse(finishedAt) - Date.parse(startedAt)
  const rate = applied && ms > 0 ? `, ${formatCount(Math.round((applied * 1000) / ms))}/s` : ''
  return `${formatDuration(ms)}${rate}`
}
