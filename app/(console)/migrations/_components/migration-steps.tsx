import { StepList } from '@/app/_components/step-list.tsx'
import type { MigrationView } from '@/lib/services/migrations/views.ts'

const STEPS = [
  ['choose', 'Choose'],
  ['check', 'Check'],
  ['confirm', 'Confirm'],
  ['follow', 'Copy and follow'],
  ['switch', 'Switch over'],
  ['done', 'Done'],
] as const
type MigrationStep = (typeof STEPS)[number][0]

export function MigrationSteps({ current }: { current: MigrationStep }) {
  return <StepList label="Steps of a migration" steps={STEPS} current={current} />
}

/** Where in the wizard a migration stands; what has stopped stands where it would go on. */
export function stepOf({ state, confirmedAt }: Pick<MigrationView, 'state' | 'confirmedAt'>): MigrationStep {
  switch (state) {
    case 'checking':
      return 'check'
    case 'checked':
      return 'confirm'
    case 'switching':
      return 'switch'
    case 'done':
      return 'done'
    default:
      return confirmedAt === null ? 'check' : 'follow'
  }
}
