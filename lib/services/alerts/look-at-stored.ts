import { describeExpiry } from '../../base/certificate-expiry.ts'
import { countOf } from '../../base/count-of.ts'
import { parseErrorView } from '../jobs/to-job-view.ts'
import { describeAge, type Finding, isOn, type Look } from './finding.ts'

const HOUR_MS = 3_600_000
const DAY_MS = 24 * HOUR_MS
const ROWS_MAX = 500

const dayOf = (at: Date) => `${at.toISOString().slice(0, 16).replace('T', ' ')} UTC`

/** Backups that are not where they were put, and copies that did not pass their verification: as grave as a damaged backup. */
export const lookAtMissingBackups: Look = {
  rules: ['verify-failed'],
  find: async (look) => {
    const { db } = look.context
    const missing = await db.backup.findMany({
      where: { deletedAt: null, missingAt: { not: null } },
      orderBy: [{ takenAt: 'desc' }, { id: 'desc' }],
      take: ROWS_MAX,
      select: { id: true, clusterId: true, takenAt: true },
    })
    const copies = await db.backupCopy.findMany({
      where: { verifyOk: false, backup: { deletedAt: null } },
      orderBy: { id: 'asc' },
      take: ROWS_MAX,
      select: { id: true, storeId: true, backup: { select: { id: true, clusterId: true, takenAt: true } } },
    })
    const found = [
      ...missing.map((backup) => ({ subject: `missing ${backup.id}`, backup, fault: 'is not where it was put' })),
      ...copies.map(({ id, backup }) => ({
        subject: `copy ${id}`,
        backup,
        fault: 'has a copy that did not pass verification',
      })),
    ]
    return found.flatMap(({ subject, backup, fault }): Finding[] => {
      const cluster = look.clusters.get(backup.clusterId)
      if (!cluster || !isOn(look, 'verify-failed', cluster.id)) return []
      const text = `The backup of ${cluster.name} of ${dayOf(backup.takenAt)} ${fault}`
      return [{ rule: 'verify-failed', cluster, subject, about: 'backup', aboutId: backup.id, text }]
    })
  },
}

/** Copies to other stores, one alert for each cluster and store: what fails for one backup fails for the next. */
export const lookAtCopies: Look = {
  rules: ['copy-failing'],
  find: async (look) => {
    const { db } = look.context
    const rows = await db.backupCopy.findMany({
      where: { state: { not: 'present' }, backup: { deletedAt: null } },
      orderBy: [{ createdAt: 'asc' }, { id: 'asc' }],
      take: ROWS_MAX,
      select: { storeId: true, state: true, createdAt: true, error: true, backup: { select: { clusterId: true } } },
    })
    const stores = new Map(
      (await db.store.findMany({ select: { id: true, name: true } })).map((row) => [row.id, row.name]),
    )
    const found = new Map<string, Finding>()
    for (const { storeId, state, createdAt, error, backup } of rows) {
      const cluster = look.clusters.get(backup.clusterId)
      if (!cluster || !isOn(look, 'copy-failing', cluster.id)) continue
      const hours = look.settingsOf('copy-failing', cluster.id).numbers.hours ?? 6
      const isLate = look.nowMs - createdAt.getTime() > hours * HOUR_MS
      if (state !== 'failed' && state !== 'missing' && !isLate) continue
      const key = `${cluster.id} ${storeId}`
      if (found.has(key)) continue
      const store = stores.get(storeId) ?? storeId
      const code = parseErrorView(error)?.code
      const fault =
        state === 'failed'
          ? `could not be copied to the store ${store}${code ? ` (${code})` : ''}`
          : state === 'missing'
            ? `is not in the store ${store} any more`
            : `has been waiting for ${describeAge(look.nowMs - createdAt.getTime())} to be copied to the store ${store}`
      const text = `A backup of ${cluster.name} ${fault}`
      found.set(key, { rule: 'copy-failing', cluster, subject: storeId, about: 'backups', text })
    }
    return [...found.values()]
  },
}

/** Keep rules that stopped by themselves, and archives that are out of the catalog and not known to be gone. */
export const lookAtRemovals: Look = {
  rules: ['removal-stopped'],
  find: async (look) => {
    const { db } = look.context
    const runs = await db.keepRun.findMany({ where: { lastOutcome: { in: ['stopped', 'failed'] } } })
    const pending = await db.backup.groupBy({
      by: ['clusterId'],
      where: { removePending: true, deletedAt: { lt: new Date(look.nowMs - HOUR_MS) } },
      _count: { _all: true },
    })
    const findings: Finding[] = []
    for (const { clusterId, lastOutcome } of runs) {
      const cluster = look.clusters.get(clusterId)
      if (!cluster || !isOn(look, 'removal-stopped', clusterId)) continue
      const text =
        lastOutcome === 'stopped'
          ? `The keep rules of ${cluster.name} would remove more good backups at once than they may: a person has to say so`
          : `The keep rules of ${cluster.name} could not be applied`
      findings.push({ rule: 'removal-stopped', cluster, subject: 'rules', about: 'backups', text })
    }
    for (const { clusterId, _count } of pending) {
      const cluster = look.clusters.get(clusterId)
      if (!cluster || !isOn(look, 'removal-stopped', clusterId)) continue
      const text = `${countOf(_count._all, 'removed backup')} of ${cluster.name} could not be removed from every store yet`
      findings.push({ rule: 'removal-stopped', cluster, subject: 'pending', about: 'backups', text })
    }
    return findings
  },
}

export const lookAtHolds: Look = {
  rules: ['hold-expiring'],
  find: async (look) => {
    const holds = await look.context.db.backupHold.findMany({
      where: { liftedAt: null, until: { gt: new Date(look.nowMs), lte: new Date(look.nowMs + 365 * DAY_MS) } },
      orderBy: { id: 'asc' },
      select: {
        id: true,
        until: true,
        placedAt: true,
        backup: { select: { id: true, clusterId: true, takenAt: true, deletedAt: true } },
      },
    })
    return holds.flatMap(({ id, until, placedAt, backup }): Finding[] => {
      const cluster = look.clusters.get(backup.clusterId)
      if (!until || !cluster || backup.deletedAt || !isOn(look, 'hold-expiring', cluster.id)) return []
      const days = look.settingsOf('hold-expiring', cluster.id).numbers.days ?? 7
      const leftMs = until.getTime() - look.nowMs
      // One that was placed for a few days is not told of from its first day on.
      if (leftMs > days * DAY_MS || leftMs > (until.getTime() - placedAt.getTime()) / 2) return []
      const text = `The hold on the backup of ${cluster.name} of ${dayOf(backup.takenAt)} ${describeExpiry(until.getTime(), look.nowMs)}: keep rules may remove it then`
      return [{ rule: 'hold-expiring', cluster, subject: id, about: 'backup', aboutId: backup.id, text }]
    })
  },
}
