import type { ServiceContext } from '../context.ts'
import { judgeFollow } from '../follow/judge-follow.ts'
import type { ClusterNames } from './collect-metrics.ts'
import type { MetricSink } from './metric-sink.ts'

/** The live streams of followed clusters. */
export async function collectFollow(
  { db, clock }: ServiceContext,
  names: ClusterNames,
  sink: MetricSink,
): Promise<void> {
  const gaps = await db.followGap.groupBy({
    by: ['clusterId'],
    where: { closedAt: null, isCertain: true },
    _count: { _all: true },
  })
  for (const row of await db.clusterFollow.findMany({ where: { enabled: true } })) {
    const cluster = names.get(row.clusterId)
    if (cluster === undefined) continue
    const labels = { cluster }
    const { state } = judgeFollow(row, clock.now())
    const isHeard = state === 'following' || state === 'behind' || state === 'catching-up'
    sink.set('arkeeper_follow_up', isHeard ? 1 : 0, labels)
    sink.setTime('arkeeper_follow_heard_timestamp_seconds', row.heardAt, labels)
    sink.setTime('arkeeper_follow_last_transaction_timestamp_seconds', row.lastTxnAt, labels)
    if (row.lastZxid !== null) sink.set('arkeeper_follow_last_zxid', row.lastZxid, labels)
    if (isHeard && row.lagMs !== null) sink.set('arkeeper_follow_lag_seconds', row.lagMs / 1000, labels)
    if (isHeard && row.rate !== null) sink.set('arkeeper_follow_transactions_rate', row.rate, labels)
    sink.set('arkeeper_follow_transactions_total', row.transactions, labels)
    sink.set(
      'arkeeper_follow_gaps',
      gaps.find(({ clusterId }) => clusterId === row.clusterId)?._count._all ?? 0,
      labels,
    )
    sink.setTime('arkeeper_follow_base_timestamp_seconds', row.baseAt, labels)
    sink.set('arkeeper_follow_digests_compared_total', row.digestCompared, labels)
    sink.set('arkeeper_follow_digest_parted', row.digestState === 'parted' ? 1 : 0, labels)
  }
}
