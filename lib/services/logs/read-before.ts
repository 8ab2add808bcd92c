import { isArkeeperError, throwIfAborted } from '../../base/errors.ts'
import { mapPath } from '../../domain/restore/map-paths.ts'
import type { ZnodeState } from '../../domain/txnlog/znode-state.ts'
import { ROOT } from '../../domain/znode/path.ts'
import type { ZnodeReading } from '../../domain/znode/ports.ts'
import { NO_STAT } from '../../domain/znode/stat.ts'
import type { ServiceContext } from '../context.ts'
import type { LiveReadings } from '../engine/plan-txn-undo.ts'
import type { NetTouch } from '../engine/txn-steps.ts'
import { borrowMoment } from '../moments/open-moment.ts'
import type { LoggedTxn } from './find-transaction.ts'
import { traceZnode } from './trace-znode.ts'

/** Beyond this, one replay of the whole tree is cheaper than to look each place up in the log. */
const TRACED_MAX = 64
const TRACED_AT_ONCE = 4
const LOOK_BACK = { pages: 3, limit: 20, forAcl: true } as const

/**
 * How each place was just before a transaction: told by the log alone where it goes back far enough, else by the tree as of the transaction
 * before it. What neither tells is `unreadable`, with the reason.
 */
export async function readBefore(
  context: ServiceContext,
  found: LoggedTxn,
  { touched, live }: { readonly touched: readonly NetTouch[]; readonly live: LiveReadings },
): Promise<LiveReadings> {
  const before = new Map<string, ZnodeReading>()
  const open: string[] = []
  const wanted: NetTouch[] = []
  for (const touch of touched) {
    if (touch.net === 'created') before.set(touch.path, { kind: 'missing' })
    else wanted.push(touch)
  }
  if (wanted.length > TRACED_MAX) open.push(...wanted.map(({ path }) => path))
  else {
    for (let at = 0; at < wanted.length; at += TRACED_AT_ONCE) {
      throwIfAborted(context.signal)
      const chunk = wanted.slice(at, at + TRACED_AT_ONCE)
      const readings = await Promise.all(
        chunk.map(async (touch) => {
          const isThere = live.get(touch.path)?.kind === 'found' && touch.net === 'changed'
          return toReading(touch, await traceBefore(context, found, touch.path), isThere)
        }),
      )
      for (const [i, { path }] of chunk.entries()) {
        const reading = readings[i] ?? null
        if (reading === null) open.push(path)
        else before.set(path, reading)
      }
    }
  }
  if (open.length > 0) await readMoment(context, found, open, before)
  return before
}

async function traceBefore(context: ServiceContext, found: LoggedTxn, path: string): Promise<ZnodeState | null> {
  const { clusterId, clusterName, logs, chroot, zxid } = found
  const log = { clusterId, clusterName, logs, logPath: mapPath(path, ROOT, chroot), isKept: true }
  const { traced } = await traceZnode(context, log, { before: zxid + 1n, limit: 1, lookBack: LOOK_BACK })
  const [first] = traced
  return first?.touch.zxid === zxid ? first.before : null
}

/** Null where the log does not tell all that is needed: of a znode that is still there only what the transaction wrote. */
function toReading(touch: NetTouch, state: ZnodeState | null, isThere: boolean): ZnodeReading | null {
  if (state === null || state.kind === 'unknown') return null
  if (state.kind === 'absent') return { kind: 'missing' }
  const { data, acl, znodeKind } = state
  const needs = { data: !isThere || touch.data, acl: !isThere || touch.acl, kind: !isThere }
  if (needs.data && data.kind === 'unknown') return null
  if (needs.acl && acl.kind === 'unknown') return null
  if (needs.kind && znodeKind.kind === 'unknown') return null
  const { kind, ttlMs } = znodeKind.kind === 'known' ? znodeKind.value : { kind: 'unknown' as const, ttlMs: null }
  const znode = {
    path: touch.path,
    data: data.kind === 'known' ? data.value : null,
    acl: acl.kind === 'known' ? acl.value : [],
    stat: NO_STAT,
    kind,
    ttlMs,
  }
  return { kind: 'found', znode, numChildren: 0 }
}

async function readMoment(
  context: ServiceContext,
  { clusterId, zxid, previous }: LoggedTxn,
  paths: readonly string[],
  before: Map<string, ZnodeReading>,
): Promise<void> {
  const id = { clusterId, zxid: previous ?? zxid - 1n }
  try {
    const { reader: moment, release } = await borrowMoment(context, id)
    try {
      for (const path of paths) before.set(path, await moment.reader.get(path, { signal: context.signal }))
    } finally {
      await release()
    }
  } catch (error) {
    throwIfAborted(context.signal)
    if (!isArkeeperError(error)) throw error
    for (const path of paths) before.set(path, { kind: 'unreadable', reason: 'error', message: error.message })
  }
}
