import { HeartPulse } from 'lucide-react'
import type { Metadata } from 'next'
import { ErrorNotice } from '@/app/_components/error-notice.tsx'
import { RefreshEach } from '@/app/_components/refresh-each.tsx'
import { readOneOf, type SearchParams } from '@/app/_nav/search-params.ts'
import { Card } from '@/app/_ui/card.tsx'
import { EmptyState } from '@/app/_ui/empty-state.tsx'
import { Notice } from '@/app/_ui/notice.tsx'
import { RelativeTime } from '@/app/_ui/relative-time.tsx'
import type { HealthView } from '@/lib/services/health/views.ts'
import { CheckList } from '../../../health/_components/check-list.tsx'
import { FindingList } from '../../../health/_components/finding-list.tsx'
import { HealthWatchPanel } from '../../../health/_components/health-watch-panel.tsx'
import { HistoryCharts } from '../../../health/_components/history-charts.tsx'
import { RangeLinks } from '../../../health/_components/range-links.tsx'
import { ServerHealthTable } from '../../../health/_components/server-health-table.tsx'
import { loadHealth, loadHealthHistory } from '../../../health/loaders.ts'
import { ClusterFrame } from '../../_components/cluster-frame.tsx'
import { loadCluster } from '../../loaders.ts'

export const metadata: Metadata = { title: 'Health' }

const RANGES = ['hour', 'day', 'week', 'month'] as const

export default async function ClusterHealthPage({
  params,
  searchParams,
}: {
  params: Promise<{ clusterId: string }>
  searchParams: Promise<SearchParams>
}) {
  const { clusterId } = await params
  const range = readOneOf(await searchParams, 'range', RANGES) ?? 'day'
  const [cluster, health, history] = await Promise.all([
    loadCluster(clusterId),
    loadHealth(clusterId),
    loadHealthHistory(clusterId, range),
  ])
  if (!cluster.ok) return <ErrorNotice error={cluster.error} />
  return (
    <ClusterFrame cluster={cluster.value} section="health">
      <RefreshEach ms={60_000} />
      <div className="flex min-w-0 flex-col gap-4">
        {!health.ok ? (
          <ErrorNotice error={health.error} />
        ) : (
          <>
            <WatchNotices health={health.value} />
            {health.value.lookedAt === null ? <NothingYet health={health.value} /> : <Now health={health.value} />}
          </>
        )}
        <Card title="Over time" actions={<RangeLinks clusterId={clusterId} range={range} />}>
          {history.ok ? <HistoryCharts history={history.value} /> : <ErrorNotice error={history.error} />}
        </Card>
        {health.ok && (
          <>
            <CheckList checks={health.value.checks} settingsAt={health.value.settingsAt} />
            <Card title="Looks at the servers">
              <HealthWatchPanel clusterId={clusterId} watch={health.value.watch} />
            </Card>
          </>
        )}
      </div>
    </ClusterFrame>
  )
}

function Now({ health }: { health: HealthView }) {
  return (
    <>
      <FindingList findings={health.findings} />
      <Card
        flush
        title={
          <>
            Servers now
            {health.lookedAt && (
              <span className="ml-2 font-normal text-muted">
                looked at <RelativeTime at={health.lookedAt} />
              </span>
            )}
          </>
        }
      >
        <ServerHealthTable servers={health.servers} />
      </Card>
    </>
  )
}

function WatchNotices({ health: { watch, lookedAt } }: { health: HealthView }) {
  if (!watch.enabled) {
    return (
      <Notice tone="warn" title="Nobody looks at these servers">
        The looks are switched off below; what you see is of the last time that they were on.
      </Notice>
    )
  }
  if (watch.error) {
    return (
      <Notice tone="bad" title="The servers could not be asked at the last look">
        {watch.error}. What is shown is of an earlier look.
      </Notice>
    )
  }
  return watch.isLate ? (
    <Notice tone="warn" title="The last look is long ago">
      {lookedAt ? (
        <>
          The servers were looked at <RelativeTime at={lookedAt} />,{' '}
        </>
      ) : (
        'Nobody has looked yet, '
      )}
      and a look is due every {watch.everySeconds} s: see whether a worker of Arkeeper runs. The servers themselves may
      be well.
    </Notice>
  ) : null
}

function NothingYet({ health }: { health: HealthView }) {
  return (
    <Card>
      <EmptyState icon={<HeartPulse aria-hidden />} title="Nobody has looked yet">
        <p>
          Here is each server side by side: role, version, latency, connections, watches, data size, and what of its
          settings is dangerous.{' '}
          {health.watch.enabled
            ? 'The first look comes within a minute, as soon as a worker runs.'
            : 'Switch the looks on below.'}
        </p>
      </EmptyState>
    </Card>
  )
}
