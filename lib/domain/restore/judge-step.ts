import { isSameData } from '../diff/compare-znodes.ts'
import type { ZnodeReading } from '../znode/ports.ts'
import type { Znode } from '../znode/znode.ts'
import { isStoredAsFarAsSeen } from './acl-stored.ts'
import type { ConflictReason } from './conflict.ts'
import type { PlanStep } from './plan.ts'
import { isQuotaStats } from './quota-paths.ts'

export type StepVerdict =
  /** The live state is what the step would write. */
  | { readonly kind: 'done' }
  /** The live state is what the step was planned against: its guard will hold. */
  | { readonly kind: 'valid' }
  | { readonly kind: 'conflict'; readonly reason: ConflictReason }

const DONE: StepVerdict = { kind: 'done' }
const VALID: StepVerdict = { kind: 'valid' }

/**
 * What the live state means for a step. The same question is asked before a guarded write, after a refusal, after a lost answer and on
 * resume. `isOurs` tells whether a czxid is that of a transaction of this run, which is how a created znode's ACL step knows its znode.
 */
export function judgeStep(step: PlanStep, live: ZnodeReading, isOurs: (czxid: bigint) => boolean): StepVerdict {
  if (live.kind === 'unreadable') return conflict('unreadable')
  switch (step.step) {
    case 'create':
      if (live.kind === 'missing') return VALID
      if (live.znode.kind === 'ephemeral') return conflict('ephemeral')
      return isSameContent(live.znode, step) ? DONE : conflict('exists')
    case 'setData':
      if (live.kind === 'missing') return conflict('missing')
      if (live.znode.kind === 'ephemeral') return conflict('ephemeral')
      if (isSameData(live.znode.data, step.data)) return DONE
      if (live.znode.stat.czxid !== step.expect.czxid) return conflict('recreated')
      return live.znode.stat.version === step.expect.version ? VALID : conflict('version')
    case 'delete':
      if (live.kind === 'missing') return DONE
      if (live.znode.kind === 'ephemeral') return conflict('ephemeral')
      if (live.znode.stat.czxid !== step.expect.czxid) return conflict('recreated')
      return live.znode.stat.version === step.expect.version ? VALID : conflict('version')
    case 'setAcl':
      if (live.kind === 'missing') return conflict('missing')
      if (live.znode.kind === 'ephemeral') return conflict('ephemeral')
      return judgeAcl(step, live.znode, isOurs)
    case 'advanceCounter': {
      if (live.kind === 'missing') return conflict('missing')
      const { kind, stat } = live.znode
      if (kind === 'ephemeral') return conflict('ephemeral')
      const isSame = step.expect.kind === 'absent' ? isOurs(stat.czxid) : stat.czxid === step.expect.czxid
      // A counter that is there already is as wanted, whoever brought it there.
      if (stat.cversion >= step.to) return DONE
      return isSame ? VALID : conflict('recreated')
    }
  }
}

function judgeAcl(
  step: Extract<PlanStep, { step: 'setAcl' }>,
  znode: Znode,
  isOurs: (czxid: bigint) => boolean,
): StepVerdict {
  const { czxid, aversion } = znode.stat
  const isSameZnode = step.expect.kind === 'absent' ? isOurs(czxid) : czxid === step.expect.czxid
  const planned = step.expect.kind === 'absent' ? 0 : step.expect.aversion
  // A list that hides digests cannot prove that it is there already; the guard decides then.
  if (isSameZnode && aversion === planned) return VALID
  if (isStoredAsFarAsSeen(znode.acl, step.acl)) return DONE
  return conflict(isSameZnode ? 'acl-version' : 'recreated')
}

function isSameContent(znode: Znode, step: Extract<PlanStep, { step: 'create' }>): boolean {
  return (isQuotaStats(step.path) || isSameData(znode.data, step.data)) && isStoredAsFarAsSeen(znode.acl, step.acl)
}

function conflict(reason: ConflictReason): StepVerdict {
  return { kind: 'conflict', reason }
}
