import clsx from 'clsx'
import { Minus, PenLine, Plus } from 'lucide-react'
import { DrawnText } from '@/app/_ui/drawn-text.tsx'
import type { ChangeField, ChangeKind } from '@/lib/domain/diff/change.ts'

export const CHANGE_LOOKS = {
  added: { sign: '+', icon: Plus, text: 'text-added', soft: 'bg-added-soft', bar: 'bg-added/75', label: 'added' },
  removed: {
    sign: '−',
    icon: Minus,
    text: 'text-removed',
    soft: 'bg-removed-soft',
    bar: 'bg-removed/75',
    label: 'removed',
  },
  changed: {
    sign: '~',
    icon: PenLine,
    text: 'text-changed',
    soft: 'bg-changed-soft',
    bar: 'bg-changed/75',
    label: 'changed',
  },
} as const satisfies Record<ChangeKind, unknown>

/** Colour, icon and word say the same, so that any one of them is enough. `drawn`: in a row whose label says it already. */
export function ChangeMark({
  change,
  fields,
  drawn = false,
}: {
  change: ChangeKind
  fields?: readonly ChangeField[]
  drawn?: boolean
}) {
  const look = CHANGE_LOOKS[change]
  const Icon = look.icon
  const names = change === 'changed' && fields ? fields.join(', ') : ''
  return (
    <span
      className={clsx(
        'inline-flex h-5 shrink-0 items-center gap-1 rounded px-1.5 font-medium text-2xs',
        look.soft,
        look.text,
      )}
    >
      <Icon aria-hidden className="size-3" />
      {drawn ? <DrawnText text={look.label} /> : look.label}
      {names !== '' &&
        (drawn ? <DrawnText text={names} className="font-normal" /> : <span className="font-normal"> {names}</span>)}
    </span>
  )
}

/** `+12 −3 ~4` with the words for screen readers. Zeros are left out. */
export function ChangeCountsText({ counts }: { counts: { added: number; removed: number; changed: number } }) {
  const kinds = ['added', 'removed', 'changed'] as const
  return (
    <span className="inline-flex gap-1.5 whitespace-nowrap text-xs">
      {kinds
        .filter((kind) => counts[kind] > 0)
        .map((kind) => (
          <span key={kind} className={CHANGE_LOOKS[kind].text}>
            <span aria-hidden>{CHANGE_LOOKS[kind].sign}</span>
            {counts[kind].toLocaleString('en-US')}
            <span className="sr-only"> {kind}</span>
          </span>
        ))}
    </span>
  )
}
