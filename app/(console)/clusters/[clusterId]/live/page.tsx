import { Radio } from 'lucide-react'
import type { Metadata } from 'next'
import { ErrorNotice } from '@/app/_components/error-notice.tsx'
import { FOLLOW_NEXT } from '@/app/_components/follow-words.ts'
import { Zxid } from '@/app/_components/zxid.tsx'
import { paths } from '@/app/_nav/paths.ts'
import { readOneOf, readText, type SearchParams } from '@/app/_nav/search-params.ts'
import { Card } from '@/app/_ui/card.tsx'
import { EmptyState } from '@/app/_ui/empty-state.tsx'
import { LinkButton } from '@/app/_ui/link-button.tsx'
import { Notice } from '@/app/_ui/notice.tsx'
import { RelativeTime } from '@/app/_ui/relative-time.tsx'
import type { LiveStatusView, LiveTxnsView } from '@/lib/services/live/views.ts'
import { DriftCard } from '../../../live/_components/drift-card.tsx'
import { LiveFilter } from '../../../live/_components/live-filter.tsx'
import { LiveTail } from '../../../live/_components/live-tail.tsx'
import { TYPE_CHOICE_IDS, TYPE_CHOICES } from '../../../live/_components/live-words.ts'
import { WatchedPathsCard } from '../../../live/_components/watched-paths-card.tsx'
import { loadLiveDrift, loadLiveStatus, loadLiveTransactions, loadWatchedPaths } from '../../../live/loaders.ts'
import { ClusterFrame } from '../../_components/cluster-frame.tsx'
import { loadCluster } from '../../loaders.ts'

export const metadata: Metadata = { title: 'Live' }

export default async function ClusterLivePage({
  params,
  searchParams,
}: {
  params: Promise<{ clusterId: string }>
  searchParams: Promise<SearchParams>
}) {
  const { clusterId } = await params
  const search = await searchParams
  const under = readText(search, 'under') || '/'
  const choice = readOneOf(search, 'show', TYPE_CHOICE_IDS) ?? null
  const zxid = readText(search, 'txn')
  const types = choice === null ? [] : TYPE_CHOICES[choice].types
  const [cluster, status, transactions, watched, drift] = await Promise.all([
    loadCluster(clusterId),
    loadLiveStatus(clusterId),
    loadLiveTransactions(clusterId, { under, types }),
    loadWatchedPaths(clusterId),
    loadLiveDrift(clusterId),
  ])
  if (!cluster.ok) return <ErrorNotice error={cluster.error} />
  if (!status.ok) return <ErrorNotice error={status.error} />
  const isFollowed = status.value.follow !== null
  const isNothing = transactions.ok && transactions.value.newest === null && !isFollowed
  return (
    <ClusterFrame cluster={cluster.value} section="live">
      <div className="flex min-w-0 flex-col gap-4">
        {transactions.ok && !isNothing && <Where status={status.value} transactions={transactions.value} />}
        {!transactions.ok ? (
          <Card flush title="Transactions, newest first">
            <LiveFilter clusterId={clusterId} filter={{ under, choice }} />
            <div className="p-4">
              <ErrorNotice error={transactions.error} />
            </div>
          </Card>
        ) : isNothing ? (
          <NothingKept status={status.value} />
        ) : (
          <LiveTail
            key={`${under} ${choice}`}
            clusterId={clusterId}
            initial={transactions.value}
            initialStatus={status.value}
            filter={{ under, choice }}
            chosen={/^0x[0-9a-f]{1,16}$/.test(zxid) ? zxid : null}
          />
        )}
        <div className="grid min-w-0 items-start gap-4 xl:grid-cols-2">
          {watched.ok ? (
            <WatchedPathsCard clusterId={clusterId} isFollowed={isFollowed} watched={watched.value} />
          ) : (
            <ErrorNotice error={watched.error} />
          )}
          {drift.ok ? (
            <DriftCard clusterId={clusterId} drift={drift.value.drift} backups={drift.value.backups} />
          ) : (
            <ErrorNotice error={drift.error} />
          )}
        </div>
      </div>
    </ClusterFrame>
  )
}

/** Where it comes from, and how old it is. */
function Where({ status, transactions }: { status: LiveStatusView; transactions: LiveTxnsView }) {
  const { follow, clusterId, clusterName, logEverySeconds } = status
  const { newest } = transactions
  const as = newest && (
    <>
      The newest that is kept is <Zxid value={newest.zxid} />, written <RelativeTime at={newest.at} />.
    </>
  )
  if (follow === null) {
    return (
      <Notice
        title={`${clusterName} is not followed`}
        action={
          <LinkButton size="small" href={paths.clusterFollow(clusterId)}>
            Follow it
          </LinkButton>
        }
      >
        {as} {logEverySeconds === null ? 'Nothing else keeps its log.' : `Its log is kept every ${logEverySeconds} s.`}{' '}
        Followed, it is seen here as it happens.
      </Notice>
    )
  }
  // The list itself says how far it reaches, and goes on saying it.
  if (follow.state === 'following') return null
  const isGoing = follow.state === 'waiting' || follow.state === 'connecting' || follow.state === 'catching-up'
  return (
    <Notice
      tone={isGoing ? 'info' : 'warn'}
      title={
        isGoing
          ? 'The stream is not there yet'
          : follow.state === 'behind'
            ? 'What is kept of the stream is behind'
            : follow.state === 'held'
              ? 'The stream is held: its log cannot be written'
              : 'The stream does not come'
      }
      action={
        <LinkButton size="small" href={paths.clusterFollow(clusterId)}>
          See why
        </LinkButton>
      }
    >
      {FOLLOW_NEXT[follow.state]} {as}
    </Notice>
  )
}

function NothingKept({ status: { clusterId, clusterName, logEverySeconds } }: { status: LiveStatusView }) {
  return (
    <Card>
      <EmptyState
        icon={<Radio aria-hidden />}
        title={`Nothing is known of what is written to ${clusterName}`}
        action={<LinkButton href={paths.clusterFollow(clusterId)}>See what following takes</LinkButton>}
      >
        <p>
          Followed, each transaction is listed here as it happens: who changed what, with the value before and after,
          and a way back. An administrator switches it on with open eyes: it listens at the quorum port of the servers,
          and bypasses every ACL.{' '}
          {logEverySeconds === null
            ? 'Where that is too much, keeping the transaction log shows the same a minute later.'
            : 'The transaction log is kept: its first transactions appear here after the next run.'}
        </p>
      </EmptyState>
    </Card>
  )
}
