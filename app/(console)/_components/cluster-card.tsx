'use client'

import { Archive, BellRing, CircleAlert, CircleCheck, FolderTree, LoaderCircle, Server } from 'lucide-react'
import Link from 'next/link'
import { ArmedBadge } from '@/app/_components/armed-badge.tsx'
import { EnvironmentBadge } from '@/app/_components/environment-badge.tsx'
import { ErrorNotice } from '@/app/_components/error-notice.tsx'
import { describeLag, describeRate, FOLLOW_WORDS, isHeard, TONE_CLASS } from '@/app/_components/follow-words.ts'
import { viewOfError } from '@/app/_components/request-json.ts'
import { useAlertCounts } from '@/app/_components/use-alert-counts.ts'
import { useClusterStatus } from '@/app/_components/use-cluster-status.ts'
import { Zxid } from '@/app/_components/zxid.tsx'
import { paths } from '@/app/_nav/paths.ts'
import { Badge } from '@/app/_ui/badge.tsx'
import { Facts } from '@/app/_ui/card.tsx'
import { formatCount, plural } from '@/app/_ui/format-number.ts'
import { LinkButton } from '@/app/_ui/link-button.tsx'
import { RelativeTime } from '@/app/_ui/relative-time.tsx'
import { Skeleton } from '@/app/_ui/skeleton.tsx'
import type { ClusterStatusView, ClusterView } from '@/lib/services/clusters/views.ts'

export function ClusterCard({ cluster }: { cluster: ClusterView }) {
  const status = useClusterStatus(cluster.id)
  return (
    <article aria-labelledby={`cluster-${cluster.id}`} className="flex h-full flex-col rounded-lg border bg-surface">
      <header className="flex flex-wrap items-center gap-2 border-b px-4 py-2.5">
        <h2 id={`cluster-${cluster.id}`} className="min-w-0 font-semibold text-base">
          <Link href={paths.cluster(cluster.id)} className="break-words hover:underline">
            {cluster.name}
          </Link>
        </h2>
        <EnvironmentBadge environment={cluster.environment} />
        <ArmedBadge isArmed={cluster.isArmed} armedUntil={cluster.armedUntil} />
        <span className="flex-1" />
        <StatusBadge status={status.data} />
      </header>
      <div className="flex flex-1 flex-col gap-3 p-4">
        {status.error && !status.data ? (
          <ErrorNotice error={viewOfError(status.error)} />
        ) : (
          <StatusFacts status={status.data} />
        )}
        <div className="mt-auto">
          <Health cluster={cluster} />
          <Follow cluster={cluster} />
          <LastBackup cluster={cluster} />
          <LastProved cluster={cluster} />
          <NextRun cluster={cluster} />
        </div>
      </div>
      <footer className="flex flex-wrap gap-2 border-t px-4 py-2.5">
        <LinkButton
          size="small"
          href={paths.cluster(cluster.id)}
          aria-label={`Tree of ${cluster.name}`}
          icon={<FolderTree aria-hidden className="size-3.5" />}
        >
          Tree
        </LinkButton>
        <LinkButton
          size="small"
          href={paths.cluster(cluster.id, 'backups')}
          aria-label={`Backups ${cluster.backups} of ${cluster.name}`}
          icon={<Archive aria-hidden className="size-3.5" />}
        >
          Backups <span className="text-muted">{cluster.backups}</span>
        </LinkButton>
        <ClusterAlerts clusterId={cluster.id} name={cluster.name} />
        {cluster.runningJobs > 0 && (
          <Badge
            tone="accent"
            icon={<LoaderCircle aria-hidden className="animate-spin" />}
            className="ml-auto self-center"
          >
            {plural(cluster.runningJobs, 'job')} at work
          </Badge>
        )}
      </footer>
    </article>
  )
}

function ClusterAlerts({ clusterId, name }: { clusterId: string; name: string }) {
  const { data } = useAlertCounts()
  const count = data?.byCluster[clusterId] ?? 0
  if (count === 0) return null
  return (
    <LinkButton
      size="small"
      href={paths.alerts({ clusterId })}
      aria-label={`${plural(count, 'alert')} of ${name}`}
      icon={<BellRing aria-hidden className="size-3.5 text-removed" />}
    >
      {plural(count, 'alert')}
    </LinkButton>
  )
}

function StatusBadge({ status }: { status: ClusterStatusView | undefined }) {
  if (!status) return <Badge icon={<LoaderCircle aria-hidden className="animate-spin" />}>asking</Badge>
  if (status.state === 'down') {
    return (
      <Badge tone="bad" icon={<CircleAlert aria-hidden />}>
        down
      </Badge>
    )
  }
  return (
    <Badge tone="good" icon={<CircleCheck aria-hidden />} title={`Answered in ${status.latencyMs} ms`}>
      up
    </Badge>
  )
}

function StatusFacts({ status }: { status: ClusterStatusView | undefined }) {
  if (!status) {
    return (
      <div className="flex flex-col gap-2">
        <Skeleton className="w-3/4" />
        <Skeleton className="w-1/2" />
      </div>
    )
  }
  if (status.state === 'down') {
    return (
      <div className="text-sm">
        <p className="break-words font-medium">{status.message}</p>
        <p className="break-words text-muted">
          What to do: {status.remedy}. Checked <RelativeTime at={status.checkedAt} />.
        </p>
      </div>
    )
  }
  return (
    <>
      <Facts
        className="grid-cols-2"
        items={[
          ['Mode', status.mode ?? 'not told'],
          ['Version', status.version ?? 'not told'],
          ['zxid', <Zxid key="zxid" value={status.zxid} />],
          ['Znodes', status.znodes === null ? 'not told' : formatCount(status.znodes)],
        ]}
      />
      {status.servers.length > 1 && (
        <ul aria-label="Servers" className="flex flex-wrap gap-x-4 gap-y-1 text-xs">
          {status.servers.map((server) => (
            <li key={server.server} className="flex items-center gap-1.5">
              <Server aria-hidden className={`size-3.5 ${server.error ? 'text-removed' : 'text-muted'}`} />
              <code className="font-mono">{server.server}</code>
              <span className="text-muted">{server.error ?? server.mode}</span>
            </li>
          ))}
        </ul>
      )}
    </>
  )
}

function Health({ cluster: { id, name, health } }: { cluster: ClusterView }) {
  if (health === null) return null
  const { serving, known, leader, worst, lookedAt } = health
  const words = `${serving} of ${plural(known, 'server')} ${known === 1 ? 'serves' : 'serve'}`
  return (
    <p className="text-sm">
      <Link
        href={paths.clusterHealth(id)}
        aria-label={`Health of ${name}: ${words}`}
        className="font-medium hover:underline"
      >
        {words}
      </Link>
      {leader !== null && (
        <span className="text-muted">
          , <code className="break-all font-mono text-xs">{leader}</code> leads
        </span>
      )}
      {worst && worst.severity !== 'note' && (
        <span className={worst.severity === 'danger' ? 'text-removed' : 'text-changed'}>
          , {worst.severity}: {worst.title}
        </span>
      )}
      <span className="text-muted">
        , <RelativeTime at={lookedAt} />
      </span>
    </p>
  )
}

function Follow({ cluster: { id, name, follow } }: { cluster: ClusterView }) {
  if (follow === null) return null
  const { text, tone } = FOLLOW_WORDS[follow.state]
  return (
    <p className="text-sm">
      <span className="text-muted">Live stream </span>
      <Link
        href={isHeard(follow.state) ? paths.clusterLive(id) : paths.clusterFollow(id)}
        aria-label={`Live stream of ${name}: ${text}`}
        className={`font-medium hover:underline ${TONE_CLASS[tone]}`}
      >
        {text}
      </Link>
      <span className="text-muted">
        {follow.lagMs !== null && isHeard(follow.state) && `, ${describeLag(follow.lagMs)}`}
        {follow.rate !== null && isHeard(follow.state) && `, ${describeRate(follow.rate)}`}
        {follow.lastZxid !== null && (
          <>
            , at <Zxid value={follow.lastZxid} />
          </>
        )}
      </span>
      {follow.digest === 'parted' && <span className="font-medium text-removed">, a corrupted server found</span>}
      {follow.digest === 'equal' && <span className="text-muted">, digests equal</span>}
    </p>
  )
}

function LastBackup({ cluster }: { cluster: ClusterView }) {
  const backup = cluster.lastGoodBackup
  if (!backup) {
    return (
      <p className="text-sm">
        <span className="text-muted">Last good backup </span>
        <span className="font-medium text-changed">none yet</span>
      </p>
    )
  }
  return (
    <p className="text-sm">
      <span className="text-muted">Last good backup </span>
      <Link href={paths.backup(backup.id)} className="font-medium hover:underline">
        <RelativeTime at={backup.takenAt} />
      </Link>
      <span className="text-muted">, {plural(backup.znodes, 'znode')}</span>
      {backup.verifyOk === true && <span className="text-muted">, verified</span>}
      {backup.verifyOk === false && <span className="text-removed">, failed verification</span>}
    </p>
  )
}

function NextRun({ cluster: { id, nextRunAt, lastRun } }: { cluster: ClusterView }) {
  return (
    <p className="text-sm">
      <span className="text-muted">Next run </span>
      <Link href={paths.cluster(id, 'schedules')} className="font-medium hover:underline">
        {nextRunAt ? <RelativeTime at={nextRunAt} /> : 'no schedule'}
      </Link>
      {lastRun && (
        <>
          <span className="text-muted">, the last one </span>
          <span className={BAD_ENDS.includes(lastRun.state) ? 'font-medium text-removed' : 'text-muted'}>
            {lastRun.state} <RelativeTime at={lastRun.at} />
          </span>
        </>
      )}
    </p>
  )
}

const BAD_ENDS = ['failed', 'missed', 'skipped']

function LastProved({ cluster: { lastProved, failedDrill } }: { cluster: ClusterView }) {
  return (
    <p className="text-sm">
      <span className="text-muted">Last proved restorable </span>
      {lastProved ? (
        <Link href={paths.backup(lastProved.backupId)} className="font-medium hover:underline">
          <RelativeTime at={lastProved.provedAt} />
        </Link>
      ) : (
        <span className="font-medium text-changed">never</span>
      )}
      {lastProved && (
        <span className="text-muted">
          , a backup of <RelativeTime at={lastProved.takenAt} />
        </span>
      )}
      {failedDrill && (
        <>
          {', '}
          <Link href={paths.backup(failedDrill.backupId)} className="font-medium text-removed hover:underline">
            a later drill failed
          </Link>
        </>
      )}
    </p>
  )
}
