import { CircleCheck, CircleX, FileText, GitBranch, LoaderCircle, Square, Truck } from 'lucide-react'
import { Badge, type BadgeTone } from '@/app/_ui/badge.tsx'
import type { MigrationView } from '@/lib/services/migrations/views.ts'

const LOOKS: Record<MigrationView['state'], { tone: BadgeTone; icon: typeof CircleCheck; text: string }> = {
  checking: { tone: 'accent', icon: LoaderCircle, text: 'checking' },
  checked: { tone: 'warn', icon: FileText, text: 'waits for confirmation' },
  copying: { tone: 'accent', icon: LoaderCircle, text: 'copying' },
  following: { tone: 'accent', icon: GitBranch, text: 'following' },
  switching: { tone: 'warn', icon: Truck, text: 'switching over' },
  done: { tone: 'good', icon: CircleCheck, text: 'done, no difference' },
  stopped: { tone: 'neutral', icon: Square, text: 'stopped' },
  failed: { tone: 'bad', icon: CircleX, text: 'stopped by a failure' },
}

export function MigrationStateBadge({ state }: { state: MigrationView['state'] }) {
  const { tone, icon: Icon, text } = LOOKS[state]
  return (
    <Badge tone={tone} icon={<Icon aria-hidden className={Icon === LoaderCircle ? 'animate-spin' : ''} />}>
      {text}
    </Badge>
  )
}
