import clsx from 'clsx'
import { Facts } from '@/app/_ui/card.tsx'
import { formatCount, plural } from '@/app/_ui/format-number.ts'
import { formatBytes } from '@/lib/base/format-bytes.ts'
import type { ServerSettings } from '@/lib/domain/retention/server-settings.ts'
import type { DirectoryView } from '@/lib/services/retention/views.ts'
import { PlainFact } from './plain-fact.tsx'

/** What the files cost, and how much of it a purge would give back. */
export function DiskUse({ directory, settings }: { directory: DirectoryView; settings: ServerSettings }) {
  const { snapshots, logs, space, logSpace, growth } = directory
  const isPurging = settings.purgeIntervalHours.value > 0
  const parts = [
    { label: 'snapshots kept', bytes: snapshots.diskBytes - snapshots.purgedDiskBytes, bar: 'bg-accent' },
    { label: 'logs kept', bytes: logs.diskBytes - logs.purgedDiskBytes, bar: 'bg-ephemeral' },
    { label: 'snapshots a purge deletes', bytes: snapshots.purgedDiskBytes, bar: 'bg-changed' },
    { label: 'logs a purge deletes', bytes: logs.purgedDiskBytes, bar: 'bg-removed' },
  ]
  const total = Math.max(1, snapshots.diskBytes + logs.diskBytes)
  return (
    <div className="flex min-w-0 flex-col gap-3">
      <div aria-hidden className="flex h-3 w-full gap-px overflow-hidden rounded-sm bg-sunken">
        {parts
          .filter(({ bytes }) => bytes > 0)
          .map(({ label, bytes, bar }) => (
            <span
              key={label}
              className={clsx('block h-full min-w-1', bar)}
              style={{ width: `${(bytes / total) * 100}%` }}
            />
          ))}
      </div>
      <ul aria-label="Disk use" className="flex flex-wrap gap-x-5 gap-y-1 text-xs">
        {parts.map(({ label, bytes, bar }) => (
          <li key={label} className="flex items-center gap-1.5">
            <span aria-hidden className={clsx('size-2.5 rounded-sm', bar)} />
            {formatBytes(bytes)} {label}
          </li>
        ))}
      </ul>
      <Facts
        items={[
          [
            'On disk',
            `${formatBytes(snapshots.diskBytes + logs.diskBytes)} in ${plural(snapshots.count + logs.count, 'file')}`,
          ],
          [
            logSpace === null ? 'Free on the file system' : 'Free for snapshots',
            `${formatBytes(space.freeBytes)} of ${formatBytes(space.totalBytes)}`,
          ],
          ...(logSpace === null
            ? []
            : [
                ['Free for logs', `${formatBytes(logSpace.freeBytes)} of ${formatBytes(logSpace.totalBytes)}`] as const,
              ]),
          ...(growth === null
            ? []
            : [
                [
                  isPurging ? 'New data' : 'Growth while nothing is deleted',
                  `about ${formatBytes(growth.perDayBytes)} a day${isPurging || growth.fullInDays === null ? '' : `; full in ${daysWords(growth.fullInDays)}`}`,
                ] as const,
              ]),
        ]}
      />
      <PlainFact>
        Snapshots and logs both lie in <code>version-2</code>:{' '}
        <code className="break-all">{directory.snapshotDir}</code>
        {directory.logDir !== directory.snapshotDir && (
          <>
            {' and '}
            <code className="break-all">{directory.logDir}</code>
          </>
        )}
        , not in directories of their own names. A log’s file is made longer ahead of its writing; what was not written
        yet takes no place on the disk.
      </PlainFact>
    </div>
  )
}

function daysWords(days: number): string {
  return days > 3650 ? 'more than ten years' : `about ${formatCount(Math.max(1, Math.round(days)))} days`
}
