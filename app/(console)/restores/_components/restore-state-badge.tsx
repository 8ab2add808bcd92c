import {
  Ban,
  CircleAlert,
  CircleCheck,
  CirclePause,
  CircleX,
  Clock3,
  FileText,
  LoaderCircle,
  TriangleAlert,
  UserCheck,
} from 'lucide-react'
import { Badge, type BadgeTone } from '@/app/_ui/badge.tsx'
import type { ApprovalState } from '@/lib/services/approvals/views.ts'
import type { RestoreState } from '@/lib/services/restores/views.ts'

const LOOKS: Record<RestoreState, { tone: BadgeTone; icon: typeof Clock3; text: string }> = {
  planning: { tone: 'accent', icon: LoaderCircle, text: 'planning' },
  planned: { tone: 'warn', icon: FileText, text: 'waits for confirmation' },
  'plan-failed': { tone: 'bad', icon: CircleX, text: 'planning failed' },
  queued: { tone: 'neutral', icon: Clock3, text: 'waiting' },
  running: { tone: 'accent', icon: LoaderCircle, text: 'running' },
  paused: { tone: 'warn', icon: CirclePause, text: 'paused' },
  conflict: { tone: 'bad', icon: TriangleAlert, text: 'stopped at a conflict' },
  succeeded: { tone: 'good', icon: CircleCheck, text: 'done and verified' },
  incomplete: { tone: 'bad', icon: CircleAlert, text: 'incomplete' },
  failed: { tone: 'bad', icon: CircleX, text: 'failed' },
  cancelled: { tone: 'neutral', icon: Ban, text: 'cancelled' },
}

const APPROVAL_LOOKS: Partial<Record<ApprovalState, (typeof LOOKS)[RestoreState]>> = {
  none: { tone: 'warn', icon: UserCheck, text: 'needs an approval' },
  waiting: { tone: 'warn', icon: UserCheck, text: 'waits for approval' },
  approved: { tone: 'good', icon: UserCheck, text: 'approved, not run' },
  rejected: { tone: 'bad', icon: CircleX, text: 'rejected' },
  expired: { tone: 'warn', icon: Clock3, text: 'approval expired' },
  void: { tone: 'warn', icon: UserCheck, text: 'needs an approval' },
}

/** `approval`: of a cluster that asks for a second person; it says more than that a plan waits. */
export function RestoreStateBadge({ state, approval }: { state: RestoreState; approval?: ApprovalState }) {
  const look = (state === 'planned' && approval !== undefined && APPROVAL_LOOKS[approval]) || LOOKS[state]
  const Icon = look.icon
  return (
    <Badge tone={look.tone} icon={<Icon aria-hidden className={Icon === LoaderCircle ? 'animate-spin' : ''} />}>
      {look.text}
    </Badge>
  )
}
