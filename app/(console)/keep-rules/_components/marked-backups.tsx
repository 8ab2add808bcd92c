'use client'

import Link from 'next/link'
import { useRouter } from 'next/navigation'
import { ErrorNotice } from '@/app/_components/error-notice.tsx'
import { GuardedButton } from '@/app/_components/guarded-button.tsx'
import { useAction } from '@/app/_components/use-action.ts'
import { paths } from '@/app/_nav/paths.ts'
import { plural } from '@/app/_ui/format-number.ts'
import { formatUtc } from '@/app/_ui/format-time.ts'
import { RelativeTime } from '@/app/_ui/relative-time.tsx'
import { Cell, Row, Table } from '@/app/_ui/table.tsx'
import { formatBytes } from '@/lib/base/format-bytes.ts'
import type { MarkedBackupView } from '@/lib/services/keep-rules/views.ts'
import { keepMarkedAction } from '../actions.ts'

/** Backups that go when their grace is over, each with the way to keep it. */
export function MarkedBackups({ marked }: { marked: readonly MarkedBackupView[] }) {
  const router = useRouter()
  const keep = useAction(keepMarkedAction, () => router.refresh())
  if (marked.length === 0) return null
  const bytes = marked.reduce((sum, each) => sum + each.bytes, 0)
  return (
    <div className="flex flex-col gap-2">
      <h3 className="font-medium">
        {plural(marked.length, 'backup')} of {formatBytes(bytes)} will be removed
      </h3>
      {keep.error && <ErrorNotice error={keep.error} />}
      <Table label="Backups that will be removed" head={['Taken', 'Size', 'Goes', 'Why', '(Actions)']} numeric={[1]}>
        {marked.map((each) => (
          <Row key={each.backupId}>
            <Cell className="whitespace-nowrap">
              <Link href={paths.backup(each.backupId)} className="link">
                <RelativeTime at={each.takenAt} />
              </Link>
            </Cell>
            <Cell className="whitespace-nowrap text-right">{formatBytes(each.bytes)}</Cell>
            <Cell className="whitespace-nowrap">{formatUtc(Date.parse(each.removeAfter))}</Cell>
            <Cell>{each.reason}</Cell>
            <Cell className="text-right">
              <GuardedButton
                action="backup.pin"
                size="small"
                pending={keep.pending}
                aria-label={`Keep the backup of ${each.takenAt}: it is pinned`}
                onClick={() => keep.run({ backupId: each.backupId })}
              >
                Keep
              </GuardedButton>
            </Cell>
          </Row>
        ))}
      </Table>
    </div>
  )
}
