import type { PlanStep } from '../plan.ts'
import type { WriteOperation } from '../ports.ts'

export type MultiStep = Exclude<PlanStep, { step: 'setAcl' | 'advanceCounter' }>

/** The guarded operation of a step that a multi can carry. */
export function toOperation(step: MultiStep): WriteOperation {
  switch (step.step) {
    case 'create':
      return {
        op: 'create',
        path: step.path,
        data: step.data,
        acl: step.acl,
        kind: step.kind,
        ttlMs: step.ttlMs,
      }
    case 'setData':
      return { op: 'setData', path: step.path, data: step.data, version: step.expect.version }
    case 'delete':
      return { op: 'delete', path: step.path, version: step.expect.version }
  }
}

/** Room for what a multi adds around its operations: frame length, header, end marker, and what adapters round up. */
export const MULTI_OVERHEAD_BYTES = 32
