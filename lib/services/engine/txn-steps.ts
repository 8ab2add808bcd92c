import type { PlanStep } from '../../domain/restore/plan.ts'
import type { UndoneRun } from '../../domain/restore/plan-undo.ts'
import type { ZnodeTouch } from '../../domain/txnlog/visit-touched.ts'
import { isSystemPath } from '../../domain/znode/path.ts'
import type { ZnodeReading } from '../../domain/znode/ports.ts'

/** Why a place that a transaction touched cannot be taken back. */
export type NotUndone = 'ephemeral' | 'system' | 'nothing-left'

/** What a transaction made of one znode, all its parts together. */
export interface NetTouch {
  readonly path: string
  readonly net: 'created' | 'replaced' | 'changed' | 'deleted'
  readonly data: boolean
  readonly acl: boolean
  /** Absolute, as the log has it; null where no part said it. */
  readonly version: number | null
  readonly aversion: number | null
}

export interface NetTxn {
  /** In the order in which they were touched first. */
  readonly touched: readonly NetTouch[]
  readonly left: readonly { readonly path: string; readonly why: NotUndone }[]
}

/** Each path once: a multi may touch one several times. What belongs to a session and what belongs to the servers is never taken back. */
export function netOf(touches: readonly ZnodeTouch[]): NetTxn {
  const touched: NetTouch[] = []
  const left: { path: string; why: NotUndone }[] = []
  for (const [path, parts] of Map.groupBy(touches, (touch) => touch.path)) {
    const found = isSystemPath(path) ? 'system' : netTouch(path, parts)
    if (typeof found === 'string') left.push({ path, why: found })
    else touched.push(found)
  }
  return { touched, left }
}

function netTouch(path: string, parts: readonly ZnodeTouch[]): NetTouch | NotUndone {
  const existed = parts[0]?.kind !== 'create'
  let exists = existed
  let remade = false
  let data = false
  let acl = false
  let version: number | null = null
  let aversion: number | null = null
  for (const part of parts) {
    switch (part.kind) {
      case 'closed':
        return 'ephemeral'
      case 'create':
        if (part.ephemeral) return 'ephemeral'
        exists = true
        remade = true
        version = 0
        aversion = 0
        break
      case 'delete':
        exists = false
        break
      case 'setData':
        data = true
        version = part.version
        break
      case 'setAcl':
        acl = true
        aversion = part.aversion
        break
    }
  }
  if (!existed && !exists) return 'nothing-left'
  const net = !exists ? 'deleted' : !remade ? 'changed' : existed ? 'replaced' : 'created'
  return { path, net, data, acl, version, aversion }
}

/**
 * The transaction as if it had been a run of ours: steps that were carried out, and what each left behind. A znode that is as old as the
 * transaction is the very one that it touched; a younger one was made since, whatever its versions say.
 */
export function toUndoneRun(
  zxid: bigint,
  touched: readonly NetTouch[],
  live: ReadonlyMap<string, ZnodeReading>,
): { readonly steps: readonly PlanStep[]; readonly journal: UndoneRun } {
  const steps: PlanStep[] = []
  const rewritten: UndoneRun['rewritten'] = new Map()
  for (const touch of touched) {
    const { path, net, version, aversion } = touch
    const reading = live.get(path)
    const stat = reading?.kind === 'found' ? reading.znode.stat : null
    const isMade = net === 'created' || net === 'replaced'
    const czxid = isMade ? zxid : stat !== null && stat.czxid <= zxid ? stat.czxid : NEVER
    const left = { czxid, version: version ?? stat?.version ?? 0, aversion: aversion ?? stat?.aversion ?? 0 }
    for (const step of stepsOf(touch)) {
      const index = steps.length
      rewritten.set(index, { index, ...left })
      steps.push(toStep(step, { index, path, expect: { kind: 'present', ...left } }))
    }
  }
  const journal = {
    findApplied: (index: number) => (index < steps.length ? { zxid } : null),
    doubtful: { has: () => false },
    conflicts: [],
    zxids: new Set([zxid]),
    rewritten,
  }
  return { steps, journal }
}

/** No znode has it. */
const NEVER = 0n

function stepsOf({ net, data, acl }: NetTouch): PlanStep['step'][] {
  if (net === 'deleted') return ['delete']
  if (net !== 'changed') return ['create']
  return [...(data ? (['setData'] as const) : []), ...(acl ? (['setAcl'] as const) : [])]
}

type Present = Extract<PlanStep, { step: 'delete' }>['expect']

/** What it wrote does not matter on the way back: only where, and what it left. */
function toStep(step: PlanStep['step'], at: { index: number; path: string; expect: Present }): PlanStep {
  const { index, path, expect } = at
  switch (step) {
    case 'create':
      return { step, index, path, data: null, acl: [], kind: 'persistent', ttlMs: null, expect: { kind: 'absent' } }
    case 'setData':
      return { step, index, path, data: null, expect }
    case 'setAcl':
      return { step, index, path, acl: [], expect }
    default:
      return { step: 'delete', index, path, expect }
  }
}
