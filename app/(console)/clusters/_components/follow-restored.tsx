'use client'

import { useRouter } from 'next/navigation'
import { ErrorNotice } from '@/app/_components/error-notice.tsx'
import { GuardedButton } from '@/app/_components/guarded-button.tsx'
import { useAction } from '@/app/_components/use-action.ts'
import { Zxid } from '@/app/_components/zxid.tsx'
import { Notice } from '@/app/_ui/notice.tsx'
import type { FollowView } from '@/lib/services/follow/views.ts'
import { setFollowAction } from '../actions.ts'

interface Props {
  readonly clusterId: string
  readonly settings: FollowView['settings']
  readonly denied: string
}

/** What only a person can say: that the ensemble which denies what is kept is the same one, put back to an older state. */
export function FollowRestored({ clusterId, settings, denied }: Props) {
  const router = useRouter()
  const say = useAction(setFollowAction, () => router.refresh())
  const { quorumServers, baseHours, lagSecondsMax } = settings
  return (
    <Notice tone="warn" title="Was this ensemble put back to an older state?">
      <p>
        It never had <Zxid value={denied} />, the last transaction that is kept. If its servers were given an older data
        directory, say so: what is kept up to there stays, as its past, the stream goes on with the tree that the
        ensemble has now, and time travel does not cross the gap between them. If nobody did that, the quorum ports lead
        to another ensemble: correct them below.
      </p>
      <div className="mt-3 flex flex-col items-start gap-2">
        <GuardedButton
          action="follow.set"
          pending={say.pending}
          onClick={() =>
            say.run({
              ...{ clusterId, quorumServers, baseHours, lagSecondsMax },
              enabled: true,
              understood: true,
              restoredBehind: denied,
              reason: `put back to an older state than ${denied}`,
            })
          }
        >
          It was put back: go on behind a gap
        </GuardedButton>
        {say.error && <ErrorNotice error={say.error} />}
      </div>
    </Notice>
  )
}
