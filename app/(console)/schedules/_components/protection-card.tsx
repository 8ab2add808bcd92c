import Link from 'next/link'
import type { ReactNode } from 'react'
import { paths } from '@/app/_nav/paths.ts'
import { Badge } from '@/app/_ui/badge.tsx'
import { Card, Facts } from '@/app/_ui/card.tsx'
import { plural } from '@/app/_ui/format-number.ts'
import { RelativeTime } from '@/app/_ui/relative-time.tsx'
import type { ProtectionView } from '@/lib/services/schedules/views.ts'
import { distanceWords } from './schedule-words.ts'

const HOUR_MS = 3_600_000

/** In one place: when a backup of the cluster is taken, what of them stays, when they are read again and drilled. */
export function ProtectionCard({ protection }: { protection: ProtectionView }) {
  const { clusterId, schedules, nextRunAt, keeps, isKeepStopped, rereadDays, drillHours } = protection
  const change = (href: string, what: string): ReactNode => (
    <Link href={href} className="link text-xs">
      {what}
    </Link>
  )
  return (
    <Card title="What is done by itself">
      <Facts
        items={[
          [
            'Taken',
            nextRunAt === null ? (
              'by hand only'
            ) : (
              <span key="taken">
                by {plural(schedules, 'schedule')}, the next run <RelativeTime at={nextRunAt} />
              </span>
            ),
          ],
          [
            'Kept',
            <span key="kept" className="inline-flex flex-wrap items-center gap-2">
              {keeps ?? 'everything: no rules remove any backup'}
              {isKeepStopped && <Badge tone="bad">the rules stopped</Badge>}
              {change(paths.clusterBackups(clusterId), 'Keep rules')}
            </span>,
          ],
          [
            'Read again',
            <span key="read" className="inline-flex flex-wrap items-center gap-2">
              {rereadDays === null ? 'off' : `each archive within ${plural(rereadDays, 'day')}`}
              {change(paths.clusterBackups(clusterId), 'Proof')}
            </span>,
          ],
          [
            'Proved by a drill',
            <span key="drilled" className="inline-flex flex-wrap items-center gap-2">
              {drillHours === null ? 'by hand only' : `every ${distanceWords(drillHours * HOUR_MS)}`}
              {change(paths.clusterSettings(clusterId, 'drills'), 'Drills')}
            </span>,
          ],
        ]}
      />
    </Card>
  )
}
