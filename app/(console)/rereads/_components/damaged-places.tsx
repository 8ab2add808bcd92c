import Link from 'next/link'
import { paths } from '@/app/_nav/paths.ts'
import { plural } from '@/app/_ui/format-number.ts'
import { formatUtc } from '@/app/_ui/format-time.ts'
import { Notice } from '@/app/_ui/notice.tsx'
import type { DamagedPlaceView } from '@/lib/services/rereads/views.ts'

/** What was found damaged, and what there is instead of it. */
export function DamagedPlaces({ damaged }: { damaged: readonly DamagedPlaceView[] }) {
  return (
    <Notice tone="bad" title={`${plural(damaged.length, 'archive')} found damaged`}>
      <ul className="mt-1 flex list-disc flex-col gap-1 pl-5">
        {damaged.map((each) => (
          <li key={`${each.backupId} ${each.storeName}`}>
            <Link href={paths.backup(each.backupId)} className="link">
              {each.isCopy ? 'The copy of the backup' : 'The backup'} of {formatUtc(Date.parse(each.takenAt))}
            </Link>{' '}
            in {each.storeName}
            {each.foundAt && `, found at ${formatUtc(Date.parse(each.foundAt))}`}. {instead(each)}{' '}
            {each.nearest && (
              <Link href={paths.backup(each.nearest.backupId)} className="link">
                The nearest good backup is of {formatUtc(Date.parse(each.nearest.takenAt))}.
              </Link>
            )}
          </li>
        ))}
      </ul>
    </Notice>
  )
}

function instead({ soundIn, nearest }: DamagedPlaceView): string {
  if (soundIn?.isRead) return `The same archive is sound in ${soundIn.storeName}: restore from there.`
  if (soundIn) return `The same archive lies in ${soundIn.storeName} too: verify that one.`
  return nearest ? 'It lies nowhere else.' : 'It lies nowhere else, and no good backup covers the same: take one now.'
}
