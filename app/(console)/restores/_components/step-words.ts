import type { StepResultKind } from '@/lib/domain/restore/step-results.ts'
import type { PlanStepView } from '@/lib/services/restores/views.ts'

export const STEP_WORDS: Record<PlanStepView['step'], string> = {
  create: 'create',
  setData: 'change value',
  setAcl: 'set ACL',
  delete: 'delete',
  advanceCounter: 'advance counter',
}

export const RESULT_WORDS: Record<StepResultKind, string> = {
  applied: 'applied',
  'already-done': 'already as wanted',
  skipped: 'skipped',
  conflict: 'conflict',
  overwritten: 'overwritten',
  'in-doubt': 'in doubt',
  'not-reached': 'not reached',
}
