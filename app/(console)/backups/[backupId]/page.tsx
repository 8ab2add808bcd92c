import { Download } from 'lucide-react'
import type { Metadata } from 'next'
import {
  ConsistencyBadge,
  DrillBadge,
  EncryptedBadge,
  GoesBadge,
  HeldBadge,
  ImportBadge,
  PinnedBadge,
  PlacesBadge,
  StatusBadge,
  VerifiedBadge,
} from '@/app/_components/backup-badges.tsx'
import { ErrorNotice } from '@/app/_components/error-notice.tsx'
import { PageHeader } from '@/app/_components/page-header.tsx'
import { AtCluster } from '@/app/_components/role.tsx'
import { Zxid } from '@/app/_components/zxid.tsx'
import { paths } from '@/app/_nav/paths.ts'
import { Badge } from '@/app/_ui/badge.tsx'
import { buttonClass } from '@/app/_ui/button-class.ts'
import { Card, Facts } from '@/app/_ui/card.tsx'
import { CopyButton } from '@/app/_ui/copy-button.tsx'
import { formatCount } from '@/app/_ui/format-number.ts'
import { formatDuration, formatUtc } from '@/app/_ui/format-time.ts'
import { RelativeTime } from '@/app/_ui/relative-time.tsx'
import { Cell, Row, Table } from '@/app/_ui/table.tsx'
import { formatBytes } from '@/lib/base/format-bytes.ts'
import { hasGaps } from '@/lib/domain/snapshot/manifest.ts'
import { GoesNotice } from '../../keep-rules/_components/goes-notice.tsx'
import { HoldsCard } from '../../keep-rules/_components/holds-card.tsx'
import { BackupActions } from '../_components/backup-actions.tsx'
import { BackupNote } from '../_components/backup-note.tsx'
import { ConsistencyWords } from '../_components/consistency-words.tsx'
import { DrillResult } from '../_components/drill-result.tsx'
import { FidelityReport } from '../_components/fidelity-report.tsx'
import { ImportReport } from '../_components/import-report.tsx'
import { OtherSource } from '../_components/other-source.tsx'
import { PlacesCard } from '../_components/places-card.tsx'
import { Recipients } from '../_components/recipients.tsx'
import { VerifyResult } from '../_components/verify-result.tsx'
import { loadBackup, loadDrillFault, loadPlaces } from '../loaders.ts'

export const metadata: Metadata = { title: 'Backup' }

export default async function BackupPage({ params }: { params: Promise<{ backupId: string }> }) {
  const [loaded, drillFault] = await Promise.all([loadBackup((await params).backupId), loadDrillFault()])
  if (!loaded.ok) return <ErrorNotice error={loaded.error} />
  const backup = loaded.value
  const { manifest } = backup
  const stores = await loadPlaces(backup.id)
  const noDrill = drillFault.ok ? drillFault.value : drillFault.error.message
  const files = [...manifest.files, { name: 'manifest.json', bytes: null, sha256: null }]
  return (
    <AtCluster ids={[backup.clusterId]}>
      <div className="max-w-6xl">
        <PageHeader
          crumbs={[
            { href: paths.cluster(backup.clusterId), text: backup.clusterName },
            { href: paths.cluster(backup.clusterId, 'backups'), text: 'Backups' },
          ]}
          title={`Backup of ${backup.clusterName}`}
          badges={
            <>
              <StatusBadge status={backup.status} />
              {backup.source === 'import' && <ImportBadge />}
              <ConsistencyBadge backup={backup} />
              <VerifiedBadge backup={backup} />
              <DrillBadge backup={backup} />
              <EncryptedBadge backup={backup} />
              <PlacesBadge backup={backup} />
              {backup.pinned && <PinnedBadge />}
              {backup.hold && <HeldBadge hold={backup.hold} />}
              {backup.goes && <GoesBadge goes={backup.goes} />}
              {backup.isLastGood && <Badge tone="accent">last good</Badge>}
              {backup.purpose === 'safety' && <Badge>safety backup of a restore</Badge>}
              {backup.schedule && <Badge>schedule {backup.schedule.name}</Badge>}
            </>
          }
        >
          Taken <RelativeTime at={backup.takenAt} /> ({formatUtc(Date.parse(backup.takenAt))})
          {backup.createdByName && ` by ${backup.createdByName}`}
        </PageHeader>
        <div className="flex flex-col gap-4">
          {backup.goes && <GoesNotice backupId={backup.id} goes={backup.goes} />}
          <BackupActions backup={backup} drillFault={noDrill} />
          <OtherSource faults={backup.sourceFaults} />
          <VerifyResult backupId={backup.id} verifiedAt={backup.verifiedAt} report={backup.verifyReport} />
          <DrillResult backupId={backup.id} drill={backup.drill} report={backup.drillReport} />
          <div className="grid gap-4 xl:grid-cols-2">
            <Card title="Facts">
              <Facts
                className="sm:grid-cols-2"
                items={[
                  [
                    'Scope',
                    backup.scopePaths.length === 0
                      ? 'what a restore touched; which paths is in the encrypted manifest'
                      : backup.scopePaths.join(', ') === '/'
                        ? 'whole tree'
                        : backup.scopePaths.join(', '),
                  ],
                  [
                    'zxid',
                    hasGaps(manifest) && backup.zxid === '0x0' ? 'not known' : <Zxid key="zxid" value={backup.zxid} />,
                  ],
                  ['Znodes in the snapshot', formatCount(backup.znodes)],
                  ['Data', formatBytes(backup.dataBytes)],
                  ['Archive', formatBytes(backup.archiveBytes)],
                  ['Took', formatDuration(backup.durationMs)],
                  ['Source', SOURCES[manifest.source]],
                  ['ZooKeeper', manifest.zookeeperVersion ?? 'version not told'],
                  [
                    'Digest of the tree (version 2)',
                    manifest.digest ? (
                      <Zxid key="digest" value={manifest.digest.computed} what="digest" />
                    ) : backup.sumsHidden ? (
                      'hidden'
                    ) : (
                      'none'
                    ),
                  ],
                  ['Made by', `Arkeeper ${manifest.arkeeper}`],
                  ['Encrypted to', <Recipients key="recipients" backup={backup} />],
                ]}
              />
            </Card>
            <Card title="Consistency">
              <ConsistencyWords manifest={manifest} />
            </Card>
            <Card title="Fidelity: what it holds and what it does not">
              <FidelityReport fidelity={manifest.fidelity} source={manifest.source} encryption={manifest.encryption} />
              {manifest.import && <ImportReport facts={manifest.import} />}
            </Card>
            <Card title="Note">
              <BackupNote backupId={backup.id} note={backup.note} />
            </Card>
            <HoldsCard backupId={backup.id} />
          </div>
          {stores.ok ? (
            <PlacesCard backupId={backup.id} drillFault={noDrill} {...stores.value} />
          ) : (
            <ErrorNotice error={stores.error} />
          )}
          <Card title="Files" flush>
            <p className="px-4 pt-3 text-muted text-sm">
              {backup.recipients !== null && (
                <>
                  Each is decrypted by <code>age -d -i KEY-FILE</code>, and all of them together are then a plain
                  archive.{' '}
                </>
              )}
              A stock ZooKeeper starts from the snapshot file: put it, unpacked, into an empty <code>version-2</code>{' '}
              folder.{' '}
              {backup.archiveDir === null ? (
                'Administrators see where on the server it lies.'
              ) : (
                <>
                  On the server it lies in <code className="break-all font-mono text-xs">{backup.archiveDir}</code>
                  <CopyButton text={backup.archiveDir} what="folder" />
                </>
              )}
            </p>
            <Table label="Files of the archive" head={['Name', 'Size', 'SHA-256', '(Actions)']}>
              {files.map((file) => (
                <Row key={file.name}>
                  <Cell className="font-mono text-xs">{file.name}</Cell>
                  <Cell className="whitespace-nowrap">{file.bytes === null ? '' : formatBytes(file.bytes)}</Cell>
                  <Cell>
                    {backup.sumsHidden && 'hidden'}
                    {file.sha256 && (
                      <span className="inline-flex items-center gap-1">
                        <code className="font-mono text-xs" title={file.sha256}>
                          {file.sha256.slice(0, 16)}…
                        </code>
                        <CopyButton text={file.sha256} what={`SHA-256 of ${file.name}`} />
                      </span>
                    )}
                  </Cell>
                  <Cell className="text-right">
                    <a
                      href={paths.api.backupFile(backup.id, file.name)}
                      download
                      aria-label={`Download ${file.name}`}
                      className={buttonClass({ size: 'small' })}
                    >
                      <Download aria-hidden className="size-3.5" />
                      Download
                    </a>
                  </Cell>
                </Row>
              ))}
            </Table>
          </Card>
        </div>
      </div>
    </AtCluster>
  )
}

const SOURCES = {
  client: 'walk over the client port',
  files: 'data directory of a server',
  admin: 'AdminServer snapshot',
  observer: 'quorum port, as an observer',
  import: 'a file that was imported',
}
