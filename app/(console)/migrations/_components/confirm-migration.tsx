'use client'

import { type FormEvent, useState } from 'react'
import {
  ConfirmFields,
  findConfirmationFault,
  NOT_CONFIRMED,
  ReadOnlyNotice,
} from '@/app/_components/confirm-fields.tsx'
import { FormError } from '@/app/_components/form-error.tsx'
import { GuardedButton } from '@/app/_components/guarded-button.tsx'
import { useAction } from '@/app/_components/use-action.ts'
import { Card } from '@/app/_ui/card.tsx'
import { plural } from '@/app/_ui/format-number.ts'
import { isDanger } from '@/lib/domain/guards/severity.ts'
import type { MigrationView } from '@/lib/services/migrations/views.ts'
import type { PlanView } from '@/lib/services/restores/views.ts'
import { DangerCheck } from '../../restores/_components/danger-check.tsx'
import { confirmMigrationAction } from '../actions.ts'

/** The last step before anything is written, and the only one that asks: the rounds after it are applied by themselves. */
export function ConfirmMigration({
  migration,
  plan,
  onDone,
}: {
  migration: MigrationView
  plan: PlanView
  onDone: () => void
}) {
  const [given, setGiven] = useState(NOT_CONFIRMED)
  // Bound to the plan: another plan has other dangers.
  const [dangersReadOf, setDangersReadOf] = useState<string | null>(null)
  const dangersRead = dangersReadOf === plan.hash
  const confirm = useAction(confirmMigrationAction, onDone)
  const { source, target, canConfirm, needsApproval } = migration
  const fault = !canConfirm.ok
    ? (canConfirm.reason ?? 'It cannot be confirmed now')
    : !dangersRead && plan.warnings.some(isDanger)
      ? 'Tick that you have read the dangers first'
      : findConfirmationFault(given, target.name)
  const submit = (event: FormEvent) => {
    event.preventDefault()
    confirm.run({ migrationId: migration.id, planHash: plan.hash, dangersRead, ...given })
  }
  return (
    <Card title="Confirm">
      <form onSubmit={submit} className="flex flex-col gap-4">
        <FormError error={confirm.error} fields={['typedName', 'reason']} />
        {!target.isArmed && (
          <ReadOnlyNotice
            clusterId={target.id}
            clusterName={target.name}
            then="for as long as you want it to follow, and come back: this check stays."
          />
        )}
        {needsApproval ? (
          <p className="text-sm">
            {target.name} asks for a second person: nothing is applied by itself. <strong>Each round</strong> is planned
            and waits for an approval of its own, which you ask for on its page.
          </p>
        ) : (
          <p className="text-sm">
            This round and <strong>all rounds after it</strong> are applied in your name without asking again, until you
            switch over or stop: whatever is written to {source.name} is written to {target.name}
            {migration.mode === 'mirror' && `, and what is deleted there is deleted from ${target.name}`}.
          </p>
        )}
        <p className="text-sm">
          Each round is a restore: a safety backup first, guarded by versions, verified, with an undo of its own. What
          somebody else writes to {target.name} meanwhile stops it at a conflict, or is found by the next round and
          {migration.mode === 'mirror' ? ' undone.' : ' written over where the source has it.'}
        </p>
        <DangerCheck
          warnings={plan.warnings}
          checked={dangersRead}
          onChange={(checked) => setDangersReadOf(checked ? plan.hash : null)}
        />
        <div className="grid gap-4 sm:grid-cols-2">
          <ConfirmFields clusterName={target.name} value={given} onChange={setGiven} faults={confirm.error?.fields} />
        </div>
        <div className="flex flex-wrap items-center justify-end gap-2">
          <GuardedButton
            action="migration.confirm"
            type="submit"
            tone="danger"
            pending={confirm.pending}
            disabledReason={fault}
          >
            {plan.deletes > 0
              ? `Delete ${plural(plan.deletes, 'znode')} of ${target.name}, write ${plural(plan.steps - plan.deletes, 'step')} and follow`
              : `Write ${plural(plan.steps, 'step')} to ${target.name} and follow`}
          </GuardedButton>
        </div>
      </form>
    </Card>
  )
}
