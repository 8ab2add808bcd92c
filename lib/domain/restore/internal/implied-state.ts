import type { PlanStep } from '../plan.ts'

/** Numbers that identify what a step wrote; null where the step says nothing about them. */
export interface WrittenState {
  readonly czxid: bigint | null
  readonly version: number | null
  readonly aversion: number | null
}

/** What a step leaves behind when it goes as planned. `zxid`: of its transaction, where known. */
export function impliedState(step: PlanStep, zxid: bigint | null): WrittenState {
  switch (step.step) {
    case 'create':
      return { czxid: zxid, version: 0, aversion: 0 }
    case 'setData':
      return { czxid: step.expect.czxid, version: step.expect.version + 1, aversion: null }
    case 'setAcl':
      return step.expect.kind === 'absent'
        ? { czxid: null, version: null, aversion: 1 }
        : { czxid: step.expect.czxid, version: null, aversion: step.expect.aversion + 1 }
    case 'delete':
    case 'advanceCounter':
      return { czxid: null, version: null, aversion: null }
  }
}
