'use client'

import { useRouter } from 'next/navigation'
import { ErrorNotice } from '@/app/_components/error-notice.tsx'
import { GuardedButton } from '@/app/_components/guarded-button.tsx'
import { useAction } from '@/app/_components/use-action.ts'
import { formatUtc } from '@/app/_ui/format-time.ts'
import { Notice } from '@/app/_ui/notice.tsx'
import { keepMarkedAction } from '../actions.ts'

/** On the page of a backup that no rule keeps: when it goes, and the way to keep it. */
export function GoesNotice({
  backupId,
  goes,
}: {
  backupId: string
  goes: { readonly after: string; readonly reason: string }
}) {
  const router = useRouter()
  const keep = useAction(keepMarkedAction, () => router.refresh())
  return (
    <>
      {keep.error && <ErrorNotice error={keep.error} />}
      <Notice
        tone="warn"
        title={`It will be removed after ${formatUtc(Date.parse(goes.after))}`}
        action={
          <GuardedButton action="backup.pin" size="small" pending={keep.pending} onClick={() => keep.run({ backupId })}>
            Keep it
          </GuardedButton>
        }
      >
        By the keep rules: {goes.reason}. Until then it can be browsed and restored as ever; keeping it pins it.
      </Notice>
    </>
  )
}
