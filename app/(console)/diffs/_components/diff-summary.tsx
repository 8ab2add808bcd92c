'use client'

import clsx from 'clsx'
import { CHANGE_LOOKS, ChangeCountsText } from '@/app/_components/change-mark.tsx'
import { ZnodePath } from '@/app/_components/znode-path.tsx'
import { formatCount, plural } from '@/app/_ui/format-number.ts'
import { useHydrated } from '@/app/_ui/use-hydrated.ts'
import type { ChangeCounts, DiffView } from '@/lib/services/diffs/views.ts'
import { countAll } from './picks.ts'
import { useDiffFilter } from './use-diff-filter.ts'

const KINDS = ['added', 'removed', 'changed'] as const
const BARS_SHOWN = 8

/** Numbers first: how much of which kind, and where most of it is. A click filters the tree. */
export function DiffSummary({ diff, summary }: { diff: DiffView; summary: NonNullable<DiffView['summary']> }) {
  const { filter, setFilter } = useDiffFilter(diff.id)
  const hydrated = useHydrated()
  const total = countAll(summary)
  const largest = Math.max(1, ...summary.byTop.map(countAll))
  const means = {
    added: `only in ${diff.rightLabel}`,
    removed: `only in ${diff.leftLabel}`,
    changed: 'in both, but different',
  }
  return (
    <section aria-label="Summary" className="grid gap-4 rounded-lg border bg-surface p-4 lg:grid-cols-2">
      <div className="flex min-w-0 flex-col gap-3">
        <StackedBar counts={summary} total={total} className="h-3" />
        <ul className="grid gap-2 sm:grid-cols-3">
          {KINDS.map((kind) => {
            const look = CHANGE_LOOKS[kind]
            const Icon = look.icon
            return (
              <li
                key={kind}
                className={clsx('rounded-md px-3 py-2', summary[kind] === 0 ? 'bg-sunken text-muted' : look.soft)}
              >
                <p className={clsx('flex items-center gap-1.5 font-semibold text-lg', summary[kind] > 0 && look.text)}>
                  <Icon aria-hidden className="size-4" />
                  {formatCount(summary[kind])} <span className="font-medium text-sm">{kind}</span>
                </p>
                <p className="text-xs">{means[kind]}</p>
              </li>
            )
          })}
        </ul>
        <p className="text-muted text-xs">
          {plural(summary.compared, 'znode')} compared. In changed znodes: value {formatCount(summary.byField.data)},
          ACL {formatCount(summary.byField.acl)}, kind {formatCount(summary.byField.kind)}.
          {summary.ephemeralSkipped > 0 && ` ${plural(summary.ephemeralSkipped, 'ephemeral difference')} left out.`}
        </p>
      </div>
      <div className="min-w-0">
        <h2 className="mb-1.5 font-medium text-muted text-xs">Where it differs, by top-level subtree</h2>
        <ul className="flex flex-col gap-1">
          {summary.byTop.slice(0, BARS_SHOWN).map((top) => (
            <li key={top.path}>
              <button
                type="button"
                disabled={!hydrated}
                onClick={() => setFilter({ ...filter, search: top.path })}
                title={`Show only ${top.path}`}
                className="grid w-full grid-cols-[minmax(5rem,11rem)_1fr_auto] items-center gap-3 rounded px-1 py-0.5 text-left hover:bg-hover"
              >
                <span className="truncate text-xs">
                  <ZnodePath path={top.path} />
                </span>
                <StackedBar counts={top} total={largest} className="h-2" />
                <ChangeCountsText counts={top} />
              </button>
            </li>
          ))}
        </ul>
        {summary.byTop.length > BARS_SHOWN && (
          <p className="mt-1 px-1 text-muted text-xs">
            and {plural(summary.byTop.length - BARS_SHOWN, 'more subtree')}
          </p>
        )}
      </div>
    </section>
  )
}

function StackedBar({ counts, total, className }: { counts: ChangeCounts; total: number; className: string }) {
  return (
    <span aria-hidden className={clsx('flex w-full gap-px overflow-hidden rounded-sm', className)}>
      {KINDS.filter((kind) => counts[kind] > 0).map((kind) => (
        <span
          key={kind}
          className={clsx('block h-full min-w-1', CHANGE_LOOKS[kind].bar)}
          style={{ width: `${(counts[kind] / total) * 100}%` }}
        />
      ))}
    </span>
  )
}
