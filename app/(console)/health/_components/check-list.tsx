import { CircleCheck, CircleHelp } from 'lucide-react'
import { Card } from '@/app/_ui/card.tsx'
import { plural } from '@/app/_ui/format-number.ts'
import { RelativeTime } from '@/app/_ui/relative-time.tsx'
import type { Check } from '@/lib/domain/health/find-dangers.ts'

/** What was looked at and found well, and what nobody told: not known is not good. */
export function CheckList({ checks, settingsAt }: { checks: readonly Check[]; settingsAt: string | null }) {
  if (checks.length === 0) return null
  const unknown = checks.filter((check) => check.unknown !== null)
  const well = checks.filter((check) => check.unknown === null)
  return (
    <Card title="What was checked">
      <div className="flex flex-col gap-3 text-sm">
        {unknown.length > 0 && (
          <section aria-labelledby="checks-unknown">
            <h3 id="checks-unknown" className="mb-1 font-medium">
              Not known: {plural(unknown.length, 'check')}
            </h3>
            <ul className="flex flex-col gap-1">
              {unknown.map((check) => (
                <li key={check.rule} className="flex items-start gap-2">
                  <CircleHelp aria-hidden className="mt-0.5 size-4 shrink-0 text-changed" />
                  <span className="min-w-0 break-words">
                    {check.name}: <span className="text-muted">{check.unknown}</span>
                  </span>
                </li>
              ))}
            </ul>
          </section>
        )}
        <details>
          <summary className="font-medium">Well: {plural(well.length, 'check')}</summary>
          <ul className="mt-1 grid gap-1 md:grid-cols-2">
            {well.map((check) => (
              <li key={check.rule} className="flex items-start gap-2">
                <CircleCheck aria-hidden className="mt-0.5 size-4 shrink-0 text-added" />
                <span className="min-w-0 break-words">
                  {check.name} <span className="text-muted text-xs">({check.source})</span>
                </span>
              </li>
            ))}
          </ul>
        </details>
        {settingsAt && (
          <p className="text-muted text-xs">
            Settings and members were read <RelativeTime at={settingsAt} />: at first, when a server has started, and
            every quarter of an hour.
          </p>
        )}
      </div>
    </Card>
  )
}
