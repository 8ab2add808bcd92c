import type { Prisma } from '../../adapters/database/generated/client.ts'
import { findProof } from '../drills/find-proof.ts'
import { findFollowSummary } from '../follow/find-follow-summary.ts'
import { parseHealthSummary } from '../health/summarize-health.ts'
import { isArmed } from './armed.ts'
import { TLS_COLUMNS, toTlsView } from './cluster-tls.ts'
import { findLastGoodBackup } from './last-good-backup.ts'
import type { ClusterView } from './views.ts'

/** Everything that a view needs and nothing more: the sealed secret is not even read. */
export const CLUSTER_COLUMNS = {
  id: true,
  name: true,
  connectString: true,
  authScheme: true,
  ...TLS_COLUMNS,
  environment: true,
  sessionTimeoutMs: true,
  requestBytesMax: true,
  note: true,
  armedUntil: true,
  approvalMinutes: true,
  createdAt: true,
} as const satisfies Prisma.ClusterSelect
export type ClusterRow = Prisma.ClusterGetPayload<{ select: typeof CLUSTER_COLUMNS }>

type Db = Pick<
  Prisma.TransactionClient,
  'backup' | 'job' | 'healthWatch' | 'clusterFollow' | 'schedule' | 'scheduleRun'
>

export async function toClusterView(db: Db, row: ClusterRow, nowMs: number): Promise<ClusterView> {
  const lastGood = await findLastGoodBackup(db, row.id)
  const { lastProved, failed } = await findProof(db, row.id)
  const backups = await db.backup.count({ where: { clusterId: row.id, deletedAt: null } })
  const runningJobs = await db.job.count({ where: { clusterId: row.id, state: { in: ['queued', 'running'] } } })
  const next = await findNextRun(db, row.id, nowMs)
  const lastRun = await db.scheduleRun.findFirst({
    where: { clusterId: row.id },
    orderBy: [{ createdAt: 'desc' }, { id: 'desc' }],
    select: { state: true, createdAt: true, scheduleName: true },
  })
  const watch = await db.healthWatch.findUnique({
    where: { clusterId: row.id },
    select: { enabled: true, summary: true },
  })
  return {
    id: row.id,
    name: row.name,
    connectString: row.connectString,
    authScheme: row.authScheme,
    tls: toTlsView(row),
    environment: toEnvironment(row.environment),
    sessionTimeoutMs: row.sessionTimeoutMs,
    requestBytesMax: row.requestBytesMax,
    note: row.note,
    armedUntil: row.armedUntil?.toISOString() ?? null,
    isArmed: isArmed(row.armedUntil, nowMs),
    approvalMinutes: row.approvalMinutes,
    createdAt: row.createdAt.toISOString(),
    lastGoodBackup: lastGood && {
      id: lastGood.id,
      takenAt: lastGood.takenAt.toISOString(),
      znodes: lastGood.znodes,
      verifyOk: lastGood.verifyOk,
    },
    lastProved: lastProved && {
      backupId: lastProved.backupId,
      takenAt: lastProved.takenAt.toISOString(),
      provedAt: lastProved.provedAt.toISOString(),
    },
    failedDrill: failed && {
      backupId: failed.backupId,
      takenAt: failed.takenAt.toISOString(),
      drilledAt: failed.drilledAt.toISOString(),
    },
    backups,
    runningJobs,
    nextRunAt: next?.toISOString() ?? null,
    lastRun: lastRun && {
      state: lastRun.state,
      at: lastRun.createdAt.toISOString(),
      scheduleName: lastRun.scheduleName,
    },
    health: watch?.enabled ? parseHealthSummary(watch.summary) : null,
    follow: await findFollowSummary(db, row.id, nowMs),
  }
}

/** Of one that is paused, the first time after the pause is not looked up for an overview: its end is. */
async function findNextRun(db: Db, clusterId: string, nowMs: number): Promise<Date | null> {
  const schedules = await db.schedule.findMany({
    where: { clusterId, enabled: true },
    select: { nextRunAt: true, pausedUntil: true },
  })
  const times = schedules.map(({ nextRunAt, pausedUntil }) =>
    Math.max(nextRunAt.getTime(), pausedUntil?.getTime() ?? 0),
  )
  return times.length === 0 ? null : new Date(Math.max(nowMs, Math.min(...times)))
}

/** What is not known is treated with the care of production. */
export function toEnvironment(text: string): ClusterView['environment'] {
  return text === 'staging' || text === 'development' ? text : 'production'
}
