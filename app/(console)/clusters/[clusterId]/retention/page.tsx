import { HardDrive } from 'lucide-react'
import type { Metadata } from 'next'
import { ErrorNotice } from '@/app/_components/error-notice.tsx'
import { paths } from '@/app/_nav/paths.ts'
import { readNumber, type SearchParams } from '@/app/_nav/search-params.ts'
import { Card } from '@/app/_ui/card.tsx'
import { EmptyState } from '@/app/_ui/empty-state.tsx'
import { LinkButton } from '@/app/_ui/link-button.tsx'
import { RelativeTime } from '@/app/_ui/relative-time.tsx'
import { IntervalAdvisor } from '../../../retention/_components/interval-advisor.tsx'
import { MemberCard } from '../../../retention/_components/member-card.tsx'
import { loadRetention } from '../../../retention/loaders.ts'
import { ClusterFrame } from '../../_components/cluster-frame.tsx'
import { loadCluster } from '../../loaders.ts'

export const metadata: Metadata = { title: 'On the servers' }

export default async function ClusterRetentionPage({
  params,
  searchParams,
}: {
  params: Promise<{ clusterId: string }>
  searchParams: Promise<SearchParams>
}) {
  const { clusterId } = await params
  const every = readNumber(await searchParams, 'every')
  const [cluster, retention] = await Promise.all([loadCluster(clusterId), loadRetention(clusterId, every)])
  if (!cluster.ok) return <ErrorNotice error={cluster.error} />
  return (
    <ClusterFrame cluster={cluster.value} section="retention">
      {!retention.ok ? (
        <ErrorNotice error={retention.error} />
      ) : (
        <div className="flex min-w-0 flex-col gap-4">
          {retention.value.membersFault && <ErrorNotice error={retention.value.membersFault} />}
          {retention.value.members.length === 0 ? (
            <NoMembers clusterId={clusterId} clusterName={cluster.value.name} />
          ) : (
            <>
              <p className="text-muted text-sm">
                What the servers themselves keep, read <RelativeTime at={retention.value.readAt} />. This page only
                reads: nothing here deletes a file.
              </p>
              <IntervalAdvisor clusterId={clusterId} advisor={retention.value.advisor} />
              {retention.value.members.map((member) => (
                <MemberCard key={member.name} member={member} />
              ))}
            </>
          )}
        </div>
      )}
    </ClusterFrame>
  )
}

function NoMembers({ clusterId, clusterName }: { clusterId: string; clusterName: string }) {
  return (
    <Card>
      <EmptyState
        icon={<HardDrive aria-hidden />}
        title="No member is known yet"
        action={
          <LinkButton href={paths.clusterSettings(clusterId, 'admin-servers')} tone="primary">
            Give the addresses of the AdminServers
          </LinkButton>
        }
      >
        <p>
          Here would be the snapshots and logs that each server holds, what its autopurge would keep, what they cost,
          and what a backup interval would lose at worst.
        </p>
        <p className="mt-2">
          Name the members whose directories this host can read in <code>arkeeper.json</code> on the Arkeeper server,
          with cluster <code className="break-all">{clusterName}</code> (README, Members). AdminServers alone tell sizes
          and settings.
        </p>
      </EmptyState>
    </Card>
  )
}
