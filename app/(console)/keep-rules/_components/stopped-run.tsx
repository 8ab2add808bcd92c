'use client'

import { useRouter } from 'next/navigation'
import { useState } from 'react'
import { FormError } from '@/app/_components/form-error.tsx'
import { GuardedButton } from '@/app/_components/guarded-button.tsx'
import { useAction } from '@/app/_components/use-action.ts'
import { TextField } from '@/app/_ui/field.tsx'
import { plural } from '@/app/_ui/format-number.ts'
import { Notice } from '@/app/_ui/notice.tsx'
import { applyKeepRulesAction } from '../actions.ts'

/** A run that would have taken more than half: nothing was marked, and a person may say that it is right. */
export function StoppedRun({
  clusterId,
  clusterName,
  good,
  going,
}: {
  clusterId: string
  clusterName: string
  good: number
  going: number
}) {
  const router = useRouter()
  const [confirm, setConfirm] = useState('')
  const apply = useAction(applyKeepRulesAction, () => router.refresh())
  return (
    <Notice
      tone="bad"
      title={`The rules would let ${going} of ${plural(good, 'good backup')} go at once: none was marked`}
    >
      <form
        className="mt-2 flex flex-col gap-2"
        onSubmit={(event) => {
          event.preventDefault()
          apply.run({ clusterId, confirm })
        }}
      >
        <p>
          Look whether the rules and this host’s clock are right. Marking them removes nothing before the grace is over.
        </p>
        <FormError error={apply.error} fields={['confirm']} />
        <div className="flex flex-wrap items-end gap-2">
          <TextField
            label={`Type ${clusterName} to mark them`}
            value={confirm}
            onChange={(event) => setConfirm(event.target.value)}
            autoComplete="off"
            error={apply.error?.fields?.confirm}
          />
          <GuardedButton
            action="backup.apply-keep-rules"
            type="submit"
            tone="danger"
            pending={apply.pending}
            disabledReason={confirm !== clusterName && `Type ${clusterName} first`}
          >
            Mark {plural(going, 'good backup')}
          </GuardedButton>
        </div>
      </form>
    </Notice>
  )
}
