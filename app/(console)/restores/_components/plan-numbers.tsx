import clsx from 'clsx'
import { Minus, PenLine, Plus, Shield } from 'lucide-react'
import { SKIPPED_WORDS } from '@/app/_components/restore-words.ts'
import { Zxid } from '@/app/_components/zxid.tsx'
import { CopyButton } from '@/app/_ui/copy-button.tsx'
import { formatCount, plural } from '@/app/_ui/format-number.ts'
import { Notice } from '@/app/_ui/notice.tsx'
import { RelativeTime } from '@/app/_ui/relative-time.tsx'
import { formatBytes } from '@/lib/base/format-bytes.ts'
import type { PlanView } from '@/lib/services/restores/views.ts'
import { describeFields } from '../../clusters/_components/describe-fields.ts'
import { PlanWarnings } from './plan-warnings.tsx'

export function PlanNumbers({ plan }: { plan: PlanView }) {
  const numbers = [
    { label: 'to create', count: plan.creates, icon: Plus, look: 'bg-added-soft text-added' },
    { label: 'to change', count: plan.updates, icon: PenLine, look: 'bg-changed-soft text-changed' },
    { label: 'to delete', count: plan.deletes, icon: Minus, look: 'bg-removed-soft text-removed' },
    { label: 'ACLs to set', count: plan.aclChanges, icon: Shield, look: 'bg-accent-soft text-accent' },
  ]
  const skipped = Object.entries(plan.skipped).filter(([, count]) => count > 0)
  return (
    <div className="flex flex-col gap-4 text-sm">
      <ul className="grid grid-cols-2 gap-2 sm:grid-cols-4">
        {numbers.map(({ label, count, icon: Icon, look }) => (
          <li key={label} className={clsx('rounded-md px-3 py-2', count === 0 ? 'bg-sunken text-muted' : look)}>
            <span className="flex items-center gap-1.5 font-semibold text-lg">
              <Icon aria-hidden className="size-4" />
              {formatCount(count)}
            </span>
            <span className="text-xs">{label}</span>
          </li>
        ))}
      </ul>
      {plan.steps === 0 && <NothingToDo plan={plan} />}
      <p className="text-muted text-xs">
        {plural(plan.steps, 'step')}, {formatBytes(plan.dataBytes)} of data. Planned{' '}
        <RelativeTime at={plan.plannedAt} /> against the live tree at <Zxid value={plan.plannedAtZxid} />. Plan{' '}
        <code className="font-mono" title={plan.hash}>
          {plan.hash.slice(0, 23)}…
        </code>
        <CopyButton text={plan.hash} what="hash of the plan" />
      </p>
      {skipped.length > 0 && (
        <div>
          <h3 className="mb-1 font-medium text-muted text-xs">Left out</h3>
          <ul className="list-disc pl-4">
            {skipped.map(([reason, count]) => (
              <li key={reason}>
                {plural(count, 'znode')} {SKIPPED_WORDS[reason] ?? `(${reason})`}
                {reason === 'ignored' && <LeftOutByRule plan={plan} />}
              </li>
            ))}
          </ul>
        </div>
      )}
      <PlanWarnings warnings={plan.warnings} />
    </div>
  )
}

function NothingToDo({ plan: { laterWrites } }: { plan: PlanView }) {
  if (laterWrites === null || laterWrites.count === 0 || laterWrites.overwritten) {
    return (
      <Notice tone="good" title="There is nothing to do">
        The cluster holds already what this restore would write.
      </Notice>
    )
  }
  return (
    <Notice tone="warn" title="Nothing would be written">
      What this would take back was written by others since, and stays as they left it.
    </Notice>
  )
}

function LeftOutByRule({ plan }: { plan: PlanView }) {
  return (
    <ul aria-label="Left out, by ignore rule" className="text-muted text-xs">
      {plan.leftOut.map((rule) => (
        <li key={`${rule.pattern} ${rule.fields.join()}`}>
          <code className="break-all font-mono text-fg">{rule.pattern}</code>: {formatCount(rule.changes)},{' '}
          {describeFields(rule.fields)} – {rule.note}
        </li>
      ))}
    </ul>
  )
}
