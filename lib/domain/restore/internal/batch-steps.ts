import { isSystemPath, ROOT } from '../../znode/path.ts'
import { RestoreError } from '../errors.ts'
import type { PlanStep } from '../plan.ts'
import type { RestoreTarget, WriteOperation } from '../ports.ts'
import { isQuotaPath } from '../quota-paths.ts'
import { toOperation } from './step-operation.ts'

/** Steps of one lane may be in flight together; the next lane starts when the one before it is settled. */
export type Lane = 'write' | 'delete' | 'counter' | 'acl'

export interface StepBatch {
  readonly lane: Lane
  /** A former process may have sent these: judge them by the live state before anything else. */
  readonly doubtful: boolean
  readonly steps: readonly PlanStep[]
  /** What a multi of the steps holds, in their order; none in the lanes of counters and ACLs. */
  readonly operations: readonly WriteOperation[]
}

export interface BatchLimits {
  readonly operationsMax: number
  readonly bytesMax: number
  readonly aclStepsMax: number
}

/** Groups the steps that are not settled yet; each group fits one multi by measured bytes (a single larger step goes alone). */
export async function* batchSteps(
  steps: AsyncIterable<readonly PlanStep[]>,
  target: Pick<RestoreTarget, 'encodedSizeOf'>,
  limits: BatchLimits,
  state: { isSettled(index: number): boolean; isDoubtful(index: number): boolean },
): AsyncGenerator<StepBatch, void, void> {
  let batch: PlanStep[] = []
  let operations: WriteOperation[] = []
  let lane: Lane = 'write'
  let doubtful = false
  let bytes = 0
  let next = 0
  for await (const some of steps) {
    for (const step of some) {
      assertPlanned(step, next++)
      if (state.isSettled(step.index)) continue
      const stepLane = laneOf(step)
      const stepDoubtful = state.isDoubtful(step.index)
      const operation = step.step === 'setAcl' || step.step === 'advanceCounter' ? null : toOperation(step)
      const size = operation === null ? 0 : target.encodedSizeOf(operation)
      const countMax = operation === null ? limits.aclStepsMax : limits.operationsMax
      const full = batch.length >= countMax || bytes + size > limits.bytesMax
      if (batch.length > 0 && (full || stepLane !== lane || stepDoubtful !== doubtful)) {
        yield { lane, doubtful, steps: batch, operations }
        batch = []
        operations = []
        bytes = 0
      }
      lane = stepLane
      doubtful = stepDoubtful
      bytes += size
      batch.push(step)
      if (operation !== null) operations.push(operation)
    }
  }
  if (batch.length > 0) yield { lane, doubtful, steps: batch, operations }
}

function laneOf(step: PlanStep): Lane {
  if (step.step === 'setAcl') return 'acl'
  if (step.step === 'advanceCounter') return 'counter'
  return step.step === 'delete' ? 'delete' : 'write'
}

/** The last line of defence, whatever the steps were read from. */
function assertPlanned(step: PlanStep, index: number): void {
  const fault =
    step.index !== index
      ? `step ${step.index} comes where step ${index} is due`
      : isSystemPath(step.path) && (!isQuotaPath(step.path) || step.step === 'advanceCounter')
        ? `step ${index} would write below /zookeeper`
        : step.path === ROOT && (step.step === 'create' || step.step === 'delete')
          ? `step ${index} would ${step.step} the root`
          : null
  if (fault === null) return
  throw new RestoreError('BAD_STEP', `The plan cannot be run: ${fault}`, { remedy: 'make the plan again' })
}
