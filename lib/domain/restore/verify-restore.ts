import { throwIfAborted } from '../../base/errors.ts'
import { mapAhead } from '../../base/map-ahead.ts'
import { isSameData } from '../diff/compare-znodes.ts'
import { isMaskedAcl, isSameAcl } from '../znode/acl.ts'
import type { ZnodeReading } from '../znode/ports.ts'
import type { PlanStep } from './plan.ts'
import type { RestoreTarget } from './ports.ts'

/** How a touched path differs from what the plan wanted there. */
export interface RemainingDifference {
  readonly path: string
  /** `missing`: nothing there; `present`: still there; `unreadable`: cannot be told. */
  readonly reason: 'missing' | 'present' | 'data' | 'acl' | 'ephemeral' | 'unreadable'
}

export interface VerifyRestoreReport {
  /** True only when every touched path was read and is as planned. */
  readonly equal: boolean
  readonly checked: number
  /** The first thousand. */
  readonly differences: readonly RemainingDifference[]
  readonly differenceCount: number
  /** ACLs that the server shows with hidden digests: nothing is known against them, nothing for them either. */
  readonly aclsHidden: number
}

// Between two rounds the server has little to do: few large ones.
const READ_AT_ONCE = 4000
/** Data that the plan wants in one round, bytes; there is always at least one step in it. */
const BYTES_AT_ONCE = 4 * 1024 * 1024
const LISTED_MAX = 1000

/**
 * Reads back every path that the plan touches and compares it with what the plan wants there at the end, whatever the journal says.
 * One pass over the steps; throws what the target throws, CancelledError.
 */
export async function verifyRestore(input: {
  readonly steps: AsyncIterable<readonly PlanStep[]>
  readonly target: Pick<RestoreTarget, 'readMany'>
  readonly onProgress?: (checked: number) => void
  readonly signal?: AbortSignal
}): Promise<VerifyRestoreReport> {
  const check = new ReadBack()
  const rounds = mapAhead(roundsOf(input.steps), (steps) => {
    throwIfAborted(input.signal)
    const paths = steps.map((step) => step.path)
    return input.target.readMany(paths, { signal: input.signal })
  })
  for await (const { input: steps, output: readings } of rounds) {
    for (const [at, step] of steps.entries()) check.add(step, readings[at]!)
    input.onProgress?.(check.checked)
  }
  return check.report()
}

async function* roundsOf(steps: AsyncIterable<readonly PlanStep[]>): AsyncGenerator<readonly PlanStep[]> {
  let round: PlanStep[] = []
  let bytes = 0
  for await (const some of steps) {
    for (const step of some) {
      round.push(step)
      if (step.step === 'create' || step.step === 'setData') bytes += step.data?.length ?? 0
      if (round.length < READ_AT_ONCE && bytes < BYTES_AT_ONCE) continue
      yield round
      round = []
      bytes = 0
    }
  }
  if (round.length > 0) yield round
}

class ReadBack {
  checked = 0
  private aclsHidden = 0
  private differenceCount = 0
  private readonly differences: RemainingDifference[] = []
  /** Creates whose ACL is not the one they were created with: a later ACL step of the plan may have the last word. */
  private readonly suspects = new Set<string>()

  add(step: PlanStep, live: ZnodeReading): void {
    this.checked++
    const reason = this.findDifference(step, live)
    if (reason !== null) this.differ(step.path, reason)
  }

  private findDifference(step: PlanStep, live: ZnodeReading): RemainingDifference['reason'] | null {
    if (live.kind === 'unreadable') return 'unreadable'
    if (step.step === 'delete') return live.kind === 'missing' ? null : 'present'
    if (step.step === 'setAcl') this.suspects.delete(step.path)
    if (live.kind === 'missing') return 'missing'
    const { kind, data, acl } = live.znode
    if (kind === 'ephemeral') return 'ephemeral'
    if (step.step !== 'setAcl' && !isSameData(data, step.data)) return 'data'
    if (step.step === 'setData' || isSameAcl(acl, step.acl)) return null
    if (isMaskedAcl(acl)) this.aclsHidden++
    else if (step.step === 'setAcl') return 'acl'
    else this.suspects.add(step.path)
    return null
  }

  report(): VerifyRestoreReport {
    for (const path of this.suspects) this.differ(path, 'acl')
    const { checked, differences, differenceCount, aclsHidden } = this
    return { equal: differenceCount === 0, checked, differences, differenceCount, aclsHidden }
  }

  private differ(path: string, reason: RemainingDifference['reason']): void {
    this.differenceCount++
    if (this.differences.length < LISTED_MAX) this.differences.push({ path, reason })
  }
}
