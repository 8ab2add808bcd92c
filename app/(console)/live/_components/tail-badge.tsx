import { FOLLOW_WORDS } from '@/app/_components/follow-words.ts'
import { Badge, type BadgeTone } from '@/app/_ui/badge.tsx'
import { formatCount } from '@/app/_ui/format-number.ts'
import { RelativeTime } from '@/app/_ui/relative-time.tsx'
import type { LiveStatusView } from '@/lib/services/live/views.ts'
import type { TailState } from './use-live-tail.ts'

/** What the page shows at this moment: nothing is said to be heard that nobody hears. */
export function TailBadge({
  state,
  status,
  heldCount,
}: {
  state: TailState
  status: LiveStatusView
  /** Null: not paused. */
  heldCount: number | null
}) {
  if (heldCount !== null) {
    return <Badge tone="warn">paused{heldCount > 0 && `: ${formatCount(heldCount)} held`}</Badge>
  }
  if (state.kind === 'lost') {
    return (
      <Badge tone="bad" title={state.error?.message}>
        not connected, trying again
      </Badge>
    )
  }
  if (state.kind === 'connecting') return <Badge>connecting</Badge>
  const { follow, logEverySeconds } = status
  if (follow === null) {
    return <Badge>{logEverySeconds === null ? 'not followed' : `not followed: log every ${logEverySeconds} s`}</Badge>
  }
  const { text, tone } = FOLLOW_WORDS[follow.state]
  return <Badge tone={tone satisfies BadgeTone}>{text}</Badge>
}

/** How far it reaches, or since when it does not. Beside the badge: it would be read out each second. */
export function TailReach({ status: { follow } }: { status: LiveStatusView }) {
  if (follow === null) return null
  const isHeard = follow.state === 'following' || follow.state === 'behind'
  const { lastZxid, since } = follow
  return (
    <span className="text-muted text-xs">
      {!isHeard && since !== null && (
        <>
          since <RelativeTime at={since} />
          {lastZxid !== null && ', '}
        </>
      )}
      {lastZxid !== null && (
        <>
          last <code className="font-mono">{lastZxid}</code>
        </>
      )}
    </span>
  )
}
