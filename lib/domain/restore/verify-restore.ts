import { throwIfAborted } from '../../base/errors.ts'
import { mapAhead } from '../../base/map-ahead.ts'
import { isSameData } from '../diff/compare-znodes.ts'
import type { ZnodeReading } from '../znode/ports.ts'
import { matchStoredAcl } from './acl-stored.ts'
import type { PlanStep } from './plan.ts'
import type { RestoreTarget } from './ports.ts'
import { isQuotaStats } from './quota-paths.ts'

/** How a touched path differs from what the plan wanted there. */
export interface RemainingDifference {
  readonly path: string
  /** `missing`: nothing there; `present`: still there; `unreadable`: cannot be told. */
  readonly reason: 'missing' | 'present' | 'data' | 'acl' | 'ephemeral' | 'unreadable' | 'counter'
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
  /** ACLs that were read back and held against what the plan wants there, as the server stores it. */
  readonly aclsCompared: number
  /** ACLs with `auth` entries whose identity was not known when the plan was made: only the rest of them could be compared. */
  readonly aclsUnresolved: number
  /** Sequence counters that were read back, and those of them that are where the plan wants them or beyond. */
  readonly counters: { readonly checked: number; readonly reached: number }
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
  private aclsCompared = 0
  private aclsUnresolved = 0
  private readonly counters = { checked: 0, reached: 0 }
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
    const { kind, data, acl, stat } = live.znode
    if (kind === 'ephemeral') return 'ephemeral'
    if (step.step === 'advanceCounter') {
      this.counters.checked++
      if (stat.cversion < step.to) return 'counter'
      this.counters.reached++
      return null
    }
    if (step.step !== 'setAcl' && !isQuotaStats(step.path) && !isSameData(data, step.data)) return 'data'
    if (step.step === 'setData') return null
    const match = matchStoredAcl(acl, step.acl)
    if (match === 'hidden') this.aclsHidden++
    else if (match === 'unresolved') this.aclsUnresolved++
    else {
      this.aclsCompared++
      if (match === 'same') return null
      if (step.step === 'setAcl') return 'acl'
      // A later ACL step of the plan counts it once more.
      this.suspects.add(step.path)
      this.aclsCompared--
    }
    return null
  }

  report(): VerifyRestoreReport {
    for (const path of this.suspects) this.differ(path, 'acl')
    this.aclsCompared += this.suspects.size
    const { checked, differences, differenceCount, aclsHidden, aclsCompared, aclsUnresolved, counters } = this
    const equal = differenceCount === 0
    return { equal, checked, differences, differenceCount, aclsHidden, aclsCompared, aclsUnresolved, counters }
  }

  private differ(path: string, reason: RemainingDifference['reason']): void {
    this.differenceCount++
    if (this.differences.length < LISTED_MAX) this.differences.push({ path, reason })
  }
}
