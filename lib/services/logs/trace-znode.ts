import type { FoundTouches, Touch } from '../../adapters/archive/log-archive.ts'
import { formatHex64 } from '../../base/hex64.ts'
import type { Gap } from '../../domain/txnlog/continuity.ts'
import { listTouches, type ZnodeTouch } from '../../domain/txnlog/visit-touched.ts'
import { applyTouch, type WhyUnknown, type ZnodeState } from '../../domain/txnlog/znode-state.ts'
import type { ServiceContext } from '../context.ts'
import type { ZnodeLog } from './find-znode-log.ts'
import type { StateFactsView, TouchKind, ZnodeTransactionView } from './views.ts'

/** One transaction with the znode before and behind it. */
export interface TracedTouch {
  readonly touch: Touch
  readonly did: readonly ZnodeTouch[]
  readonly before: ZnodeState
  readonly after: ZnodeState
}

/** How far one looks back for what the oldest transaction of a page has changed. */
export interface LookBack {
  readonly pages: number
  readonly limit: number
  /** Also for its ACL, which may have been set long before. */
  readonly forAcl: boolean
}

/**
 * A page of transactions, newest first, each with what it has made of the znode. What was before the oldest is looked for further back; where
 * transactions are missing nothing is taken for granted behind them.
 */
export async function traceZnode(
  context: ServiceContext,
  log: ZnodeLog,
  asked: { readonly before: bigint | null; readonly limit: number; readonly lookBack: LookBack },
): Promise<{ readonly traced: TracedTouch[]; readonly page: FoundTouches }> {
  const { signal } = context
  const find = (before: bigint | null, limit: number) => log.logs.findTouches(log.logPath, { before, limit, signal })
  const page = await find(asked.before, asked.limit)
  const touches = [...page.touches]
  const breaks: Gap[] = [...page.breaks]
  let next = page.next
  for (let left = asked.lookBack.pages; left > 0 && next !== null; left--) {
    if (isTold(touches.slice(page.touches.length), log.logPath, asked.lookBack.forAcl)) break
    const older = await find(next, asked.lookBack.limit)
    touches.push(...older.touches)
    breaks.push(...older.breaks)
    next = older.next
  }
  const traced = fold(touches, breaks, { path: log.logPath, why: next === null ? 'logs-begin' : 'further-back' })
  return { traced: traced.slice(0, page.touches.length), page }
}

function isTold(older: readonly Touch[], path: string, forAcl: boolean): boolean {
  const kinds = new Set(older.flatMap((touch) => touchesOf(touch, path).map(({ kind }) => kind)))
  if (kinds.has('create') || kinds.has('delete') || kinds.has('closed')) return true
  return kinds.has('setData') && (!forAcl || kinds.has('setAcl'))
}

function touchesOf({ txn }: Touch, path: string): ZnodeTouch[] {
  return listTouches(txn).filter((touch) => touch.path === path)
}

function fold(
  touches: readonly Touch[],
  breaks: readonly Gap[],
  { path, why }: { readonly path: string; readonly why: WhyUnknown },
): TracedTouch[] {
  let state: ZnodeState = { kind: 'unknown', why }
  let last: bigint | null = null
  const traced: TracedTouch[] = []
  for (const touch of touches.toReversed()) {
    const older = last
    const isBroken = breaks.some((gap) => gap.before <= touch.zxid && (older === null || gap.after >= older))
    if (isBroken) state = { kind: 'unknown', why: 'gap' }
    const did = touchesOf(touch, path)
    // What is created was not there, whatever is known.
    const before: ZnodeState = did[0]?.kind === 'create' ? { kind: 'absent' } : state
    state = did.reduce(applyTouch, before)
    last = touch.zxid
    traced.push({ touch, did, before, after: state })
  }
  return traced.reverse()
}

const KINDS = { create: 'created', setData: 'data', setAcl: 'acl', delete: 'deleted', closed: 'closed' } as const

export function toTransactionView({ touch, did, before, after }: TracedTouch): ZnodeTransactionView {
  const { entry, txn } = touch
  return {
    zxid: formatHex64(touch.zxid),
    at: new Date(entry.timeMs).toISOString(),
    session: formatHex64(entry.session),
    did: did.map(({ kind }): TouchKind => KINDS[kind]),
    multiOps: txn.kind === 'multi' ? txn.ops.length : null,
    before: toFacts(before),
    after: toFacts(after),
  }
}

function toFacts(state: ZnodeState): StateFactsView {
  if (state.kind !== 'present') return state
  if (state.data.kind === 'unknown') return state.data
  return {
    kind: 'present',
    dataLength: state.data.value?.length ?? null,
    version: state.version.kind === 'known' ? state.version.value : null,
  }
}
