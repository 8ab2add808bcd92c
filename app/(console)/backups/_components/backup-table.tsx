import Link from 'next/link'
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
import { Zxid } from '@/app/_components/zxid.tsx'
import { paths } from '@/app/_nav/paths.ts'
import { Badge } from '@/app/_ui/badge.tsx'
import { formatCount } from '@/app/_ui/format-number.ts'
import { formatDuration } from '@/app/_ui/format-time.ts'
import { LinkButton } from '@/app/_ui/link-button.tsx'
import { RelativeTime } from '@/app/_ui/relative-time.tsx'
import { Cell, Row, Table } from '@/app/_ui/table.tsx'
import { formatBytes } from '@/lib/base/format-bytes.ts'
import type { BackupView } from '@/lib/services/backups/views.ts'

const describeScope = (scope: readonly string[]) =>
  scope.length === 0
    ? 'what a restore touched'
    : scope.length === 1 && scope[0] === '/'
      ? 'whole tree'
      : scope.join(', ')

export function BackupTable({ backups }: { backups: readonly BackupView[] }) {
  return (
    <Table
      label="Backups"
      numeric={[5, 6, 7, 8]}
      head={[
        'Taken',
        'Scope',
        'State',
        'Last proved restorable',
        'zxid',
        'Znodes',
        'Data',
        'Archive',
        'Took',
        'By',
        '(Actions)',
      ]}
    >
      {backups.map((backup) => (
        <Row key={backup.id}>
          <Cell className="whitespace-nowrap">
            <Link href={paths.backup(backup.id)} className="font-medium text-accent hover:underline">
              <RelativeTime at={backup.takenAt} />
            </Link>
            {backup.note && (
              <span className="block max-w-56 truncate text-muted text-xs" title={backup.note}>
                {backup.note}
              </span>
            )}
          </Cell>
          <Cell>
            <span className="block max-w-48 truncate" title={backup.scopePaths.join('\n')}>
              {describeScope(backup.scopePaths)}
            </span>
          </Cell>
          <Cell>
            <span className="flex flex-wrap gap-1">
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
              {backup.purpose === 'safety' && <Badge title="Taken by a restore, for its undo">safety</Badge>}
              {backup.schedule && <Badge title={`By the schedule ${backup.schedule.name}`}>scheduled</Badge>}
              {backup.sourceFaults.length > 0 && (
                <Badge tone="warn" title={backup.sourceFaults.map(({ message }) => message).join('\n')}>
                  other source
                </Badge>
              )}
            </span>
          </Cell>
          <Cell className="whitespace-nowrap">
            <LastProved drill={backup.drill} />
          </Cell>
          <Cell>
            {backup.source === 'import' && backup.zxid === '0x0' ? 'not known' : <Zxid value={backup.zxid} />}
          </Cell>
          <Cell className="text-right">{formatCount(backup.znodes)}</Cell>
          <Cell className="whitespace-nowrap text-right">{formatBytes(backup.dataBytes)}</Cell>
          <Cell className="whitespace-nowrap text-right">{formatBytes(backup.archiveBytes)}</Cell>
          <Cell className="whitespace-nowrap text-right">{formatDuration(backup.durationMs)}</Cell>
          <Cell className="whitespace-nowrap">{backup.createdByName ?? backup.schedule?.name}</Cell>
          <Cell className="text-right">
            <LinkButton
              size="small"
              href={paths.backupTree(backup.id)}
              aria-label={`Browse backup of ${backup.takenAt}`}
            >
              Browse
            </LinkButton>
          </Cell>
        </Row>
      ))}
    </Table>
  )
}

function LastProved({ drill }: { drill: BackupView['drill'] }) {
  if (drill === null) return <span className="text-muted">not yet</span>
  const server = drill.serverVersion === null ? null : `ZooKeeper ${drill.serverVersion}`
  const took = drill.durationMs === null ? null : formatDuration(drill.durationMs)
  return (
    <>
      {drill.provedAt === null ? <span className="text-muted">never</span> : <RelativeTime at={drill.provedAt} />}
      <span className={`block text-xs ${drill.ok ? 'text-muted' : 'text-removed'}`}>
        {drill.ok ? [server, took].filter(Boolean).join(', ') : 'the last drill failed'}
      </span>
    </>
  )
}
