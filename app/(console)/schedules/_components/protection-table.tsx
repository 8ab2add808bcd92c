import Link from 'next/link'
import { EnvironmentBadge } from '@/app/_components/environment-badge.tsx'
import { paths } from '@/app/_nav/paths.ts'
import { Badge } from '@/app/_ui/badge.tsx'
import { plural } from '@/app/_ui/format-number.ts'
import { RelativeTime } from '@/app/_ui/relative-time.tsx'
import { Cell, Row, Table } from '@/app/_ui/table.tsx'
import type { ProtectionView } from '@/lib/services/schedules/views.ts'
import { RunState } from './run-state.tsx'
import { distanceWords } from './schedule-words.ts'

const HEAD = ['Cluster', 'Next run', 'Last run', 'Last good backup', 'May be lost', 'Kept', 'Read again']

/** A row for each cluster; each leads to the page where it is set. */
export function ProtectionTable({ clusters }: { clusters: readonly ProtectionView[] }) {
  return (
    <Table label="What is done by itself" head={HEAD}>
      {clusters.map((each) => (
        <Row key={each.clusterId}>
          <Cell>
            <span className="inline-flex flex-wrap items-center gap-2">
              <Link href={paths.cluster(each.clusterId, 'schedules')} className="link font-medium">
                {each.clusterName}
              </Link>
              <EnvironmentBadge environment={each.environment} />
            </span>
          </Cell>
          <Cell className="whitespace-nowrap">
            {each.nextRunAt ? <RelativeTime at={each.nextRunAt} /> : <Badge tone="warn">no schedule</Badge>}
          </Cell>
          <Cell className="whitespace-nowrap">
            {each.lastRun ? (
              <span className="inline-flex items-center gap-2">
                <RunState run={each.lastRun} />
                <RelativeTime at={each.lastRun.createdAt} className="text-muted text-xs" />
              </span>
            ) : (
              <span className="text-muted">none yet</span>
            )}
          </Cell>
          <Cell className="whitespace-nowrap">
            {each.lastGoodAt ? <RelativeTime at={each.lastGoodAt} /> : <Badge tone="bad">none</Badge>}
          </Cell>
          <Cell className="whitespace-nowrap">{describeLoss(each.rpo)}</Cell>
          <Cell>
            {each.keeps ?? 'everything'} {each.isKeepStopped && <Badge tone="bad">stopped</Badge>}
          </Cell>
          <Cell className="whitespace-nowrap">
            {each.rereadDays === null ? <Badge tone="warn">off</Badge> : `within ${plural(each.rereadDays, 'day')}`}
          </Cell>
        </Row>
      ))}
    </Table>
  )
}

/** By what protects best at present: the log where it is kept and comes through, else the distance of the backups. */
function describeLoss({ worstMs, log, hasBase }: ProtectionView['rpo']): string {
  if (!hasBase) return 'everything: no good backup'
  const byLog = log && !log.isFailing && log.lastOkAt ? log.everySeconds * 1000 : null
  const ms = Math.min(worstMs ?? Number.POSITIVE_INFINITY, byLog ?? Number.POSITIVE_INFINITY)
  if (!Number.isFinite(ms)) return 'all since the last one by hand'
  return byLog === ms ? `${distanceWords(ms)}, by the log` : distanceWords(ms)
}
