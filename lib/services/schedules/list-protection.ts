import { describePolicy } from '../../domain/retention/keep-policy.ts'
import { findLastGoodBackup } from '../clusters/last-good-backup.ts'
import { toEnvironment } from '../clusters/to-cluster-view.ts'
import type { ServiceContext } from '../context.ts'
import { findPolicy } from '../keep-rules/find-policy.ts'
import { REREAD_DAYS } from '../rereads/schemas.ts'
import { getClusterRpo } from './get-cluster-rpo.ts'
import { toRunViews } from './to-run-views.ts'
import type { ProtectionView } from './views.ts'

const PAGE = 50

/** How each cluster is kept safe by the clock, by name, a page at a time: when a backup is taken, what stays, when it is read again. */
export async function listProtection(
  context: ServiceContext,
  input: { readonly page?: number } = {},
): Promise<{ readonly clusters: readonly ProtectionView[]; readonly hasMore: boolean }> {
  const rows = await context.db.cluster.findMany({
    where: { removedAt: null },
    orderBy: [{ name: 'asc' }, { id: 'asc' }],
    skip: (Math.max(1, Math.floor(input.page ?? 1)) - 1) * PAGE,
    take: PAGE + 1,
    select: { id: true, name: true, environment: true },
  })
  const clusters = await Promise.all(rows.slice(0, PAGE).map((row) => toProtectionView(context, row)))
  return { clusters, hasMore: rows.length > PAGE }
}

/** Of one cluster; null: it is not there, or not to be seen. */
export async function getProtection(context: ServiceContext, clusterId: string): Promise<ProtectionView | null> {
  const row = await context.db.cluster.findFirst({
    where: { id: clusterId, removedAt: null },
    select: { id: true, name: true, environment: true },
  })
  return row && toProtectionView(context, row)
}

async function toProtectionView(
  context: ServiceContext,
  { id: clusterId, name, environment }: { readonly id: string; readonly name: string; readonly environment: string },
): Promise<ProtectionView> {
  const { db } = context
  const schedules = await db.schedule.findMany({
    where: { clusterId },
    select: { enabled: true, nextRunAt: true, pausedUntil: true },
  })
  const nowMs = context.clock.now()
  const next = schedules
    .filter(({ enabled }) => enabled)
    .map(({ nextRunAt, pausedUntil }) => Math.max(nowMs, nextRunAt.getTime(), pausedUntil?.getTime() ?? 0))
  const last = await db.scheduleRun.findFirst({
    where: { clusterId },
    orderBy: [{ createdAt: 'desc' }, { id: 'desc' }],
  })
  const policy = await findPolicy(db, clusterId)
  const keepRun = await db.keepRun.findUnique({ where: { clusterId }, select: { lastOutcome: true } })
  const rereads = await db.rereadSchedule.findUnique({
    where: { clusterId },
    select: { enabled: true, everyDays: true },
  })
  const drills = await db.drillSchedule.findUnique({
    where: { clusterId },
    select: { enabled: true, everyHours: true },
  })
  return {
    clusterId,
    clusterName: name,
    environment: toEnvironment(environment),
    schedules: next.length,
    nextRunAt: next.length === 0 ? null : new Date(Math.min(...next)).toISOString(),
    lastRun: last ? ((await toRunViews(context, [last]))[0] ?? null) : null,
    lastGoodAt: (await findLastGoodBackup(db, clusterId))?.takenAt.toISOString() ?? null,
    rpo: await getClusterRpo(context, clusterId),
    keeps: policy?.enabled ? describePolicy(policy.rules) : null,
    isKeepStopped: ['stopped', 'failed'].includes(keepRun?.lastOutcome ?? ''),
    rereadDays: (rereads?.enabled ?? true) ? (rereads?.everyDays ?? REREAD_DAYS.default) : null,
    drillHours: drills?.enabled ? drills.everyHours : null,
  }
}
