import { Archive } from 'lucide-react'
import type { Metadata } from 'next'
import Link from 'next/link'
import { ErrorNotice } from '@/app/_components/error-notice.tsx'
import { paths } from '@/app/_nav/paths.ts'
import { readText, type SearchParams } from '@/app/_nav/search-params.ts'
import { Card } from '@/app/_ui/card.tsx'
import { EmptyState } from '@/app/_ui/empty-state.tsx'
import { LinkButton } from '@/app/_ui/link-button.tsx'
import { BackupTable } from '../../../backups/_components/backup-table.tsx'
import { BackupTimeLine } from '../../../backups/_components/backup-time-line.tsx'
import { ImportBackup } from '../../../backups/_components/import-backup.tsx'
import { RunningBackups } from '../../../backups/_components/running-backups.tsx'
import { StartBackup } from '../../../backups/_components/start-backup.tsx'
import { loadBackupSources, loadBackups } from '../../../backups/loaders.ts'
import { KeepRulesSection } from '../../../keep-rules/_components/keep-rules-section.tsx'
import { ProofSection } from '../../../rereads/_components/proof-section.tsx'
import { ClusterFrame } from '../../_components/cluster-frame.tsx'
import { loadCluster } from '../../loaders.ts'

export const metadata: Metadata = { title: 'Backups' }

export default async function ClusterBackupsPage({
  params,
  searchParams,
}: {
  params: Promise<{ clusterId: string }>
  searchParams: Promise<SearchParams>
}) {
  const { clusterId } = await params
  const search = await searchParams
  const includeSafety = readText(search, 'safety') === '1'
  const before = readText(search, 'before') || null
  const schedule = readText(search, 'schedule') || undefined
  const only = readOnly(readText(search, 'only'))
  const cluster = await loadCluster(clusterId)
  if (!cluster.ok) return <ErrorNotice error={cluster.error} />
  const [list, sources] = await Promise.all([
    loadBackups({ clusterId, scheduleId: schedule, includeSafety, only, before }),
    loadBackupSources(clusterId),
  ])
  return (
    <ClusterFrame
      cluster={cluster.value}
      section="backups"
      actions={
        <>
          <ImportBackup clusterId={clusterId} clusterName={cluster.value.name} />
          <StartBackup
            clusterId={clusterId}
            clusterName={cluster.value.name}
            sources={sources.ok ? sources.value : [{ source: 'client', unavailable: null }]}
          />
        </>
      }
    >
      <div className="flex flex-col gap-4">
        <RunningBackups clusterId={clusterId} />
        {schedule && (
          <p className="text-sm">
            Only the backups of one schedule are shown.{' '}
            <Link href={paths.clusterBackups(clusterId)} className="link">
              Show all
            </Link>
          </p>
        )}
        {!list.ok ? (
          <ErrorNotice error={list.error} />
        ) : list.value.backups.length === 0 ? (
          <Card>
            <EmptyState
              icon={<Archive aria-hidden />}
              title={only ? EMPTY[only] : before ? 'No older backups' : 'No backups yet'}
            >
              {only && (
                <Link href={paths.clusterBackups(clusterId)} className="link">
                  Show all backups
                </Link>
              )}{' '}
              A backup is a native ZooKeeper snapshot with a manifest that says what it holds and proves it. Take the
              first one with <strong>Back up now</strong>: it only reads, so a read-only cluster is fine.
            </EmptyState>
          </Card>
        ) : (
          <>
            <Card title="Time line">
              <BackupTimeLine backups={list.value.backups} nowMs={Date.now()} />
            </Card>
            <Card
              title="Backups"
              flush
              actions={
                <span className="flex flex-wrap gap-3">
                  {only !== 'going' && (
                    <Link href={paths.clusterBackups(clusterId, { only: 'going' })} className="link text-xs">
                      Goes soon
                    </Link>
                  )}
                  {only !== 'held' && (
                    <Link href={paths.clusterBackups(clusterId, { only: 'held' })} className="link text-xs">
                      Held
                    </Link>
                  )}
                  {only && (
                    <Link href={paths.clusterBackups(clusterId)} className="link text-xs">
                      All
                    </Link>
                  )}
                  <Link href={paths.clusterBackups(clusterId, { safety: !includeSafety })} className="link text-xs">
                    {includeSafety ? 'Hide safety backups of restores' : 'Show safety backups of restores'}
                  </Link>
                </span>
              }
            >
              <BackupTable backups={list.value.backups} />
            </Card>
            <nav aria-label="Pages of backups" className="flex gap-2">
              {before && (
                <LinkButton size="small" href={paths.clusterBackups(clusterId, { safety: includeSafety, schedule })}>
                  Newest
                </LinkButton>
              )}
              {list.value.next && (
                <LinkButton
                  size="small"
                  href={paths.clusterBackups(clusterId, {
                    safety: includeSafety,
                    schedule,
                    only: only ?? undefined,
                    before: list.value.next,
                  })}
                >
                  Older backups
                </LinkButton>
              )}
            </nav>
          </>
        )}
        <ProofSection clusterId={clusterId} />
        <KeepRulesSection clusterId={clusterId} />
      </div>
    </ClusterFrame>
  )
}

const EMPTY = { going: 'No backup waits for its removal', held: 'No backup is held' } as const

function readOnly(text: string): keyof typeof EMPTY | null {
  return text === 'going' || text === 'held' ? text : null
}
