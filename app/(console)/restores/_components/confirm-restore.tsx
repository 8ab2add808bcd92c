'use client'

import { type FormEvent, useState } from 'react'
import {
  ConfirmFields,
  findConfirmationFault,
  NOT_CONFIRMED,
  ReadOnlyNotice,
} from '@/app/_components/confirm-fields.tsx'
import { ErrorNotice } from '@/app/_components/error-notice.tsx'
import { FormError } from '@/app/_components/form-error.tsx'
import { GuardedButton } from '@/app/_components/guarded-button.tsx'
import { useAction } from '@/app/_components/use-action.ts'
import { Card } from '@/app/_ui/card.tsx'
import { plural } from '@/app/_ui/format-number.ts'
import { Notice } from '@/app/_ui/notice.tsx'
import { isDanger } from '@/lib/domain/guards/severity.ts'
import type { PlanView, RestoreView } from '@/lib/services/restores/views.ts'
import { confirmRestoreAction, replanRestoreAction } from '../actions.ts'
import { DangerCheck } from './danger-check.tsx'
import { describePlanButton } from './describe-plan-button.ts'
import { UndoKeyNotice } from './undo-key-notice.tsx'

/** The last step before anything is written: the cluster's name typed, and a reason for the audit. */
export function ConfirmRestore({
  restore,
  plan,
  onDone,
}: {
  restore: RestoreView
  plan: PlanView
  onDone: () => void
}) {
  const [given, setGiven] = useState(NOT_CONFIRMED)
  // Bound to the plan: another plan has other dangers.
  const [dangersReadOf, setDangersReadOf] = useState<string | null>(null)
  const dangersRead = dangersReadOf === plan.hash
  const confirm = useAction(confirmRestoreAction, onDone)
  const replan = useAction(replanRestoreAction, onDone)
  const { clusterName, canConfirm, approval } = restore
  // Where a second person approves, the name was typed and the reason given by who asked.
  const asked = approval && { typedName: clusterName, reason: approval.latest?.reason ?? '' }
  const fault = !canConfirm.ok
    ? (canConfirm.reason ?? 'It cannot be confirmed now')
    : !dangersRead && plan.warnings.some(isDanger)
      ? 'Tick that you have read the dangers first'
      : findConfirmationFault(asked ?? given, clusterName)
  const submit = (event: FormEvent) => {
    event.preventDefault()
    confirm.run({ restoreId: restore.id, planHash: plan.hash, dangersRead, ...(asked ?? given) })
  }
  return (
    <Card title={approval ? 'Run' : 'Confirm'}>
      <form onSubmit={submit} className="flex flex-col gap-4">
        <FormError error={confirm.error} fields={['typedName', 'reason']} />
        {replan.error && <ErrorNotice error={replan.error} />}
        {restore.stale && (
          <Notice
            tone="warn"
            title={restore.stale.message}
            action={
              <GuardedButton
                action="restore.plan"
                size="small"
                pending={replan.pending}
                onClick={() => replan.run({ restoreId: restore.id })}
              >
                Plan again
              </GuardedButton>
            }
          >
            Every write is guarded: what has moved since is a conflict and is never overwritten unseen
            {restore.onConflict === 'overwrite' && ', unless you have chosen to overwrite'}.
          </Notice>
        )}
        {!restore.clusterIsArmed && (
          <ReadOnlyNotice
            clusterId={restore.clusterId}
            clusterName={clusterName}
            then="for as long as the restore needs, and come back: this plan stays."
          />
        )}
        <p className="text-sm">
          A safety backup of everything that will be touched is taken first. Afterwards the restore is verified.{' '}
          <strong>Undo</strong> then makes the plan that takes it back, which you read and confirm like this one.
        </p>
        {restore.undoKey && <UndoKeyNotice clusterId={restore.clusterId} undoKey={restore.undoKey} />}
        {plan.laterWrites !== null && plan.laterWrites.count > 0 && (
          <p className="text-sm">
            <strong>
              {plan.laterWrites.overwritten
                ? `This writes over ${plural(plan.laterWrites.count, 'later write')} of others.`
                : `${plural(plan.laterWrites.count, 'later write of others stays as it is', 'later writes of others stay as they are')}.`}
            </strong>
          </p>
        )}
        <DangerCheck
          warnings={plan.warnings}
          checked={dangersRead}
          onChange={(checked) => setDangersReadOf(checked ? plan.hash : null)}
        />
        {!approval && (
          <div className="grid gap-4 sm:grid-cols-2">
            <ConfirmFields clusterName={clusterName} value={given} onChange={setGiven} faults={confirm.error?.fields} />
          </div>
        )}
        <div className="flex flex-wrap items-center justify-end gap-2">
          <GuardedButton
            action="restore.plan"
            pending={replan.pending}
            onClick={() => replan.run({ restoreId: restore.id })}
          >
            Plan again
          </GuardedButton>
          <GuardedButton
            action="restore.confirm"
            type="submit"
            tone="danger"
            pending={confirm.pending}
            disabledReason={fault}
          >
            {describePlanButton(plan, clusterName)}
          </GuardedButton>
        </div>
      </form>
    </Card>
  )
}
