import { CircleCheck, CircleX, TriangleAlert } from 'lucide-react'
import { Badge } from '@/app/_ui/badge.tsx'
import { Card } from '@/app/_ui/card.tsx'
import { plural } from '@/app/_ui/format-number.ts'
import type { Finding, FindingLevel } from '@/lib/services/physical/views.ts'
import { LEVELS } from './physical-words.tsx'

const ICONS: Record<FindingLevel, typeof CircleX> = { blocker: CircleX, warning: TriangleAlert, ok: CircleCheck }

/** What was looked at before anything is stopped; what stands in the way first. */
export function FindingList({ findings }: { findings: readonly Finding[] }) {
  const blockers = findings.filter(({ level }) => level === 'blocker').length
  const warnings = findings.filter(({ level }) => level === 'warning').length
  const title =
    blockers > 0
      ? `Check: ${plural(blockers, 'thing')} in the way`
      : warnings > 0
        ? `Check: ${plural(warnings, 'thing')} to look at`
        : 'Check: all is fine'
  return (
    <Card title={title} flush>
      <ul aria-label="Findings" className="divide-y text-sm">
        {findings.map((finding, index) => {
          const Icon = ICONS[finding.level]
          return (
            // biome-ignore lint/suspicious/noArrayIndexKey: the list is fixed by its plan
            <li key={index} className="flex flex-col gap-1 px-4 py-2 sm:flex-row sm:gap-3">
              <span className="sm:w-28 sm:shrink-0">
                <Badge tone={LEVELS[finding.level].tone} icon={<Icon aria-hidden />}>
                  {LEVELS[finding.level].text}
                </Badge>
              </span>
              <div className="min-w-0">
                <p className="break-words">
                  {finding.server && <strong>{finding.server}: </strong>}
                  {finding.message}.
                </p>
                {finding.remedy && <p className="break-words text-muted">What to do: {finding.remedy}.</p>}
              </div>
            </li>
          )
        })}
      </ul>
    </Card>
  )
}
