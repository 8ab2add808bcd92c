'use client'

import { useAlertCounts } from '@/app/_components/use-alert-counts.ts'
import { Badge } from '@/app/_ui/badge.tsx'
import { plural } from '@/app/_ui/format-number.ts'

/** Beside the link to the alerts: how many fire. Nothing where none does. */
export function AlertCount() {
  const { data } = useAlertCounts()
  const grave = data?.critical ?? 0
  const count = grave + (data?.warning ?? 0) + (data?.info ?? 0)
  if (count === 0) return null
  return (
    <Badge tone={grave > 0 ? 'bad' : 'warn'} title={`${plural(count, 'alert')} open, ${grave} of them critical`}>
      {count}
      <span className="sr-only"> open</span>
    </Badge>
  )
}
