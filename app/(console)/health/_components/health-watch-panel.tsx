'use client'

import { useRouter } from 'next/navigation'
import { type FormEvent, useState } from 'react'
import { FormError } from '@/app/_components/form-error.tsx'
import { GuardedButton } from '@/app/_components/guarded-button.tsx'
import { useAction } from '@/app/_components/use-action.ts'
import { TextField } from '@/app/_ui/field.tsx'
import { HEALTH_EVERY_SECONDS } from '@/lib/services/health/schemas.ts'
import type { HealthView } from '@/lib/services/health/views.ts'
import { setHealthWatchAction } from '../actions.ts'

/** Whether and how often a worker looks. */
export function HealthWatchPanel({ clusterId, watch }: { clusterId: string; watch: HealthView['watch'] }) {
  const router = useRouter()
  const [seconds, setSeconds] = useState(String(watch.everySeconds))
  const save = useAction(setHealthWatchAction, () => router.refresh())
  const submit = (event: FormEvent) => {
    event.preventDefault()
    save.run({ clusterId, enabled: true, everySeconds: seconds })
  }
  return (
    <form onSubmit={submit} className="flex flex-col gap-3 text-sm">
      <p className="text-muted">
        A worker asks each server how it is: its AdminServer where the settings have one, else the words mntr and srvr
        on the client port, with one short connection at a time. Looks of each minute are kept for two days, one in ten
        minutes for two weeks, one an hour for three months; a look at which something changed is kept as long as those.
      </p>
      <FormError error={save.error} fields={['everySeconds']} />
      <TextField
        label="Every (seconds)"
        name="everySeconds"
        type="number"
        wrapperClassName="max-w-60"
        min={HEALTH_EVERY_SECONDS.min}
        max={HEALTH_EVERY_SECONDS.max}
        value={seconds}
        onChange={(event) => setSeconds(event.target.value)}
        error={save.error?.fields?.everySeconds}
      />
      <div className="flex flex-wrap justify-end gap-2">
        {watch.enabled && (
          <GuardedButton
            action="cluster.watch-health"
            pending={save.pending}
            onClick={() => save.run({ clusterId, enabled: false, everySeconds: watch.everySeconds })}
          >
            Stop looking
          </GuardedButton>
        )}
        <GuardedButton action="cluster.watch-health" type="submit" pending={save.pending}>
          {watch.enabled ? 'Change the interval' : 'Look at the servers'}
        </GuardedButton>
      </div>
    </form>
  )
}
