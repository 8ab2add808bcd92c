'use client'

import { useRouter } from 'next/navigation'
import { FormError } from '@/app/_components/form-error.tsx'
import { GuardedButton } from '@/app/_components/guarded-button.tsx'
import { useAction } from '@/app/_components/use-action.ts'
import { setCheckpointFilesAction } from '../actions.ts'

/** A copy of each checkpoint where backups lie. */
export function CheckpointFiles({ on }: { on: boolean }) {
  const router = useRouter()
  const set = useAction(setCheckpointFilesAction, () => router.refresh())
  return (
    <div className="flex flex-wrap items-center gap-2">
      <p className="min-w-0 flex-1 text-muted">
        {on
          ? 'Each checkpoint is written into the store as audit/checkpoint-N.json, too: whoever has only the database cannot write the log anew without being found.'
          : 'Checkpoints are kept in the database only. In the store, too, they tell when somebody who can write the database wrote the log anew.'}
      </p>
      <FormError error={set.error} fields={[]} />
      <GuardedButton
        action="audit.set-checkpoints"
        size="small"
        pending={set.pending}
        onClick={() => set.run({ on: !on })}
      >
        {on ? 'Stop writing them into the store' : 'Write them into the store'}
      </GuardedButton>
    </div>
  )
}
