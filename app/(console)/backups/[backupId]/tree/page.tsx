import type { Metadata } from 'next'
import Link from 'next/link'
import { ConsistencyBadge, StatusBadge } from '@/app/_components/backup-badges.tsx'
import { ErrorNotice } from '@/app/_components/error-notice.tsx'
import { PageHeader } from '@/app/_components/page-header.tsx'
import { AtCluster } from '@/app/_components/role.tsx'
import { Zxid } from '@/app/_components/zxid.tsx'
import { paths } from '@/app/_nav/paths.ts'
import { formatUtc } from '@/app/_ui/format-time.ts'
import { TreeBrowser } from '@/app/(console)/tree/_components/tree-browser.tsx'
import { loadBackup } from '../../loaders.ts'

export const metadata: Metadata = { title: 'Tree of a backup' }

export default async function BackupTreePage({ params }: { params: Promise<{ backupId: string }> }) {
  const loaded = await loadBackup((await params).backupId)
  if (!loaded.ok) return <ErrorNotice error={loaded.error} />
  const backup = loaded.value
  const takenAt = formatUtc(Date.parse(backup.takenAt))
  return (
    <AtCluster ids={[backup.clusterId]}>
      <PageHeader
        crumbs={[
          { href: paths.cluster(backup.clusterId), text: backup.clusterName },
          { href: paths.cluster(backup.clusterId, 'backups'), text: 'Backups' },
          { href: paths.backup(backup.id), text: 'Backup' },
        ]}
        title={`${backup.clusterName} as of ${takenAt}`}
        badges={
          <>
            <StatusBadge status={backup.status} />
            <ConsistencyBadge backup={backup} />
          </>
        }
      >
        You look at a{' '}
        <Link href={paths.backup(backup.id)} className="link">
          backup
        </Link>{' '}
        at <Zxid value={backup.zxid} />: nothing here is live, and nothing can be changed.
      </PageHeader>
      <TreeBrowser
        tree={{ kind: 'backup', id: backup.id }}
        label={`the backup of ${takenAt}`}
        writing={{ kind: 'backup', backupId: backup.id, clusterId: backup.clusterId }}
      />
    </AtCluster>
  )
}
