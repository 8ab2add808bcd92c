'use client'

import { EyeOff } from 'lucide-react'
import Link from 'next/link'
import { paths } from '@/app/_nav/paths.ts'
import { Button } from '@/app/_ui/button.tsx'
import { formatCount, plural } from '@/app/_ui/format-number.ts'
import type { IgnoredMode } from '@/lib/services/diffs/schemas.ts'
import type { DiffView, IgnoredView } from '@/lib/services/diffs/views.ts'
import { describeFields } from '../../clusters/_components/describe-fields.ts'

/** How much the ignore rules hide, by which rule, and the way to see it all the same. */
export function IgnoredBar({
  diff,
  report,
  ignored,
  onIgnored,
}: {
  diff: DiffView
  report: IgnoredView
  ignored: IgnoredMode
  onIgnored: (mode: IgnoredMode) => void
}) {
  const hiding = report.rules.filter((rule) => rule.hidden > 0)
  if (report.rules.length === 0 && !report.changedSince) return null
  const changes = plural(report.hidden, 'change')
  const rules = plural(hiding.length, 'rule')
  const isShown = ignored === 'show'
  const say =
    report.hidden === 0
      ? `${plural(report.rules.length, 'ignore rule')}: nothing is hidden here`
      : isShown
        ? `${changes} that ${rules} would hide ${report.hidden === 1 ? 'is' : 'are'} shown and marked`
        : `${changes} hidden by ${rules}`
  return (
    <section
      aria-label="Ignored changes"
      className="flex flex-wrap items-center gap-x-3 gap-y-2 rounded-lg border bg-surface px-4 py-2 text-sm"
    >
      <EyeOff aria-hidden className="size-4 shrink-0 text-muted" />
      <p role="status">{say}</p>
      {report.hidden > 0 && (
        <Button size="small" aria-pressed={isShown} onClick={() => onIgnored(isShown ? 'hide' : 'show')}>
          {isShown ? `Hide ${report.hidden === 1 ? 'it' : 'them'}` : `Show ${report.hidden === 1 ? 'it' : 'them'}`}
        </Button>
      )}
      {report.changedSince && (
        <p className="text-muted text-xs">The rules are others now than when this was compared.</p>
      )}
      {diff.clusterId !== null && (
        <Link href={paths.clusterSettings(diff.clusterId, 'ignored')} className="link text-xs">
          Ignore rules
        </Link>
      )}
      {hiding.length > 0 && (
        <ul aria-label="By rule" className="w-full text-muted text-xs">
          {hiding.map((rule) => (
            <li key={rule.id}>
              <code className="break-all font-mono text-fg">{rule.pattern}</code>: {formatCount(rule.hidden)},{' '}
              {describeFields(rule.fields)} – {rule.note}
            </li>
          ))}
        </ul>
      )}
    </section>
  )
}
