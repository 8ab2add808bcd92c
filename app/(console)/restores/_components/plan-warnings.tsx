import { plural } from '@/app/_ui/format-number.ts'
import { Notice } from '@/app/_ui/notice.tsx'
import { ScrollBox } from '@/app/_ui/scroll-box.tsx'
import { severityOf } from '@/lib/domain/guards/severity.ts'
import type { PlanWarning } from '@/lib/domain/restore/plan.ts'
import { WarningList } from './warning-list.tsx'

/** Dangers, warnings and notes of a plan, each under its own head. */
export function PlanWarnings({ warnings }: { warnings: readonly PlanWarning[] }) {
  const of = (severity: ReturnType<typeof severityOf>) => warnings.filter((each) => severityOf(each) === severity)
  const dangers = of('danger')
  const cautions = of('warning')
  const notes = of('note')
  return (
    <>
      {dangers.length > 0 && (
        <Notice tone="bad" title={plural(dangers.length, 'danger')}>
          <ScrollBox label="Dangers of the plan" className="mt-1 max-h-64">
            <WarningList warnings={dangers} />
          </ScrollBox>
        </Notice>
      )}
      {cautions.length > 0 && (
        <Notice tone="warn" title={plural(cautions.length, 'warning')}>
          <ScrollBox label="Warnings of the plan" className="mt-1 max-h-64">
            <WarningList warnings={cautions} />
          </ScrollBox>
        </Notice>
      )}
      {notes.length > 0 && (
        <Notice title={plural(notes.length, 'note')}>
          <ScrollBox label="Notes of the plan" className="mt-1 max-h-48">
            <WarningList warnings={notes} />
          </ScrollBox>
        </Notice>
      )}
    </>
  )
}
