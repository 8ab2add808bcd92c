'use client'

import { useRouter } from 'next/navigation'
import { type FormEvent, useState } from 'react'
import { ErrorNotice } from '@/app/_components/error-notice.tsx'
import { useLack } from '@/app/_components/role.tsx'
import { useAction } from '@/app/_components/use-action.ts'
import { Button } from '@/app/_ui/button.tsx'
import { SelectField } from '@/app/_ui/field.tsx'
import { APPROVAL_MINUTES } from '@/lib/services/approvals/schemas.ts'
import type { ClusterView } from '@/lib/services/clusters/views.ts'
import { describeMinutes } from '../../_components/approval-words.ts'
import { setApprovalAction } from '../actions.ts'

const CHOICES: readonly number[] = [
  APPROVAL_MINUTES.min,
  60,
  APPROVAL_MINUTES.default,
  480,
  1440,
  4320,
  APPROVAL_MINUTES.max,
]

/** Whether restores of this cluster need two people. */
export function ApprovalPanel({ cluster }: { cluster: ClusterView }) {
  const router = useRouter()
  const { id: clusterId, name, approvalMinutes } = cluster
  const [minutes, setMinutes] = useState(approvalMinutes ?? APPROVAL_MINUTES.default)
  const save = useAction(setApprovalAction, () => router.refresh())
  const lack = useLack('cluster.set-approval')
  const choices = [...new Set([...CHOICES, approvalMinutes ?? APPROVAL_MINUTES.default])].sort((a, b) => a - b)
  const submit = (event: FormEvent) => {
    event.preventDefault()
    save.run({ clusterId, required: true, minutes })
  }
  return (
    <form onSubmit={submit} className="flex flex-col gap-3 text-sm">
      {save.error && <ErrorNotice error={save.error} />}
      {approvalMinutes === null ? (
        <p>
          <strong>One person can restore to {name}.</strong> Whoever confirms a plan runs it.
        </p>
      ) : (
        <p>
          <strong>Restores to {name} need the approval of a second person.</strong> It holds{' '}
          {describeMinutes(approvalMinutes)} for the plan that was approved.
        </p>
      )}
      <p className="text-muted">
        This is about restores of znodes and of server files, their undos, and going on with one after its approval has
        expired. Single edits on the tree page stay as they are: guarded by arming and by version. People who follow a
        runbook by hand, and the <code>arkeeper</code> command, are not asked.
      </p>
      <SelectField
        label="An approval holds for"
        value={minutes}
        onChange={(event) => setMinutes(Number(event.target.value))}
        hint="From when it is given. A change is for approvals from now on."
      >
        {choices.map((each) => (
          <option key={each} value={each}>
            {describeMinutes(each)}
          </option>
        ))}
      </SelectField>
      <div className="flex flex-wrap gap-2">
        <Button
          type="submit"
          pending={save.pending}
          disabledReason={lack ?? (minutes === approvalMinutes && 'It is so already')}
        >
          {approvalMinutes === null ? 'Ask for a second person' : `Let approvals hold ${describeMinutes(minutes)}`}
        </Button>
        {approvalMinutes !== null && (
          <Button
            tone="danger"
            pending={save.pending}
            disabledReason={lack}
            onClick={() => save.run({ clusterId, required: false })}
          >
            Let one person restore
          </Button>
        )}
      </div>
      {approvalMinutes !== null && (
        <p className="text-muted text-xs">
          To let one person restore approves nothing: what waits or was approved is void, and who asked confirms the
          plan.
        </p>
      )}
    </form>
  )
}
