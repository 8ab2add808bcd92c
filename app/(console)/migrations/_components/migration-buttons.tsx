'use client'

import { RotateCw, Square, Truck } from 'lucide-react'
import { ErrorNotice } from '@/app/_components/error-notice.tsx'
import { GuardedButton } from '@/app/_components/guarded-button.tsx'
import { useAction } from '@/app/_components/use-action.ts'
import type { MigrationView } from '@/lib/services/migrations/views.ts'
import { goOnWithMigrationAction, startSwitchAction, stopMigrationAction } from '../actions.ts'

/** What can be done with a migration in its state; what cannot says why. */
export function MigrationButtons({ migration, onDone }: { migration: MigrationView; onDone: () => void }) {
  const stop = useAction(stopMigrationAction, onDone)
  const goOn = useAction(goOnWithMigrationAction, onDone)
  const startSwitch = useAction(startSwitchAction, onDone)
  const error = stop.error ?? goOn.error ?? startSwitch.error
  const input = { migrationId: migration.id }
  const { state, canStop, canGoOn, canSwitch } = migration
  return (
    <>
      {error && (
        <div className="w-full">
          <ErrorNotice error={error} />
        </div>
      )}
      {canStop.ok && (
        <GuardedButton
          action="migration.stop"
          icon={<Square aria-hidden className="size-3.5" />}
          pending={stop.pending}
          onClick={() => stop.run(input)}
        >
          Stop the migration
        </GuardedButton>
      )}
      {(state === 'failed' || state === 'stopped') && (
        <GuardedButton
          action="migration.go-on"
          tone="primary"
          icon={<RotateCw aria-hidden className="size-4" />}
          pending={goOn.pending}
          disabledReason={!canGoOn.ok && (canGoOn.reason ?? 'It cannot go on')}
          onClick={() => goOn.run(input)}
        >
          {migration.confirmedAt === null ? 'Check again' : 'Go on'}
        </GuardedButton>
      )}
      {(state === 'copying' || state === 'following') && (
        <GuardedButton
          action="migration.switch"
          tone="primary"
          icon={<Truck aria-hidden className="size-4" />}
          pending={startSwitch.pending}
          disabledReason={!canSwitch.ok && (canSwitch.reason ?? 'Not yet')}
          onClick={() => startSwitch.run(input)}
        >
          Switch over…
        </GuardedButton>
      )}
    </>
  )
}
