import { GOOD_BACKUP } from '../clusters/last-good-backup.ts'
import type { ServiceContext } from '../context.ts'
import { findProof } from '../drills/find-proof.ts'
import type { ClusterNames } from './collect-metrics.ts'
import type { MetricSink } from './metric-sink.ts'

/** Backups and what was proved of them, drift, and the archived log. */
export async function collectClusters(context: ServiceContext, names: ClusterNames, sink: MetricSink): Promise<void> {
  const { db, clock } = context
  const by = ['clusterId'] as const
  const there = { deletedAt: null }
  const all = await db.backup.groupBy({
    by: [...by],
    where: there,
    _count: { _all: true },
    _sum: { archiveBytes: true },
  })
  const damaged = await db.backup.groupBy({
    by: [...by],
    where: { ...there, verifyOk: false },
    _count: { _all: true },
  })
  const verified = await db.backup.groupBy({ by: [...by], where: there, _max: { verifiedAt: true } })
  const failures = await db.backup.aggregate({ _sum: { verifyFailures: true } })
  sink.set('arkeeper_verify_failures_total', failures._sum.verifyFailures ?? 0)
  const drills = await db.drillSchedule.findMany({ where: { enabled: true } })
  for (const [clusterId, cluster] of names) {
    const of = <Row extends { clusterId: string }>(rows: readonly Row[]) =>
      rows.find((row) => row.clusterId === clusterId)
    const labels = { cluster }
    sink.set('arkeeper_backups', of(all)?._count._all ?? 0, labels)
    sink.set('arkeeper_backups_archive_bytes', of(all)?._sum.archiveBytes ?? 0, labels)
    sink.set('arkeeper_backups_damaged', of(damaged)?._count._all ?? 0, labels)
    sink.setTime('arkeeper_backup_last_verify_timestamp_seconds', of(verified)?._max.verifiedAt, labels)
    sink.setTime('arkeeper_drill_next_timestamp_seconds', of(drills)?.nextRunAt, labels)
    const last = await db.backup.findFirst({
      where: { clusterId, ...GOOD_BACKUP },
      orderBy: [{ takenAt: 'desc' }, { id: 'desc' }],
      select: { takenAt: true, znodes: true, dataBytes: true, archiveBytes: true, durationMs: true },
    })
    if (last) {
      sink.setTime('arkeeper_backup_last_success_timestamp_seconds', last.takenAt, labels)
      const ageMs = Math.max(0, clock.now() - last.takenAt.getTime())
      sink.set('arkeeper_backup_last_success_age_seconds', ageMs / 1000, labels)
      sink.set('arkeeper_backup_last_znodes', last.znodes, labels)
      sink.set('arkeeper_backup_last_data_bytes', last.dataBytes, labels)
      sink.set('arkeeper_backup_last_bytes', last.archiveBytes, labels)
      sink.set('arkeeper_backup_last_duration_seconds', last.durationMs / 1000, labels)
    }
    const { lastProved, failed } = await findProof(db, clusterId)
    sink.setTime('arkeeper_drill_last_success_timestamp_seconds', lastProved?.provedAt, labels)
    if (lastProved || failed) sink.set('arkeeper_drill_failed', failed ? 1 : 0, labels)
  }
  await collectWatches(context, names, sink)
}

async function collectWatches({ db }: ServiceContext, names: ClusterNames, sink: MetricSink): Promise<void> {
  for (const row of await db.driftWatch.findMany({ where: { enabled: true, lastOkAt: { not: null } } })) {
    const cluster = names.get(row.clusterId)
    if (cluster === undefined) continue
    for (const change of ['added', 'removed', 'changed'] as const) {
      sink.set('arkeeper_drift_znodes', row[change], { cluster, change })
    }
    sink.setTime('arkeeper_drift_measured_timestamp_seconds', row.lastOkAt, { cluster })
  }
  for (const row of await db.logKeeping.findMany({ where: { enabled: true } })) {
    const cluster = names.get(row.clusterId)
    if (cluster === undefined) continue
    sink.setTime('arkeeper_log_archive_last_success_timestamp_seconds', row.lastOkAt, { cluster })
    sink.set('arkeeper_log_archive_failing', row.error === null ? 0 : 1, { cluster })
  }
}
