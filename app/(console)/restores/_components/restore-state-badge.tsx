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
} from 'lucide-react'
import { Badge, type BadgeTone } from '@/app/_ui/badge.tsx'
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

export function RestoreStateBadge({ state }: { state: RestoreState }) {
  const look = LOOKS[state]
  const Icon = look.icon
  return (
    <Badge tone={look.tone} icon={<Icon aria-hidden className={Icon === LoaderCircle ? 'animate-spin' : ''} />}>
      {look.text}
    </Badge>
  )
}
