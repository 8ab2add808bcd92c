import { BellOff, BellRing } from 'lucide-react'
import type { Metadata } from 'next'
import { ErrorNotice } from '@/app/_components/error-notice.tsx'
import { PageHeader } from '@/app/_components/page-header.tsx'
import { paths } from '@/app/_nav/paths.ts'
import { readText, type SearchParams } from '@/app/_nav/search-params.ts'
import { Card } from '@/app/_ui/card.tsx'
import { EmptyState } from '@/app/_ui/empty-state.tsx'
import { LinkButton } from '@/app/_ui/link-button.tsx'
import { Notice } from '@/app/_ui/notice.tsx'
import { RelativeTime } from '@/app/_ui/relative-time.tsx'
import type { AlertsView, AlertView } from '@/lib/services/alerts/views.ts'
import { AlertItem } from './_components/alert-item.tsx'
import { loadAlert, loadAlerts } from './loaders.ts'

export const metadata: Metadata = { title: 'Alerts' }

export default async function AlertsPage({ searchParams }: { searchParams: Promise<SearchParams> }) {
  const search = await searchParams
  const alertId = readText(search, 'alert')
  const before = readText(search, 'before')
  const clusterId = readText(search, 'cluster')
  const alerts = await loadAlerts({ before, clusterId })
  const asked = alertId ? await loadAlert(alertId) : null
  return (
    <>
      <PageHeader
        title="Alerts"
        actions={<LinkButton href={paths.notifications()}>Notifications and rules</LinkButton>}
      >
        What needs somebody, also while nobody looks at this page. A worker looks at the rules once a minute.
      </PageHeader>
      {!alerts.ok ? (
        <ErrorNotice error={alerts.error} />
      ) : (
        <div className="flex max-w-6xl flex-col gap-4">
          <Faults alerts={alerts.value} />
          {asked && !asked.ok && <ErrorNotice error={asked.error} />}
          {asked?.ok && (
            <Card title="The alert of the notice" flush>
              {asked.value ? (
                <ul>
                  <AlertItem alert={asked.value} />
                </ul>
              ) : (
                <p className="px-4 py-3 text-muted text-sm">
                  It is not there any more: it went by itself, or long ago.
                </p>
              )}
            </Card>
          )}
          <Open alerts={alerts.value} />
          {alerts.value.pending.length > 0 && (
            <AlertCard title="Seen, and not yet for as long as their rules wait" alerts={alerts.value.pending} />
          )}
          <History alerts={alerts.value} clusterId={clusterId} isFirst={!before} />
        </div>
      )}
    </>
  )
}

function Faults({ alerts: { isStale, lookedAt, faults } }: { alerts: AlertsView }) {
  return (
    <>
      {isStale && (
        <Notice tone="bad" title="Nobody looks at the rules">
          {lookedAt ? (
            <>
              The last look was <RelativeTime at={lookedAt} />: what is shown here may be old.
            </>
          ) : (
            'No worker has looked at them yet.'
          )}{' '}
          Check that a worker runs.
        </Notice>
      )}
      {faults.length > 0 && (
        <Notice tone="warn" title="Some rules could not be looked at">
          Their alerts stay what they were.
          <ul className="mt-1 list-disc pl-5">
            {faults.map(({ rule, message }) => (
              <li key={rule}>
                {rule}: {message}
              </li>
            ))}
          </ul>
        </Notice>
      )}
    </>
  )
}

function Open({ alerts: { open } }: { alerts: AlertsView }) {
  if (open.length > 0) return <AlertCard title={`Open (${open.length})`} alerts={open} />
  return (
    <Card>
      <EmptyState icon={<BellOff aria-hidden />} title="Nothing fires">
        What fires would be here, the gravest first, and goes to the channels that are set up under Notifications.
      </EmptyState>
    </Card>
  )
}

function AlertCard({ title, alerts }: { title: string; alerts: readonly AlertView[] }) {
  return (
    <Card title={title} flush>
      <ul className="divide-y">
        {alerts.map((alert) => (
          <AlertItem key={alert.id} alert={alert} />
        ))}
      </ul>
    </Card>
  )
}

function History({
  alerts: { history, next },
  clusterId,
  isFirst,
}: {
  alerts: AlertsView
  clusterId: string
  isFirst: boolean
}) {
  return (
    <section aria-label="History of alerts" className="flex flex-col gap-2">
      {history.length === 0 ? (
        <Card title="Over">
          <EmptyState icon={<BellRing aria-hidden />} title={isFirst ? 'No alert was over yet' : 'No older ones'}>
            Alerts that are over stay here for a year, with when they fired and when they were over.
          </EmptyState>
        </Card>
      ) : (
        <AlertCard title="Over" alerts={history} />
      )}
      <nav aria-label="Pages of the history" className="flex gap-2">
        {!isFirst && (
          <LinkButton size="small" href={paths.alerts({ clusterId })}>
            Newest
          </LinkButton>
        )}
        {next && (
          <LinkButton size="small" href={paths.alerts({ clusterId, before: next })}>
            Older alerts
          </LinkButton>
        )}
      </nav>
    </section>
  )
}
