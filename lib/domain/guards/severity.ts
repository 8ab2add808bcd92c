import type { PlanWarning } from '../restore/plan.ts'
import type { GuardSeverity } from './application.ts'

const ORDER: Record<GuardSeverity, number> = { danger: 0, warning: 1, note: 2 }

export function severityOf({ severity }: Pick<PlanWarning, 'severity'>): GuardSeverity {
  return severity ?? 'warning'
}

export function isDanger(warning: Pick<PlanWarning, 'severity'>): boolean {
  return severityOf(warning) === 'danger'
}

export function bySeverity(a: Pick<PlanWarning, 'severity'>, b: Pick<PlanWarning, 'severity'>): number {
  return ORDER[severityOf(a)] - ORDER[severityOf(b)]
}

/**
 * Those of the guards and those of the planner, the gravest first. A counter that goes back is a danger where `hasSequence` knows children
 * that have their names from it: names will repeat there. Elsewhere nobody may ever ask for it.
 */
export function joinWarnings(
  guards: readonly PlanWarning[],
  planner: readonly PlanWarning[],
  hasSequence: (parent: string) => boolean,
): PlanWarning[] {
  const graded = planner.map(
    (warning): PlanWarning =>
      warning.code === 'counter-back' && hasSequence(warning.path) ? { ...warning, severity: 'danger' } : warning,
  )
  return [...guards, ...graded].sort(bySeverity)
}
