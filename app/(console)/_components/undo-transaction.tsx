'use client'

import { useRouter } from 'next/navigation'
import { ErrorNotice } from '@/app/_components/error-notice.tsx'
import { GuardedButton } from '@/app/_components/guarded-button.tsx'
import { useAction } from '@/app/_components/use-action.ts'
import { paths } from '@/app/_nav/paths.ts'
import { undoTransactionAction } from '../restores/actions.ts'

/** Makes the plan that takes one transaction back, and goes to it. */
export function UndoTransaction({
  clusterId,
  zxid,
  disabledReason,
}: {
  clusterId: string
  zxid: string
  disabledReason?: string | false
}) {
  const router = useRouter()
  const undo = useAction(undoTransactionAction, ({ restoreId }) => router.push(paths.restore(restoreId)))
  return (
    <span className="inline-flex flex-col gap-2">
      <GuardedButton
        action="restore.plan"
        size="small"
        pending={undo.pending}
        disabledReason={disabledReason}
        title="Plans the way back of all that it touched. Nothing is written before you confirm the plan."
        onClick={() => undo.run({ clusterId, zxid })}
      >
        Undo this transaction…
      </GuardedButton>
      {undo.error && <ErrorNotice error={undo.error} />}
    </span>
  )
}
