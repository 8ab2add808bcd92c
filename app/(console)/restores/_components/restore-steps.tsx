import clsx from 'clsx'
import { Check } from 'lucide-react'

const STEPS = [
  ['scope', 'Scope'],
  ['plan', 'Plan'],
  ['confirm', 'Confirm'],
  ['run', 'Run'],
  ['result', 'Result'],
] as const
export type RestoreStep = (typeof STEPS)[number][0]

/** Where in the restore one is. */
export function RestoreSteps({ current }: { current: RestoreStep }) {
  const at = STEPS.findIndex(([step]) => step === current)
  return (
    <ol aria-label="Steps of a restore" className="mb-4 flex flex-wrap gap-x-1 gap-y-2 text-sm">
      {STEPS.map(([step, label], index) => (
        <li key={step} aria-current={step === current ? 'step' : undefined} className="flex items-center gap-1">
          {index > 0 && <span aria-hidden className="mx-1 h-px w-5 bg-line-strong" />}
          <span
            className={clsx(
              'inline-flex size-5 items-center justify-center rounded-full font-medium text-2xs',
              index < at && 'bg-added-soft text-added',
              index === at && 'bg-accent text-on-accent',
              index > at && 'bg-sunken text-muted ring-1 ring-line ring-inset',
            )}
          >
            {index < at ? <Check aria-hidden className="size-3" /> : index + 1}
          </span>
          <span className={index === at ? 'font-medium' : 'text-muted'}>
            {label}
            {index < at && <span className="sr-only">, done</span>}
          </span>
        </li>
      ))}
    </ol>
  )
}
