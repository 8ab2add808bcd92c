import { formatHex64 } from '../../base/hex64.ts'
import { mapPath } from '../../domain/restore/map-paths.ts'
import { decodeTxn } from '../../domain/txnlog/decode-txn.ts'
import type { TxnEntry } from '../../domain/txnlog/entry.ts'
import type { LogSource } from '../../domain/txnlog/ports.ts'
import type { Txn } from '../../domain/txnlog/txn.ts'
import { listTouches, type ZnodeTouch } from '../../domain/txnlog/visit-touched.ts'
import { isWithin, ROOT } from '../../domain/znode/path.ts'
import { getClusterTarget } from '../clusters/open-cluster.ts'
import type { ServiceContext } from '../context.ts'
import { splitConnectString } from '../engine/connect-string.ts'
import { ServiceError } from '../errors.ts'
import { type ClusterLogs, openLogs } from './cluster-logs.ts'
import type { PieceContext } from './fetch-piece.ts'
import { logFolder } from './log-folder.ts'
import { readTails } from './read-tails.ts'

export interface LoggedTxn {
  readonly clusterId: string
  readonly clusterName: string
  readonly chroot: string
  readonly logs: ClusterLogs
  readonly zxid: bigint
  readonly entry: TxnEntry
  readonly txn: Txn
  /** The transaction before it; null where the log begins with it. */
  readonly previous: bigint | null
  /** By the paths that people of the cluster know. */
  readonly touches: readonly ZnodeTouch[]
  /** What it touched beside the cluster's chroot. */
  readonly outside: number
}

/** One transaction from the kept log of a cluster. Throws NOT_FOUND where the log does not hold it. */
export async function getLoggedTxn(
  context: PieceContext & Pick<ServiceContext, 'actor'>,
  input: { readonly clusterId: string; readonly zxid: bigint },
): Promise<LoggedTxn> {
  const { clusterId, zxid } = input
  const { clusterName, connectString } = await getClusterTarget(context, clusterId)
  const { chroot } = splitConnectString(connectString)
  // Before the pieces: what is put into one meanwhile is then found in both.
  const tails = await context.archives.logs.tails(logFolder(context, clusterName))
  const logs = await openLogs(context, { id: clusterId, name: clusterName })
  const found = await findEntry(logs, { zxid, tails, signal: context.signal })
  if (found === null) {
    throw new ServiceError(
      'NOT_FOUND',
      `The kept log of ${clusterName} does not hold transaction ${formatHex64(zxid)}`,
      {
        unaffected: 'nothing was written',
        remedy: 'keep the log of the cluster (settings, Transaction log); what it held before is gone',
      },
    )
  }
  const { txn } = decodeTxn(found.entry)
  const all = listTouches(txn)
  const touches = all
    .filter(({ path }) => isWithin(path, chroot))
    .map((touch) => ({ ...touch, path: mapPath(touch.path, chroot, ROOT) }))
  return { clusterId, clusterName, chroot, logs, zxid, ...found, txn, touches, outside: all.length - touches.length }
}

type Found = Pick<LoggedTxn, 'entry' | 'previous'>

async function findEntry(
  logs: ClusterLogs,
  { zxid, tails, signal }: { zxid: bigint; tails: readonly LogSource[]; signal: AbortSignal | undefined },
): Promise<Found | null> {
  const { segments } = logs.archived
  const newest = segments.at(-1)?.last ?? null
  if (newest === null || zxid > newest) {
    return findIn(readTails(tails, { after: newest, signal }), zxid, newest)
  }
  const at = segments.findIndex(({ first, last }) => first <= zxid && zxid <= last)
  const segment = segments[at]
  if (!segment) return null
  const before = segments[at - 1]?.last ?? null
  return findIn(logs.read(segment, { from: zxid - 1n, signal }), zxid, before)
}

async function findIn(
  entries: AsyncIterable<readonly TxnEntry[]>,
  zxid: bigint,
  before: bigint | null,
): Promise<Found | null> {
  let previous = before
  for await (const batch of entries) {
    for (const entry of batch) {
      if (entry.zxid === zxid) return { entry, previous }
      if (entry.zxid > zxid) return null
      previous = entry.zxid
    }
  }
  return null
}
