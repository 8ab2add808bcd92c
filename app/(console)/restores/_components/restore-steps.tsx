import { StepList } from '@/app/_components/step-list.tsx'

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
  return <StepList label="Steps of a restore" steps={STEPS} current={current} />
}
