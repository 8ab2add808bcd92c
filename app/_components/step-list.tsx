import clsx from 'clsx'
import { Check } from 'lucide-react'

/** Where one is in something that takes several steps. */
export function StepList<Step extends string>({
  label,
  steps,
  current,
}: {
  label: string
  steps: ReadonlyArray<readonly [Step, string]>
  current: Step
}) {
  const at = steps.findIndex(([step]) => step === current)
  return (
    <ol aria-label={label} className="mb-4 flex flex-wrap gap-x-1 gap-y-2 text-sm">
      {steps.map(([step, text], index) => (
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
            {text}
            {index < at && <span className="sr-only">, done</span>}
          </span>
        </li>
      ))}
    </ol>
  )
}
