import { formatHex64 } from '../../base/hex64.ts'
import { toPaths } from '../backups/find-backup.ts'
import { getClusterForWriting } from '../clusters/armed.ts'
import { findLastGoodBackup } from '../clusters/last-good-backup.ts'
import type { ServiceContext } from '../context.ts'
import { isHeard } from '../follow/judge-follow.ts'
import { SCHEDULE_COLUMNS } from './schedule-row.ts'
import { findLongestBackup, gapsOf } from './to-schedule-views.ts'
import type { ClusterRpoView } from './views.ts'

/** What may be lost at worst, from what is stored: no server is asked. Throws NOT_FOUND. */
export async function getClusterRpo(context: ServiceContext, clusterId: string): Promise<ClusterRpoView> {
  await getClusterForWriting(context, clusterId)
  const nowMs = context.clock.now()
  const rows = await context.db.schedule.findMany({
    where: { clusterId, enabled: true },
    orderBy: { id: 'asc' },
    select: SCHEDULE_COLUMNS,
  })
  const gaps = rows
    .filter((row) => toPaths(row.scopePaths).includes('/') && (row.pausedUntil?.getTime() ?? 0) <= nowMs)
    .flatMap((row) => {
      const found = gapsOf(row, nowMs)
      return found ? [found.longest.ms + row.jitterSeconds * 1000] : []
    })
  // Two schedules together are at least as good as the better one of them.
  const scheduleGapMs = gaps.length > 0 ? Math.min(...gaps) : null
  const backupMs = await findLongestBackup(context, { clusterId })
  return {
    scheduleGapMs,
    backupMs,
    worstMs: scheduleGapMs === null ? null : scheduleGapMs + (backupMs ?? 0),
    hasBase: await hasBase(context, clusterId),
    log: await describeLog(context, clusterId),
  }
}

/** Snapshots of members do not count: they go with what is to be survived. */
async function hasBase({ db }: ServiceContext, clusterId: string): Promise<boolean> {
  const follow = await db.clusterFollow.findUnique({ where: { clusterId }, select: { baseAt: true } })
  return follow?.baseAt != null || (await findLastGoodBackup(db, clusterId)) !== null
}

async function describeLog({ db, clock }: ServiceContext, clusterId: string): Promise<ClusterRpoView['log']> {
  const follow = await db.clusterFollow.findUnique({ where: { clusterId } })
  // What the stream brings is kept within a second; while it is away, the copy of the members' files counts, where there is one.
  if (follow !== null && isHeard(follow, clock.now())) {
    const lag = await findLag(db, clusterId, follow.lastZxid)
    return { everySeconds: 1, lastOkAt: follow.heardAt?.toISOString() ?? null, isFailing: false, lag }
  }
  const keeping = await db.logKeeping.findUnique({ where: { clusterId } })
  if (!keeping?.enabled) return null
  return {
    everySeconds: keeping.everySeconds,
    lastOkAt: keeping.lastOkAt?.toISOString() ?? null,
    isFailing: keeping.error !== null,
    lag: await findLag(db, clusterId, keeping.lastZxid),
  }
}

type Lag = NonNullable<ClusterRpoView['log']>['lag']

/** The live end is that of the last look at its servers. */
async function findLag(db: ServiceContext['db'], clusterId: string, archived: bigint | null): Promise<Lag> {
  const newest = await db.healthSample.findFirst({
    where: { clusterId, zxid: { not: null } },
    orderBy: [{ at: 'desc' }, { id: 'desc' }],
    select: { at: true },
  })
  if (!newest) return null
  const heads = await db.healthSample.findMany({
    where: { clusterId, zxid: { not: null }, at: newest.at },
    select: { zxid: true },
  })
  const live = heads.reduce((highest, { zxid }) => (zxid !== null && zxid > highest ? zxid : highest), 0n)
  return {
    archived: archived === null ? null : formatHex64(archived),
    live: formatHex64(live),
    at: newest.at.toISOString(),
    transactions: archived === null ? null : countBetween(archived, live),
  }
}

const COUNTER_BITS = 32n

/** The lower half counts within an epoch; across a change of the leader nothing can be counted. */
function countBetween(archived: bigint, live: bigint): number | null {
  if (live <= archived) return 0
  return live >> COUNTER_BITS === archived >> COUNTER_BITS ? Number(live - archived) : null
}
