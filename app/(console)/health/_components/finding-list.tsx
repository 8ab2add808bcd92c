import { CircleAlert, CircleCheck, Info, TriangleAlert } from 'lucide-react'
import { Badge, type BadgeTone } from '@/app/_ui/badge.tsx'
import { Card } from '@/app/_ui/card.tsx'
import type { NamedFinding } from '@/lib/domain/health/find-dangers.ts'
import type { Severity } from '@/lib/domain/health/health-facts.ts'

const LOOKS: Record<Severity, { readonly tone: BadgeTone; readonly word: string; readonly Icon: typeof Info }> = {
  danger: { tone: 'bad', word: 'danger', Icon: CircleAlert },
  warning: { tone: 'warn', word: 'warning', Icon: TriangleAlert },
  note: { tone: 'neutral', word: 'note', Icon: Info },
}

/** What needs a person, worst first: what was seen, what to do, and the reason to believe it. */
export function FindingList({ findings }: { findings: readonly NamedFinding[] }) {
  if (findings.length === 0) {
    return (
      <Card title="Findings">
        <p className="flex items-center gap-2 text-sm">
          <CircleCheck aria-hidden className="size-4 shrink-0 text-added" />
          Nothing dangerous was found. What could not be checked is listed below.
        </p>
      </Card>
    )
  }
  return (
    <Card flush title="Findings">
      <ul aria-label="Findings" className="divide-y">
        {findings.map((finding) => (
          <FindingItem key={`${finding.rule} ${finding.title} ${finding.servers.join()}`} finding={finding} />
        ))}
      </ul>
    </Card>
  )
}

function FindingItem({ finding }: { finding: NamedFinding }) {
  const { tone, word, Icon } = LOOKS[finding.severity]
  return (
    <li className="flex flex-col gap-1 px-4 py-2.5 text-sm">
      <div className="flex flex-wrap items-center gap-2">
        <Badge tone={tone} icon={<Icon aria-hidden />}>
          {word}
        </Badge>
        <h3 className="min-w-0 break-words font-medium">{finding.title}</h3>
      </div>
      <p className="break-words">{finding.evidence}.</p>
      <p className="break-words">
        <span className="text-muted">What to do: </span>
        {finding.remedy}.
      </p>
      <p className="break-words text-muted text-xs">By: {finding.source}</p>
    </li>
  )
}
