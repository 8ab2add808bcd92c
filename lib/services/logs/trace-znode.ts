import type { FoundTouches, Touch } from '../../adapters/archive/log-archive.ts'
import { formatHex64 } from '../../base/hex64.ts'
import type { Gap } from '../../domain/txnlog/continuity.ts'
import { listTouches, type ZnodeTouch } from '../../domain/txnlog/visit-touched.ts'
import { applyTouch, type WhyUnknown, type ZnodeState } from '../../domain/txnlog/znode-state.ts'
import type { ServiceContext } from '../context.ts'
import type { ZnodeLog } from './find-znode-log.ts'
import { type AtBase, readAtBase } from './read-at-base.ts'
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
 * A page of transactions, newest first, each with what it has made of the znode. What was before the oldest is looked for further back, then in
 * a base of the stream; where transactions are missing nothing is taken for granted behind them.
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
  const known = { path: log.logPath, why: next === null ? ('logs-begin' as const) : ('further-back' as const) }
  const traced = fold(touches, breaks, known).slice(0, page.touches.length)
  const oldest = traced.at(-1)
  if (oldest === undefined || isWhole(oldest.before)) return { traced, page }
  const cluster = { id: log.clusterId, name: log.clusterName }
  const base = await readAtBase(context, cluster, { path: log.logPath, before: oldest.touch.zxid })
  // All that was done to the znode since the base must be at hand.
  const from = next ?? page.reach?.first ?? null
  const isCovered = base !== null && ((from !== null && from <= base.zxid + 1n) || isBehind(touches, base.zxid))
  if (!isCovered) return { traced, page }
  return { traced: fold(touches, breaks, { ...known, base }).slice(0, page.touches.length), page }
}

const isBehind = (touches: readonly Touch[], zxid: bigint) => touches.some((touch) => touch.zxid <= zxid)

function isWhole(state: ZnodeState): boolean {
  if (state.kind !== 'present') return state.kind === 'absent'
  const { data, acl, znodeKind, version } = state
  return [data, acl, znodeKind, version].every(({ kind }) => kind === 'known')
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
  { path, why, base }: { readonly path: string; readonly why: WhyUnknown; readonly base?: AtBase },
): TracedTouch[] {
  let state: ZnodeState = { kind: 'unknown', why }
  let last: bigint | null = null
  const traced: TracedTouch[] = []
  for (const touch of touches.toReversed()) {
    const isFirstBehind = base !== undefined && touch.zxid > base.zxid && (last === null || last <= base.zxid)
    if (isFirstBehind) state = base.state
    const older = last
    const isMissing = (gap: Gap) => (isFirstBehind ? gap.before > base.zxid + 1n : older === null || gap.after >= older)
    const isBroken = breaks.some((gap) => gap.before <= touch.zxid && isMissing(gap))
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
