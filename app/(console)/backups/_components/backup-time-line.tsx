import Link from 'next/link'
import { paths } from '@/app/_nav/paths.ts'
import { plural } from '@/app/_ui/format-number.ts'
import { formatUtc } from '@/app/_ui/format-time.ts'
import { RelativeTime } from '@/app/_ui/relative-time.tsx'
import type { BackupView } from '@/lib/services/backups/views.ts'
import { dotRadius, placeOnTimeLine } from './time-line-places.ts'

/** When the backups of this page were taken; a filled dot is complete, a hollow one partial, the size tells how many znodes. */
export function BackupTimeLine({ backups, nowMs }: { backups: readonly BackupView[]; nowMs: number }) {
  const places = placeOnTimeLine(
    backups.map((backup) => Date.parse(backup.takenAt)),
    nowMs,
  )
  const largest = Math.max(...backups.map((backup) => backup.znodes))
  const oldest = backups.at(-1)
  return (
    <div>
      <ul aria-label="Backups by time" className="relative mx-3 h-7">
        <li aria-hidden className="absolute top-1/2 right-0 left-0 h-px bg-line-strong/50" />
        {backups.map((backup, index) => {
          const radius = dotRadius(backup.znodes, largest)
          const about = `${formatUtc(Date.parse(backup.takenAt))}, ${plural(backup.znodes, 'znode')}, ${backup.status}, ${backup.consistency}`
          return (
            <li
              key={backup.id}
              className="absolute top-1/2 -translate-x-1/2 -translate-y-1/2"
              style={{ left: `${(places[index] ?? 0) * 100}%` }}
            >
              <Link
                href={paths.backup(backup.id)}
                title={about}
                aria-label={`Backup of ${about}`}
                className="flex size-6 items-center justify-center rounded-full"
              >
                <span
                  className={
                    backup.status === 'complete'
                      ? 'rounded-full bg-accent ring-2 ring-surface'
                      : 'rounded-full border-2 border-removed bg-surface'
                  }
                  style={{ width: radius * 2, height: radius * 2 }}
                />
              </Link>
            </li>
          )
        })}
      </ul>
      <p className="mt-1 flex justify-between text-muted text-xs">
        {oldest && <RelativeTime at={oldest.takenAt} />}
        <span>now</span>
      </p>
    </div>
  )
}
