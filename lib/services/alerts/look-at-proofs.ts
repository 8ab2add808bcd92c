import { countOf } from '../../base/count-of.ts'
import { findProof } from '../drills/find-proof.ts'
import { REREAD_DAYS } from '../rereads/schemas.ts'
import { describeAge, type Finding, isOn, type Look, type LookContext } from './finding.ts'

const HOUR_MS = 3_600_000
const DAY_MS = 24 * HOUR_MS

/** As the overview says it: a drill has failed, and none after it has proved a backup. */
export const lookAtFailedDrills: Look = {
  rules: ['drill-failed'],
  find: async (look) => {
    const { db } = look.context
    const rows = await db.backup.groupBy({ by: ['clusterId'], where: { deletedAt: null, drillOk: false } })
    const findings: Finding[] = []
    for (const { clusterId } of rows) {
      const cluster = look.clusters.get(clusterId)
      if (!cluster || !isOn(look, 'drill-failed', clusterId)) continue
      const { failed } = await findProof(db, clusterId)
      if (!failed) continue
      const text = `A drill of a backup of ${cluster.name} failed: a server does not give back what it holds`
      findings.push({ rule: 'drill-failed', cluster, subject: '', about: 'backup', aboutId: failed.backupId, text })
    }
    return findings
  },
}

/** The turn that says that there is nothing to prove is no fault, and what has failed is told by its own rule. */
const NOTHING_TO_PROVE = ['proved-already', 'no-backup', 'failed-already']

export const lookAtOverdueDrills: Look = {
  rules: ['drill-overdue'],
  find: async (look) => {
    const { db } = look.context
    const schedules = await db.drillSchedule.findMany({ where: { enabled: true } })
    const scheduled = new Map(schedules.map((row) => [row.clusterId, row]))
    const findings: Finding[] = []
    for (const cluster of look.clusters.values()) {
      if (!isOn(look, 'drill-overdue', cluster.id)) continue
      const days = look.settingsOf('drill-overdue', cluster.id).numbers.days ?? null
      const schedule = scheduled.get(cluster.id)
      if (!schedule && days === null) continue
      const { lastProved } = await findProof(db, cluster.id)
      const age = lastProved ? look.nowMs - lastProved.provedAt.getTime() : null
      const text = lastProved
        ? `No backup of ${cluster.name} was proved restorable for ${describeAge(age ?? 0)}`
        : `No backup of ${cluster.name} was ever proved restorable`
      const waited = schedule ? look.nowMs - schedule.updatedAt.getTime() : 0
      const turnsMs = schedule ? 2 * schedule.everyHours * HOUR_MS + schedule.limitMinutes * 60_000 : 0
      const isMissed =
        schedule !== undefined &&
        !NOTHING_TO_PROVE.includes(schedule.lastOutcome ?? '') &&
        look.nowMs - Math.max(lastProved?.provedAt.getTime() ?? 0, schedule.createdAt.getTime()) > turnsMs
      // A schedule whose turns are not taken at all says nothing new of itself.
      const isStuck = schedule !== undefined && waited > 0 && look.nowMs - schedule.nextRunAt.getTime() > turnsMs
      const isTooOld = days !== null && (age === null ? await hasOldBackup() : age > days * DAY_MS)
      if (isMissed || isStuck || isTooOld) {
        findings.push({ rule: 'drill-overdue', cluster, subject: '', about: 'backups', text })
      }

      async function hasOldBackup(): Promise<boolean> {
        const before = new Date(look.nowMs - (days ?? 0) * DAY_MS)
        return (
          (await db.backup.count({ where: { clusterId: cluster.id, deletedAt: null, takenAt: { lt: before } } })) > 0
        )
      }
    }
    return findings
  },
}

const COPIES_MAX = 5_000

/** Archives whose last reading is too long ago: a worker that is busy all day, a budget that is too small, a store that cannot be read. */
export const lookAtOverdueRereads: Look = {
  rules: ['reread-overdue'],
  find: async (look) => {
    const schedules = await look.context.db.rereadSchedule.findMany({
      select: { clusterId: true, enabled: true, everyDays: true },
    })
    const plans = new Map(schedules.map((row) => [row.clusterId, row]))
    const byDays = new Map<number, Set<string>>()
    for (const { id } of look.clusters.values()) {
      if (!isOn(look, 'reread-overdue', id)) continue
      const { enabled, everyDays } = plans.get(id) ?? { enabled: true, everyDays: REREAD_DAYS.default }
      const days = look.settingsOf('reread-overdue', id).numbers.days ?? (enabled ? 2 * everyDays : null)
      if (days !== null) byDays.set(days, (byDays.get(days) ?? new Set<string>()).add(id))
    }
    const findings: Finding[] = []
    for (const [days, clusterIds] of byDays) {
      for (const [clusterId, count] of await countUnread(look, look.nowMs - days * DAY_MS)) {
        const cluster = look.clusters.get(clusterId)
        if (!cluster || !clusterIds.has(clusterId)) continue
        const text = `${countOf(count, 'archive')} of ${cluster.name} ${count === 1 ? 'was' : 'were'} not read again for more than ${countOf(days, 'day')}`
        findings.push({ rule: 'reread-overdue', cluster, subject: '', about: 'backups', text })
      }
    }
    return findings
  },
}

/** By cluster, in two questions for all of them: archives where they were put first, and copies. */
async function countUnread({ context: { db } }: LookContext, beforeMs: number): Promise<Map<string, number>> {
  const before = new Date(beforeMs)
  const read = { verifiedAt: { lt: before } }
  const firsts = await db.backup.groupBy({
    by: ['clusterId'],
    where: { deletedAt: null, missingAt: null, OR: [read, { verifiedAt: null, createdAt: { lt: before } }] },
    _count: { _all: true },
  })
  const counts = new Map(firsts.map(({ clusterId, _count }) => [clusterId, _count._all]))
  const copies = await db.backupCopy.findMany({
    where: {
      state: 'present',
      backup: { deletedAt: null },
      OR: [
        read,
        { verifiedAt: null, createdAt: { lt: before }, OR: [{ copiedAt: null }, { copiedAt: { lt: before } }] },
      ],
    },
    orderBy: { id: 'asc' },
    take: COPIES_MAX,
    select: { backup: { select: { clusterId: true } } },
  })
  for (const { backup } of copies) counts.set(backup.clusterId, (counts.get(backup.clusterId) ?? 0) + 1)
  return counts
}
