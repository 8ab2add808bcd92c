import { CalendarClock } from 'lucide-react'
import type { Metadata } from 'next'
import { ErrorNotice } from '@/app/_components/error-notice.tsx'
import { paths } from '@/app/_nav/paths.ts'
import { readNumber, readText, type SearchParams } from '@/app/_nav/search-params.ts'
import { Card } from '@/app/_ui/card.tsx'
import { EmptyState } from '@/app/_ui/empty-state.tsx'
import { LinkButton } from '@/app/_ui/link-button.tsx'
import { loadBackupSources } from '../../../backups/loaders.ts'
import { NewSchedule } from '../../../schedules/_components/new-schedule.tsx'
import { ProtectionCard } from '../../../schedules/_components/protection-card.tsx'
import { RpoCard } from '../../../schedules/_components/rpo-card.tsx'
import { ScheduleCard } from '../../../schedules/_components/schedule-card.tsx'
import { ScheduleRuns } from '../../../schedules/_components/schedule-runs.tsx'
import { loadProtection, loadScheduleRuns, loadSchedules } from '../../../schedules/loaders.ts'
import { ClusterFrame } from '../../_components/cluster-frame.tsx'
import { LogKeepingPanel } from '../../_components/log-keeping-panel.tsx'
import { loadCluster, loadLogKeeping } from '../../loaders.ts'

export const metadata: Metadata = { title: 'Schedules' }

export default async function ClusterSchedulesPage({
  params,
  searchParams,
}: {
  params: Promise<{ clusterId: string }>
  searchParams: Promise<SearchParams>
}) {
  const { clusterId } = await params
  const search = await searchParams
  const before = readText(search, 'before') || null
  const [cluster, schedules, runs, protection, keeping, sources] = await Promise.all([
    loadCluster(clusterId),
    loadSchedules(clusterId),
    loadScheduleRuns({ clusterId, before }),
    loadProtection(clusterId),
    loadLogKeeping(clusterId),
    loadBackupSources(clusterId),
  ])
  if (!cluster.ok) return <ErrorNotice error={cluster.error} />
  const form = {
    clusterId,
    clusterName: cluster.value.name,
    sources: sources.ok ? sources.value : [],
    backupMs: protection.ok ? (protection.value?.rpo.backupMs ?? null) : null,
  }
  return (
    <ClusterFrame
      cluster={cluster.value}
      section="schedules"
      actions={<NewSchedule {...form} every={readNumber(search, 'every')} />}
    >
      <div className="flex min-w-0 flex-col gap-4">
        {!protection.ok ? (
          <ErrorNotice error={protection.error} />
        ) : (
          protection.value && (
            <>
              <RpoCard rpo={protection.value.rpo} />
              <ProtectionCard protection={protection.value} />
            </>
          )
        )}
        <section aria-labelledby="schedules" className="flex min-w-0 flex-col gap-3">
          <h2 id="schedules" className="font-semibold text-base">
            Schedules
          </h2>
          {!schedules.ok ? (
            <ErrorNotice error={schedules.error} />
          ) : schedules.value.length === 0 ? (
            <Card>
              <EmptyState icon={<CalendarClock aria-hidden />} title="No schedule yet">
                Here would be when backups of this cluster are taken by themselves. Make one with{' '}
                <strong>New schedule</strong>; how often is worth it,{' '}
                <a href={paths.clusterRetention(clusterId)} className="link">
                  On the servers
                </a>{' '}
                tells from the write rate.
              </EmptyState>
            </Card>
          ) : (
            schedules.value.map((schedule) => <ScheduleCard key={schedule.id} {...form} schedule={schedule} />)
          )}
        </section>
        <Card title="Runs" flush>
          {!runs.ok ? (
            <ErrorNotice error={runs.error} />
          ) : runs.value.runs.length === 0 ? (
            <p className="p-4 text-muted text-sm">
              Nothing has come due yet. Each run is listed here, with those that were missed, skipped or failed and why.
            </p>
          ) : (
            <ScheduleRuns runs={runs.value.runs} />
          )}
        </Card>
        {runs.ok && (before || runs.value.next) && (
          <nav aria-label="Pages of runs" className="flex gap-2">
            {before && (
              <LinkButton size="small" href={paths.clusterSchedules(clusterId)}>
                Newest
              </LinkButton>
            )}
            {runs.value.next && (
              <LinkButton size="small" href={paths.clusterSchedules(clusterId, { before: runs.value.next })}>
                Older runs
              </LinkButton>
            )}
          </nav>
        )}
        <Card title="Transaction log, without a break">
          {keeping.ok ? (
            <LogKeepingPanel clusterId={clusterId} keeping={keeping.value} />
          ) : (
            <ErrorNotice error={keeping.error} />
          )}
        </Card>
      </div>
    </ClusterFrame>
  )
}
