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

function parseJson(text: string | null): unknown {
  try {
    return text === null ? null : JSON.parse(text)
  } catch {
    return null
  }
}
