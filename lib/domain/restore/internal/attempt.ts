import { isSameData } from '../../diff/compare-znodes.ts'
import type { Acl } from '../../znode/acl.ts'
import type { ZnodeReading } from '../../znode/ports.ts'
import { isStoredAsFarAsSeen } from '../acl-stored.ts'
import type { ConflictReason } from '../conflict.ts'
import type { PlanStep } from '../plan.ts'
import type { RefusalCode, WriteOperation } from '../ports.ts'
import { toOperation } from './step-operation.ts'

/** One step as it will be sent: as planned, or with the guard of a state that the conflict policy lets it overwrite. */
export interface Attempt {
  readonly step: PlanStep
  /** Goes into the multi; null when only the ACL is written. */
  readonly operation: WriteOperation | null
  /** A request of its own after the multi. */
  readonly acl: { readonly acl: Acl; readonly aversion: number } | null
  /** czxid that the written znode must have; null where the step creates it or is about to remove it. */
  readonly czxid: bigint | null
  /** What is left behind, when the plan does not imply it. */
  readonly leaves: { readonly version: number; readonly aversion: number } | null
  /** The conflict that the policy lets it overwrite. */
  readonly overwrites: ConflictReason | null
}

/** The step with its own guard. `live` is needed for ACL steps only: a created znode's czxid is not in the plan. `operation`: when it is made already. */
export function toAttempt(step: PlanStep, live: ZnodeReading | null, operation?: WriteOperation): Attempt {
  if (step.step === 'setAcl') {
    const aversion = step.expect.kind === 'absent' ? 0 : step.expect.aversion
    const czxid = live?.kind === 'found' ? live.znode.stat.czxid : null
    return { step, operation: null, acl: { acl: step.acl, aversion }, czxid, leaves: null, overwrites: null }
  }
  if (step.step === 'advanceCounter')
    return { step, operation: null, acl: null, czxid: null, leaves: null, overwrites: null }
  const czxid = step.step === 'setData' ? step.expect.czxid : null
  return { step, operation: operation ?? toOperation(step), acl: null, czxid, leaves: null, overwrites: null }
}

/** The step guarded by the live state just read instead; null where nothing sensible can be overwritten. */
export function toOverwrite(step: PlanStep, live: ZnodeReading, overwrites: ConflictReason): Attempt | null {
  if (live.kind !== 'found' || live.znode.kind === 'ephemeral') return null
  const { data, acl, stat } = live.znode
  const { czxid, version, aversion } = stat
  const { path } = step
  switch (step.step) {
    case 'create': {
      const writesData = !isSameData(data, step.data)
      const writesAcl = !isStoredAsFarAsSeen(acl, step.acl)
      return {
        step,
        operation: writesData ? { op: 'setData', path, data: step.data, version } : null,
        acl: writesAcl ? { acl: step.acl, aversion } : null,
        czxid,
        leaves: { version: version + (writesData ? 1 : 0), aversion: aversion + (writesAcl ? 1 : 0) },
        overwrites,
      }
    }
    case 'setData':
      return {
        step,
        operation: { op: 'setData', path, data: step.data, version },
        acl: null,
        czxid,
        leaves: { version: version + 1, aversion },
        overwrites,
      }
    case 'delete':
      return { step, operation: { op: 'delete', path, version }, acl: null, czxid: null, leaves: null, overwrites }
    case 'setAcl':
      return {
        step,
        operation: null,
        acl: { acl: step.acl, aversion },
        czxid,
        leaves: { version, aversion: aversion + 1 },
        overwrites,
      }
    // Counters have a lane and ways of their own (counter-advancer.ts).
    case 'advanceCounter':
      return null
  }
}

/**
 * The reason behind a refusal that reading back cannot explain or that another try cannot mend; null where the live state decides
 * (someone else wrote in between).
 */
export function reasonOf(code: RefusalCode, step: PlanStep): ConflictReason | null {
  switch (code) {
    case 'NODE_EXISTS':
    case 'BAD_VERSION':
      return null
    case 'NO_NODE':
      return step.step === 'create' ? 'parent-missing' : null
    case 'NOT_EMPTY':
      return 'not-empty'
    case 'NO_AUTH':
      return 'no-auth'
    case 'INVALID_ACL':
      return 'invalid-acl'
    case 'NO_CHILDREN_FOR_EPHEMERALS':
      return 'ephemeral-parent'
    case 'QUOTA_EXCEEDED':
      return 'quota'
    case 'TOO_LARGE':
      return 'too-large'
    case 'UNIMPLEMENTED':
      return 'unsupported'
    case 'BAD_ARGUMENTS':
    case 'NOT_READ_ONLY':
    case 'OTHER':
      return 'refused'
  }
}
