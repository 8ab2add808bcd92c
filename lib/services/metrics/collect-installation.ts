import { WORKER_SILENT_MS } from '../../domain/alerts/judge-workers.ts'
import { SEVERITIES } from '../../domain/alerts/rules.ts'
import type { ServiceContext } from '../context.ts'
import type { ClusterNames } from './collect-metrics.ts'
import type { MetricSink } from './metric-sink.ts'

/** Alerts, and for who sees more than single clusters: workers, notices and the audit. */
export async function collectInstallation(
  context: ServiceContext,
  names: ClusterNames,
  sink: MetricSink,
  { isOverall }: { readonly isOverall: boolean },
): Promise<void> {
  const { db } = context
  const firing = await db.alert.groupBy({
    by: ['rule', 'severity', 'clusterId'],
    where: { state: 'firing' },
    _count: { _all: true },
  })
  for (const severity of SEVERITIES) {
    const count = firing.filter((row) => row.severity === severity).reduce((sum, row) => sum + row._count._all, 0)
    sink.set('arkeeper_alerts', count, { severity })
  }
  for (const { rule, severity, clusterId } of firing) {
    const cluster = clusterId === null ? '' : names.get(clusterId)
    if (cluster !== undefined) sink.set('arkeeper_alert_firing', 1, { rule, severity, cluster })
  }
  if (!isOverall) return
  await collectAlertWork(context, sink)
  const since = new Date(context.clock.now() - WORKER_SILENT_MS)
  sink.set('arkeeper_workers', await db.workerHeartbeat.count({ where: { seenAt: { gt: since } } }))
  await collectAudit(context, sink)
  for (const { name, usedBytes, usedArchives } of await db.store.findMany({ orderBy: { id: 'asc' } })) {
    sink.set('arkeeper_store_used_bytes', usedBytes, { store: name })
    sink.set('arkeeper_store_archives', usedArchives, { store: name })
  }
}

async function collectAlertWork({ db }: ServiceContext, sink: MetricSink): Promise<void> {
  const watch = await db.alertWatch.findUnique({ where: { id: 1 } })
  sink.setTime('arkeeper_alert_look_timestamp_seconds', watch?.lastRunAt)
  sink.set('arkeeper_alert_look_duration_seconds', watch?.durationMs == null ? null : watch.durationMs / 1000)
  sink.set('arkeeper_alert_rules_unknown', Array.isArray(watch?.faults) ? watch.faults.length : 0)
  for (const state of ['waiting', 'dead']) {
    sink.set('arkeeper_notices', await db.alertDelivery.count({ where: { state } }), { state })
  }
}

async function collectAudit({ db }: ServiceContext, sink: MetricSink): Promise<void> {
  const head = await db.auditHead.findUnique({ where: { id: 1 }, select: { sequence: true } })
  const watch = await db.auditWatch.findUnique({ where: { id: 1 } })
  sink.set('arkeeper_audit_entries_total', head?.sequence)
  sink.set('arkeeper_audit_chain_problems', watch?.verifiedAt ? watch.problemCount : null)
  sink.setTime('arkeeper_audit_verified_timestamp_seconds', watch?.verifiedAt)
  for (const { id, cursor, failures } of await db.auditForward.findMany({ where: { enabled: true } })) {
    const lag = Math.max(0, (head?.sequence ?? 0) - cursor)
    sink.set('arkeeper_audit_forward_lag_entries', lag, { receiver: id })
    sink.set('arkeeper_audit_forward_failures', failures, { receiver: id })
  }
}
