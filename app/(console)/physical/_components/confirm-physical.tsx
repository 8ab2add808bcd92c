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
import { TextField } from '@/app/_ui/field.tsx'
import { plural } from '@/app/_ui/format-number.ts'
import type { PhysicalPlan, PhysicalView } from '@/lib/services/physical/views.ts'
import { confirmPhysicalAction } from '../actions.ts'

/** The last step before servers are stopped: the cluster's name typed, and a reason for the audit. */
export function ConfirmPhysical({
  view,
  plan,
  onDone,
}: {
  view: PhysicalView
  plan: PhysicalPlan
  onDone: () => void
}) {
  const [given, setGiven] = useState(NOT_CONFIRMED)
  const [phrase, setPhrase] = useState('')
  const confirm = useAction(confirmPhysicalAction, onDone)
  const asked = plan.findings.find((finding) => finding.phrase !== null)?.phrase ?? null
  const { clusterName, canConfirm } = view
  const fault = !canConfirm.ok
    ? (canConfirm.reason ?? 'It cannot be confirmed now')
    : asked !== null && phrase.trim() !== asked
      ? `Type ${asked} first`
      : findConfirmationFault(given, clusterName)
  const submit = (event: FormEvent) => {
    event.preventDefault()
    confirm.run({ physicalId: view.id, planHash: view.planHash ?? '', ...given, phrase })
  }
  return (
    <Card title="Confirm">
      <form onSubmit={submit} className="flex flex-col gap-4">
        <FormError error={confirm.error} fields={['typedName', 'reason', 'phrase']} />
        {!view.clusterIsArmed && (
          <ReadOnlyNotice
            clusterId={view.clusterId}
            clusterName={clusterName}
            then="and come back: what was checked stays."
          />
        )}
        {view.way === 'admin' ? (
          <AdminWords />
        ) : (
          <p className="text-sm">
            The snapshot is brought to every server first. Then {plural(plan.servers.length, 'server')} of {clusterName}{' '}
            {plan.servers.length === 1 ? 'is' : 'are'} stopped, and <strong>the cluster is down</strong> until they
            serve again. Old files are moved to <code className="break-all">{plan.asideFolder}</code>, nothing is
            deleted, and <strong>Put the old files back</strong> is the same way backwards.
          </p>
        )}
        <div className="grid gap-4 sm:grid-cols-2">
          <ConfirmFields clusterName={clusterName} value={given} onChange={setGiven} faults={confirm.error?.fields} />
          {asked !== null && (
            <TextField
              label={`Type ${asked} to use a backup that is fuzzy`}
              value={phrase}
              onChange={(event) => setPhrase(event.target.value)}
              autoComplete="off"
              error={confirm.error?.fields?.phrase}
            />
          )}
        </div>
        <div className="flex justify-end">
          <GuardedButton
            action="physical-restore.confirm"
            type="submit"
            tone="danger"
            pending={confirm.pending}
            disabledReason={fault}
          >
            {view.way === 'admin'
              ? `Replace the tree of ${clusterName} in ${plural(plan.servers.length, 'server')}`
              : `Stop ${plural(plan.servers.length, 'server')} and replace the files of ${clusterName}`}
          </GuardedButton>
        </div>
      </form>
    </Card>
  )
}

function AdminWords() {
  return (
    <p className="text-sm">
      Every server takes the snapshot into its memory, one marker is written and seen on all of them, each writes a
      snapshot of its own, and then they are restarted, the leader last.{' '}
      <strong>There is no way back by a button</strong>: take a backup first if the state of now matters. Keep clients
      away until the last restart.
    </p>
  )
}
