import { findProof } from '../drills/find-proof.ts'
import { describeAge, type Finding, isOn, type Look } from './finding.ts'

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
