import { Info, OctagonAlert, TriangleAlert } from 'lucide-react'
import { Badge, type BadgeTone } from '@/app/_ui/badge.tsx'
import type { Severity } from '@/lib/domain/alerts/rules.ts'

const LOOKS = {
  critical: { tone: 'bad', icon: <OctagonAlert aria-hidden /> },
  warning: { tone: 'warn', icon: <TriangleAlert aria-hidden /> },
  info: { tone: 'neutral', icon: <Info aria-hidden /> },
} as const satisfies Record<Severity, { tone: BadgeTone; icon: unknown }>

export function SeverityBadge({ severity }: { severity: Severity }) {
  return (
    <Badge tone={LOOKS[severity].tone} icon={LOOKS[severity].icon}>
      {severity}
    </Badge>
  )
}
