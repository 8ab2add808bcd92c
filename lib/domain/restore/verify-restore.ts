import { throwIfAborted } from '../../base/errors.ts'
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

const READ_AT_ONCE = 500
const LISTED_MAX = 1000

/**
 * Reads back every path that the plan touches and compares it with what the plan wants there at the end, whatever the journal says.
 * One pass over the steps; throws what the target throws, CancelledError.
 */
export async function verifyRestore(input: {
  readonly steps: AsyncIterable<PlanStep>
  readonly target: Pick<RestoreTarget, 'readMany'>
  readonly onProgress?: (checked: number) => void
  readonly signal?: AbortSignal
}): Promise<VerifyRestoreReport> {
  const check = new ReadBack()
  let chunk: PlanStep[] = []
  const flush = async () => {
    throwIfAborted(input.signal)
    const readings = await input.target.readMany(
      chunk.map((step) => step.path),
      { signal: input.signal },
    )
    for (const [at, step] of chunk.entries()) check.add(step, readings[at]!)
    chunk = []
    input.onProgress?.(check.checked)
  }
  for await (const step of input.steps) {
    chunk.push(step)
    if (chunk.length >= READ_AT_ONCE) await flush()
  }
  if (chunk.length > 0) await flush()
  return check.report()
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
