import { CircleAlert, CircleCheck, CircleSlash, Clock, LoaderCircle, TriangleAlert } from 'lucide-react'
import type { ReactNode } from 'react'
import { Badge } from '@/app/_ui/badge.tsx'
import type { ScheduleRunView } from '@/lib/services/schedules/views.ts'
import { RUN_LOOKS } from './schedule-words.ts'

const ICONS: Record<ScheduleRunView['state'], ReactNode> = {
  waiting: <Clock aria-hidden />,
  running: <LoaderCircle aria-hidden className="animate-spin" />,
  succeeded: <CircleCheck aria-hidden />,
  failed: <CircleAlert aria-hidden />,
  cancelled: <CircleSlash aria-hidden />,
  skipped: <TriangleAlert aria-hidden />,
  missed: <CircleAlert aria-hidden />,
}

export function RunState({ run }: { run: Pick<ScheduleRunView, 'state' | 'sourceFaults'> }) {
  const { tone, text } = RUN_LOOKS[run.state]
  return (
    <span className="inline-flex flex-wrap gap-1">
      <Badge tone={tone} icon={ICONS[run.state]}>
        {text}
      </Badge>
      {run.sourceFaults.length > 0 && (
        <Badge tone="warn" icon={<TriangleAlert aria-hidden />}>
          other source
        </Badge>
      )}
    </span>
  )
}
