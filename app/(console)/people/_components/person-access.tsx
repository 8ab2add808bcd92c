'use client'

import { ErrorNotice } from '@/app/_components/error-notice.tsx'
import { useAction } from '@/app/_components/use-action.ts'
import { Button } from '@/app/_ui/button.tsx'
import { RelativeTime } from '@/app/_ui/relative-time.tsx'
import type { PersonView } from '@/lib/services/people/views.ts'
import { endSessionsAction, openSignInAction } from '../actions.ts'

/** How somebody comes in, and what an administrator can do about it short of deactivating. */
export function PersonAccess({ person, onDone }: { person: PersonView; onDone: () => void }) {
  const end = useAction(endSessionsAction, onDone)
  const open = useAction(openSignInAction, onDone)
  const error = end.error ?? open.error
  const { id, name, sessions, closedUntil, isYou, signsInWith } = person
  return (
    <>
      {error && <ErrorNotice error={error} />}
      {signsInWith.includes('provider') && (
        <p className="text-muted">
          {name} comes in through single sign-on, which sets the role anew at each sign-in, as the groups there say.
        </p>
      )}
      {closedUntil && (
        <p className="flex flex-wrap items-center justify-between gap-2">
          <span>
            After failed attempts no password of {name} is looked at until <RelativeTime at={closedUntil} />.
          </span>
          <Button size="small" pending={open.pending} onClick={() => open.run({ userId: id })}>
            Open sign-in again
          </Button>
        </p>
      )}
      <p className="flex flex-wrap items-center justify-between gap-2">
        <span>
          {sessions === 0 ? 'No open session.' : sessions === 1 ? '1 open session.' : `${sessions} open sessions.`}
        </span>
        <Button
          size="small"
          pending={end.pending}
          disabledReason={sessions === 0 && 'There is none to end'}
          onClick={() => end.run({ userId: id })}
        >
          {sessions === 1 ? 'End the session' : `End all ${sessions} sessions`}
          {isYou ? ', this one too' : ''}
        </Button>
      </p>
    </>
  )
}
