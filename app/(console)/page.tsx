import { Plus, Server } from 'lucide-react'
import type { Metadata } from 'next'
import { ErrorNotice } from '@/app/_components/error-notice.tsx'
import { PageHeader } from '@/app/_components/page-header.tsx'
import { RefreshEach } from '@/app/_components/refresh-each.tsx'
import { paths } from '@/app/_nav/paths.ts'
import { EmptyState } from '@/app/_ui/empty-state.tsx'
import { LinkButton } from '@/app/_ui/link-button.tsx'
import { AttentionList } from './_components/attention-list.tsx'
import { ClusterCard } from './_components/cluster-card.tsx'
import { loadOverview } from './loaders.ts'

export const metadata: Metadata = { title: 'Overview' }

/** How far a stream is changes by itself. */
const FOLLOWED_MS = 10_000

export default async function OverviewPage() {
  const overview = await loadOverview()
  if (!overview.ok) return <ErrorNotice error={overview.error} />
  const { clusters, jobs, restores, approvals, alerts } = overview.value
  if (clusters.length === 0) {
    return (
      <>
        <h1 className="sr-only">Overview</h1>
        <EmptyState
          icon={<Server aria-hidden />}
          title="No clusters yet"
          action={
            <LinkButton href={paths.newCluster()} tone="primary" icon={<Plus aria-hidden className="size-4" />}>
              Add your first cluster
            </LinkButton>
          }
        >
          Each ZooKeeper cluster gets a card here: whether it answers, its mode and zxid, how many znodes it holds, and
          the age of its last good backup. A new cluster is read-only until you arm it.
        </EmptyState>
      </>
    )
  }
  return (
    <>
      <PageHeader
        title="Overview"
        actions={
          <LinkButton href={paths.newCluster()} icon={<Plus aria-hidden className="size-4" />}>
            Add cluster
          </LinkButton>
        }
      />
      {clusters.some(({ follow }) => follow !== null) && <RefreshEach ms={FOLLOWED_MS} />}
      <AttentionList clusters={clusters} jobs={jobs} restores={restores} approvals={approvals} alerts={alerts} />
      <ul className="grid gap-4 md:grid-cols-2 2xl:grid-cols-3">
        {clusters.map((cluster) => (
          <li key={cluster.id} className="min-w-0">
            <ClusterCard cluster={cluster} />
          </li>
        ))}
      </ul>
    </>
  )
}
