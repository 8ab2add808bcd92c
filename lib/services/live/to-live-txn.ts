import { mapPath } from '../../domain/restore/map-paths.ts'
import type { TxnEntry } from '../../domain/txnlog/entry.ts'
import { type TxnSummary, toSummary } from '../../domain/txnlog/summary.ts'
import type { Txn } from '../../domain/txnlog/txn.ts'
import { listTouches } from '../../domain/txnlog/visit-touched.ts'
import { isSystemPath, isWithin, ROOT } from '../../domain/znode/path.ts'
import { findServerErrorName } from '../../domain/znode/server-errors.ts'
import type { LiveTxnView } from './views.ts'

export interface LiveFilter {
  /** As the log has it. */
  readonly chroot: string
  /** By the paths that people know; the root: all. */
  readonly under: string
  /** Names of types; empty: all. */
  readonly types: ReadonlySet<string>
}

/** Null where it is not asked for. What of a multi lies in the subtree that is asked for is named first. */
export function toLiveTxn(entry: TxnEntry, txn: Txn, filter: LiveFilter): LiveTxnView | null {
  const all = listTouches(txn)
  const inside = all.filter(({ path }) => isWithin(path, filter.chroot))
  const wanted = mapPath(filter.under, ROOT, filter.chroot)
  const hits = wanted === filter.chroot ? inside : inside.filter(({ path }) => isWithin(path, wanted))
  const rest = hits.length === inside.length ? [] : inside.filter((touch) => !hits.includes(touch))
  if (all.length > 0 && inside.length === 0) return null
  if (wanted !== filter.chroot && hits.length === 0) return null
  return keepSummary(toSummary(entry, txn, [...hits, ...rest]), filter)
}

/** The same from what a stream has kept, which names some of the paths only. */
export function keepSummary(summary: TxnSummary, filter: LiveFilter): LiveTxnView | null {
  const { chroot, under, types } = filter
  const { zxid, timeMs, session, type, error, touchedCount } = summary
  if (types.size > 0 && !types.has(type)) return null
  const touched = summary.touched
    .filter(({ path }) => isWithin(path, chroot))
    .map(({ did, path, ephemeral }) => ({
      did,
      path: mapPath(path, chroot, ROOT),
      isEphemeral: ephemeral === true || did === 'closed',
    }))
  if (summary.touched.length > 0 && touched.length === 0) return null
  if (under !== ROOT && !touched.some(({ path }) => isWithin(path, under))) return null
  const isWhole = touched.length === touchedCount
  return {
    zxid,
    at: new Date(timeMs).toISOString(),
    session,
    type,
    error,
    errorName: error === null ? null : findServerErrorName(error),
    touched,
    touchedCount,
    notUndoable: findObstacle({ error, touched, isWhole }),
  }
}

function findObstacle({
  error,
  touched,
  isWhole,
}: Pick<LiveTxnView, 'error' | 'touched'> & { readonly isWhole: boolean }): string | null {
  if (error !== null) return 'It failed, and changed nothing'
  if (!isWhole) return null
  if (touched.length === 0) return 'It changed no znode'
  if (touched.every(({ isEphemeral }) => isEphemeral)) return 'Ephemerals belong to their sessions'
  if (touched.every(({ path }) => isSystemPath(path))) return '/zookeeper belongs to the servers'
  return null
}
