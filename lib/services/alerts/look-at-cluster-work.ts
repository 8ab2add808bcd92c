import { countOf } from '../../base/count-of.ts'
import { parseErrorView } from '../jobs/to-job-view.ts'
import { describeAge, type Finding, isOn, type Look } from './finding.ts'

const MINUTE_MS = 60_000

/** The measuring is done apart (run-due-drift.ts); this reads what it has found. */
export const lookAtDrift: Look = {
  rules: ['drift'],
  find: async (look) => {
    const rows = await look.context.db.driftWatch.findMany({ where: { enabled: true } })
    return rows.flatMap((row): Finding[] => {
      const cluster = look.clusters.get(row.clusterId)
      if (!cluster || !isOn(look, 'drift', row.clusterId)) return []
      const about = { cluster, about: 'drift', rule: 'drift' } as const
      const sinceMs = look.nowMs - (row.lastOkAt ?? row.createdAt).getTime()
      const findings: Finding[] = []
      if (row.error !== null && sinceMs > 2 * row.everyMinutes * MINUTE_MS) {
        const text = `How far ${cluster.name} is from its baseline could not be measured for ${describeAge(sinceMs)}`
        findings.push({ ...about, subject: 'unmeasured', text })
      }
      const differ = (row.added ?? 0) + (row.removed ?? 0) + (row.changed ?? 0)
      if (row.lastOkAt !== null && differ > row.znodesMax) {
        const text = `${countOf(differ, 'znode')} of ${cluster.name} ${differ === 1 ? 'differs' : 'differ'} from the baseline (${row.added ?? 0} added, ${row.removed ?? 0} removed, ${row.changed ?? 0} changed); ${row.znodesMax} may`
        findings.push({ ...about, subject: '', text })
      }
      return findings
    })
  },
}

export const lookAtLogs: Look = {
  rules: ['logs-failing'],
  find: async (look) => {
    const rows = await look.context.db.logKeeping.findMany({ where: { enabled: true, error: { not: null } } })
    return rows.flatMap((row): Finding[] => {
      const cluster = look.clusters.get(row.clusterId)
      if (!cluster || !isOn(look, 'logs-failing', row.clusterId)) return []
      const minutes = look.settingsOf('logs-failing', row.clusterId).numbers.minutes ?? 30
      const sinceMs = look.nowMs - (row.lastOkAt ?? row.createdAt).getTime()
      if (sinceMs <= Math.max(minutes * MINUTE_MS, 3 * row.everySeconds * 1000)) return []
      const code = parseErrorView(parseJson(row.error))?.code
      const text = `The transaction log of ${cluster.name} could not be archived for ${describeAge(sinceMs)}${code ? ` (${code})` : ''}`
      return [{ rule: 'logs-failing', cluster, subject: '', about: 'cluster-settings', text }]
    })
  },
}

/** Right after the log was made longer it is behind for a moment: what counts is when last all of it was there. */
export const lookAtLogCopies: Look = {
  rules: ['logs-copy-late'],
  find: async (look) => {
    const rows = await look.context.db.logMirror.findMany({ orderBy: { id: 'asc' } })
    const stores = await look.context.db.store.findMany({ select: { id: true, name: true } })
    return rows.flatMap((row): Finding[] => {
      const cluster = look.clusters.get(row.clusterId)
      if (!cluster || !isOn(look, 'logs-copy-late', row.clusterId)) return []
      const minutes = look.settingsOf('logs-copy-late', row.clusterId).numbers.minutes ?? 60
      const sinceMs = look.nowMs - (row.lastOkAt ?? row.createdAt).getTime()
      if (sinceMs <= minutes * MINUTE_MS) return []
      const name = stores.find(({ id }) => id === row.storeId)?.name ?? 'the built-in folder'
      const code = parseErrorView(parseJson(row.error))?.code
      const text = `The transaction log of ${cluster.name} is not wholly in ${name} for ${describeAge(sinceMs)}${code ? ` (${code})` : ''}`
      return [{ rule: 'logs-copy-late', cluster, subject: row.storeId, about: 'cluster-settings', text }]
    })
  },
}

export const lookAtLogPieces: Look = {
  rules: ['logs-damaged'],
  find: async (look) => {
    const rows = await look.context.db.logPiece.findMany({
      where: { verifyOk: false },
      orderBy: { id: 'asc' },
      select: { clusterId: true },
    })
    const bases = await look.context.db.logBase.findMany({
      where: { verifyOk: false },
      orderBy: { id: 'asc' },
      select: { clusterId: true },
    })
    const counts = Map.groupBy([...rows, ...bases], ({ clusterId }) => clusterId)
    return [...counts].flatMap(([clusterId, damaged]): Finding[] => {
      const cluster = look.clusters.get(clusterId)
      if (!cluster || !isOn(look, 'logs-damaged', clusterId)) return []
      const text = `${countOf(damaged.length, 'part')} of the transaction log of ${cluster.name} ${damaged.length === 1 ? 'is' : 'are'} damaged`
      return [{ rule: 'logs-damaged', cluster, subject: '', about: 'cluster-settings', text }]
    })
  },
}

function parseJson(text: string | null): unknown {
  try {
    return text === null ? null : JSON.parse(text)
  } catch {
    return null
  }
}
