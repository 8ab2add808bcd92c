import { isSystemPath, ROOT } from '../../znode/path.ts'
import { RestoreError } from '../errors.ts'
import type { PlanStep } from '../plan.ts'
import type { RestoreTarget } from '../ports.ts'
import { toOperation } from './step-operation.ts'

/** Steps of one lane may be in flight together; the next lane starts when the one before it is settled. */
export type Lane = 'write' | 'delete' | 'acl'

export interface StepBatch {
  readonly lane: Lane
  /** A former process may have sent these: judge them by the live state before anything else. */
  readonly doubtful: boolean
  readonly steps: readonly PlanStep[]
}

export interface BatchLimits {
  readonly operationsMax: number
  readonly bytesMax: number
  readonly aclStepsMax: number
}

/** Groups the steps that are not settled yet; each group fits one multi by measured bytes (a single larger step goes alone). */
export async function* batchSteps(
  steps: AsyncIterable<PlanStep>,
  target: Pick<RestoreTarget, 'encodedSizeOf'>,
  limits: BatchLimits,
  state: { isSettled(index: number): boolean; isDoubtful(index: number): boolean },
): AsyncGenerator<StepBatch, void, void> {
  let batch: PlanStep[] = []
  let lane: Lane = 'write'
  let doubtful = false
  let bytes = 0
  let next = 0
  for await (const step of steps) {
    assertPlanned(step, next++)
    if (state.isSettled(step.index)) continue
    const stepLane: Lane = step.step === 'setAcl' ? 'acl' : step.step === 'delete' ? 'delete' : 'write'
    const stepDoubtful = state.isDoubtful(step.index)
    const size = step.step === 'setAcl' ? 0 : target.encodedSizeOf(toOperation(step))
    const countMax = stepLane === 'acl' ? limits.aclStepsMax : limits.operationsMax
    const full = batch.length >= countMax || bytes + size > limits.bytesMax
    if (batch.length > 0 && (full || stepLane !== lane || stepDoubtful !== doubtful)) {
      yield { lane, doubtful, steps: batch }
      batch = []
      bytes = 0
    }
    lane = stepLane
    doubtful = stepDoubtful
    bytes += size
    batch.push(step)
  }
  if (batch.length > 0) yield { lane, doubtful, steps: batch }
}

/** The last line of defence, whatever the steps were read from. */
function assertPlanned(step: PlanStep, index: number): void {
  const fault =
    step.index !== index
      ? `step ${step.index} comes where step ${index} is due`
      : isSystemPath(step.path)
        ? `step ${index} would write below /zookeeper`
        : step.path === ROOT && (step.step === 'create' || step.step === 'delete')
          ? `step ${index} would ${step.step} the root`
          : null
  if (fault === null) return
  throw new RestoreError('BAD_STEP', `The plan cannot be run: ${fault}`, { remedy: 'make the plan again' })
}
