import { Lock, LockOpen } from 'lucide-react'
import { Badge } from '@/app/_ui/badge.tsx'
import { RelativeTime } from '@/app/_ui/relative-time.tsx'

/** Whether Arkeeper may write to the cluster now. */
export function ArmedBadge({ isArmed, armedUntil }: { isArmed: boolean; armedUntil: string | null }) {
  if (!isArmed || armedUntil === null) {
    return (
      <Badge icon={<Lock aria-hidden />} title="Arkeeper refuses every write to this cluster until somebody arms it">
        read-only
      </Badge>
    )
  }
  return (
    <Badge tone="warn" icon={<LockOpen aria-hidden />} title="Writes are allowed for a limited time">
      armed, ends <RelativeTime at={armedUntil} />
    </Badge>
  )
}
