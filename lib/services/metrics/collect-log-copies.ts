import type { ServiceContext } from '../context.ts'
import { findLogEnd, type LogEnd, measureBehind } from '../logs/log-end.ts'
import { BUILT_IN_NAME } from '../stores/find-store.ts'
import { DEFAULT_STORE_ID } from '../stores/schemas.ts'
import type { ClusterNames } from './collect-metrics.ts'
import type { MetricSink } from './metric-sink.ts'

/** How far the archived log of each cluster is in each store, and what of it is damaged. */
export async function collectLogCopies({ db }: ServiceContext, names: ClusterNames, sink: MetricSink): Promise<void> {
  const stores = new Map(
    (await db.store.findMany({ select: { id: true, name: true } })).map(({ id, name }) => [id, name]),
  )
  const damaged = await db.logPiece.groupBy({ by: ['clusterId'], where: { verifyOk: false }, _count: { _all: true } })
  const damagedBases = await db.logBase.groupBy({
    by: ['clusterId'],
    where: { verifyOk: false },
    _count: { _all: true },
  })
  const bases = await db.logBase.groupBy({
    by: ['clusterId', 'storeId'],
    where: { sha256: { not: '' }, OR: [{ verifyOk: null }, { verifyOk: true }] },
    _count: { _all: true },
  })
  const ends = new Map<string, LogEnd | null>()
  const told = new Set<string>()
  for (const row of await db.logMirror.findMany({ orderBy: { id: 'asc' } })) {
    const cluster = names.get(row.clusterId)
    if (cluster === undefined) continue
    const store = row.storeId === DEFAULT_STORE_ID ? BUILT_IN_NAME : (stores.get(row.storeId) ?? row.storeId)
    sink.setTime('arkeeper_log_copy_last_success_timestamp_seconds', row.lastOkAt, { cluster, store })
    sink.setTime('arkeeper_log_copy_last_transaction_timestamp_seconds', row.lastTxnAt, { cluster, store })
    if (!ends.has(row.clusterId)) ends.set(row.clusterId, await findLogEnd({ db }, row.clusterId))
    const behindMs = measureBehind(ends.get(row.clusterId) ?? null, row)
    if (behindMs !== null) sink.set('arkeeper_log_copy_behind_seconds', behindMs / 1000, { cluster, store })
    const here = bases.find(({ clusterId, storeId }) => clusterId === row.clusterId && storeId === row.storeId)
    sink.set('arkeeper_log_copy_bases', here?._count._all ?? 0, { cluster, store })
    if (told.has(row.clusterId)) continue
    told.add(row.clusterId)
    const count = damaged.find(({ clusterId }) => clusterId === row.clusterId)?._count._all ?? 0
    sink.set('arkeeper_log_pieces_damaged', count, { cluster })
    const spoiled = damagedBases.find(({ clusterId }) => clusterId === row.clusterId)?._count._all ?? 0
    sink.set('arkeeper_log_bases_damaged', spoiled, { cluster })
  }
}
