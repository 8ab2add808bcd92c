import { countOf } from '../../base/count-of.ts'
import { formatBytes } from '../../base/format-bytes.ts'
import { judgeSize } from '../../domain/alerts/judge-size.ts'
import { GOOD_BACKUP } from '../clusters/last-good-backup.ts'
import { parseErrorView } from '../jobs/to-job-view.ts'
import { clustersWith, describeAge, type Finding, isOn, type Look, type LookContext, type LookedAt } from './finding.ts'

const HOUR_MS = 3_600_000
const FAILED_JOBS_MAX = 1000
const DAMAGED_MAX = 200

/** The last backup that a person has asked for ended as failed: a later one that came through ends it. */
export const lookAtFailedBackups: Look = {
  rules: ['backup-failed'],
  find: async (look) => {
    const { db } = look.context
    const failed = await db.job.findMany({
      where: { kind: 'backup', state: 'failed' },
      orderBy: [{ createdAt: 'desc' }, { id: 'desc' }],
      take: FAILED_JOBS_MAX,
      select: { id: true, clusterId: true, createdAt: true, error: true },
    })
    // A schedule's own are looked at by their schedule, which may be of other subtrees.
    const byClock = await db.scheduleRun.findMany({
      where: { jobId: { in: failed.map(({ id }) => id) } },
      select: { jobId: true },
    })
    const scheduled = new Set(byClock.map(({ jobId }) => jobId))
    const findings: Finding[] = []
    const seen = new Set<string>()
    for (const { id, clusterId, createdAt, error } of failed) {
      if (scheduled.has(id)) continue
      const cluster = clusterId === null ? undefined : look.clusters.get(clusterId)
      if (!cluster || seen.has(cluster.id) || !isOn(look, 'backup-failed', cluster.id)) continue
      seen.add(cluster.id)
      const since = await db.job.count({
        where: { kind: 'backup', clusterId: cluster.id, state: 'succeeded', createdAt: { gt: createdAt } },
      })
      if (since > 0) continue
      // The message of a failure may name a znode, which a channel is not told.
      const code = parseErrorView(error)?.code
      const text = `The last backup of ${cluster.name} failed${code ? ` (${code})` : ''}`
      findings.push({ rule: 'backup-failed', cluster, subject: '', about: 'backups', text })
    }
    return findings
  },
}

/** The newest good backup is older than the rule allows. What schedules promise is looked at apart. */
export const lookAtLateBackups: Look = {
  rules: ['backup-late'],
  find: async (look) => {
    const limited = clustersWith(look, 'backup-late').filter(({ id }) => hoursOf(look, id) !== null)
    if (limited.length === 0) return []
    const { db } = look.context
    const newest = await db.backup.groupBy({ by: ['clusterId'], where: GOOD_BACKUP, _max: { takenAt: true } })
    const takenAt = new Map(newest.map((row) => [row.clusterId, row._max.takenAt]))
    const added = await db.cluster.findMany({
      where: { removedAt: null },
      select: { id: true, createdAt: true },
    })
    const since = new Map(added.map(({ id, createdAt }) => [id, createdAt]))
    return limited.flatMap((cluster): Finding[] => {
      const last = takenAt.get(cluster.id) ?? null
      const hours = hoursOf(look, cluster.id) ?? 0
      // A cluster that was added a minute ago has no backup, and is not late with it.
      const from = last ?? since.get(cluster.id)
      if (!from || look.nowMs - from.getTime() <= hours * HOUR_MS) return []
      const text = last
        ? `The last good backup of ${cluster.name} is ${describeAge(look.nowMs - last.getTime())} old; at most ${countOf(hours, 'hour')} are allowed`
        : `${cluster.name} has no good backup, ${describeAge(look.nowMs - from.getTime())} after it was added`
      return [{ rule: 'backup-late', cluster, subject: '', about: 'backups', text }]
    })
  },
}

const hoursOf = ({ settingsOf }: LookContext, clusterId: string) =>
  settingsOf('backup-late', clusterId).numbers.hours ?? null

export const lookAtSmallerBackups: Look = {
  rules: ['backup-smaller'],
  find: async (look) => {
    const findings: Finding[] = []
    for (const cluster of clustersWith(look, 'backup-smaller')) {
      const finding = await findSmaller(look, cluster)
      if (finding) findings.push(finding)
    }
    return findings
  },
}

/** Compared is with the backups of the same subtrees, from the same kind of source: another scope is another size. */
async function findSmaller({ context, settingsOf }: LookContext, cluster: LookedAt): Promise<Finding | null> {
  const { numbers } = settingsOf('backup-smaller', cluster.id)
  const earlierMax = numbers.earlier ?? 7
  const recent = await context.db.backup.findMany({
    where: {
      clusterId: cluster.id,
      deletedAt: null,
      status: 'complete',
      purpose: { not: 'safety' },
      source: { not: 'import' },
    },
    orderBy: [{ takenAt: 'desc' }, { id: 'desc' }],
    take: 3 * (earlierMax + 1),
    select: { id: true, scopePaths: true, znodes: true, dataBytes: true },
  })
  const [newest] = recent
  if (!newest) return null
  const scope = JSON.stringify(newest.scopePaths)
  const toSize = (row: (typeof recent)[number]) => ({ znodes: row.znodes, bytes: Number(row.dataBytes) })
  const earlier = recent
    .slice(1)
    .filter((row) => JSON.stringify(row.scopePaths) === scope)
    .slice(0, earlierMax)
  const verdict = judgeSize(toSize(newest), earlier.map(toSize), numbers.percent ?? 50)
  if (!verdict) return null
  const say = (count: number) => (verdict.what === 'znodes' ? countOf(count, 'znode') : formatBytes(count))
  return {
    rule: 'backup-smaller',
    cluster,
    subject: '',
    about: 'backup',
    aboutId: newest.id,
    text: `The newest backup of ${cluster.name} holds ${say(verdict.now)}: ${verdict.percent} % of the median of the ${earlier.length} before it (${say(verdict.median)})`,
  }
}

export const lookAtDamagedBackups: Look = {
  rules: ['verify-failed'],
  find: async (look) => {
    const damaged = await look.context.db.backup.findMany({
      where: { deletedAt: null, verifyOk: false },
      orderBy: [{ takenAt: 'desc' }, { id: 'desc' }],
      take: DAMAGED_MAX,
      select: { id: true, clusterId: true, takenAt: true },
    })
    return damaged.flatMap(({ id, clusterId, takenAt }): Finding[] => {
      const cluster = look.clusters.get(clusterId)
      if (!cluster || !isOn(look, 'verify-failed', clusterId)) return []
      const when = `${takenAt.toISOString().slice(0, 16).replace('T', ' ')} UTC`
      const text = `The backup of ${cluster.name} of ${when} did not pass verification: do not rely on it`
      return [{ rule: 'verify-failed', cluster, subject: id, about: 'backup', aboutId: id, text }]
    })
  },
}
