'use client'

import { Lock, LockOpen } from 'lucide-react'
import { useRouter } from 'next/navigation'
import { type FormEvent, useState } from 'react'
import { ErrorNotice } from '@/app/_components/error-notice.tsx'
import { GuardedButton } from '@/app/_components/guarded-button.tsx'
import { useAction } from '@/app/_components/use-action.ts'
import { SelectField, TextField } from '@/app/_ui/field.tsx'
import { RelativeTime } from '@/app/_ui/relative-time.tsx'
import { ARM_MINUTES } from '@/lib/services/clusters/schemas.ts'
import type { ClusterView } from '@/lib/services/clusters/views.ts'
import { armClusterAction, disarmClusterAction } from '../actions.ts'

const WORDS: Record<(typeof ARM_MINUTES)[number], string> = { 15: '15 minutes', 60: '1 hour', 480: '8 hours' }

export function ArmPanel({ cluster }: { cluster: ClusterView }) {
  const router = useRouter()
  const [minutes, setMinutes] = useState<(typeof ARM_MINUTES)[number]>(15)
  const arm = useAction(armClusterAction, () => router.refresh())
  const disarm = useAction(disarmClusterAction, () => router.refresh())
  const error = arm.error ?? disarm.error
  const submit = (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault()
    const reason = String(new FormData(event.currentTarget).get('reason') ?? '')
    arm.run({ clusterId: cluster.id, minutes, reason })
  }
  return (
    <div className="flex flex-col gap-3 text-sm">
      {error && <ErrorNotice error={error} />}
      {cluster.isArmed && cluster.armedUntil ? (
        <p>
          <strong>{cluster.name} is armed.</strong> Edits and confirmed restores are written to it. It becomes read-only
          by itself <RelativeTime at={cluster.armedUntil} />.
        </p>
      ) : (
        <p>
          <strong>{cluster.name} is read-only.</strong> Arkeeper refuses every write to it, whoever asks. Arm it for the
          time that you need.
        </p>
      )}
      <form onSubmit={submit} className="flex flex-col gap-3">
        <SelectField
          label="Allow writes for"
          value={minutes}
          onChange={(event) =>
            setMinutes(ARM_MINUTES.find((each) => String(each) === event.target.value) ?? ARM_MINUTES[0])
          }
        >
          {ARM_MINUTES.map((each) => (
            <option key={each} value={each}>
              {WORDS[each]}
            </option>
          ))}
        </SelectField>
        <TextField label="Reason" name="reason" maxLength={500} hint="Kept in the audit." />
        <div className="flex flex-wrap gap-2">
          <GuardedButton
            action="cluster.arm"
            type="submit"
            tone="danger"
            pending={arm.pending}
            icon={<LockOpen aria-hidden className="size-4" />}
          >
            {cluster.isArmed ? `Arm for ${WORDS[minutes]} from now` : `Allow writes for ${WORDS[minutes]}`}
          </GuardedButton>
          <GuardedButton
            action="cluster.disarm"
            pending={disarm.pending}
            disabledReason={!cluster.isArmed && 'The cluster is read-only already'}
            icon={<Lock aria-hidden className="size-4" />}
            onClick={() => disarm.run({ clusterId: cluster.id })}
          >
            Make read-only now
          </GuardedButton>
        </div>
      </form>
    </div>
  )
}
