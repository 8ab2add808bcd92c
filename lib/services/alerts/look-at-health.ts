import { countOf } from '../../base/count-of.ts'
import { getClusterStatus } from '../clusters/get-cluster-status.ts'
import { clustersWith, type Finding, isOn, type Look, type LookContext, type LookedAt } from './finding.ts'

/** Servers are looked at once a minute; when nobody has for so long, nothing is known of them. */
const STALE_MS = 5 * 60_000
/** Asked at once, of those that seem to be down; each takes a few seconds at most. */
const ASKED_AT_ONCE = 16
/** A server that is known to be there, but not how it is. */
const SAYS_NOTHING = ['NOT_ALLOWED', 'UNKNOWN_ADDRESS']

/**
 * A cluster is down when no server of it serves in the latest look, and a session, asked for just now, agrees: that is what the overview
 * shows, and servers that answer no four-letter word are not down for that. How long it must last is the rule's hold.
 */
export const lookAtHealth: Look = {
  rules: ['cluster-down', 'server-down', 'digest-mismatch'],
  find: async (look) => {
    const { db } = look.context
    const watches = await db.healthWatch.findMany({
      where: { enabled: true },
      select: { clusterId: true, lastRunAt: true, error: true },
    })
    const findings: Finding[] = []
    const suspects: LookedAt[] = []
    for (const { clusterId, lastRunAt } of watches) {
      const cluster = look.clusters.get(clusterId)
      if (!cluster) continue
      if (lastRunAt === null || look.nowMs - lastRunAt.getTime() > STALE_MS) {
        for (const rule of lookAtHealth.rules) look.markUnknown(rule, clusterId)
        continue
      }
      const samples = await db.healthSample.findMany({
        where: { clusterId, at: lastRunAt },
        orderBy: { server: 'asc' },
        select: { server: true, ok: true, fault: true, digestMismatches: true },
      })
      // Servers that could not be looked at at all leave no sample.
      if (samples.length === 0) for (const rule of lookAtHealth.rules) look.markUnknown(rule, clusterId)
      else if (samples.every(({ ok }) => !ok)) {
        suspects.push(cluster)
        // What their members are is not known while none of them answers.
        for (const rule of ['server-down', 'digest-mismatch'] as const) look.markUnknown(rule, clusterId)
      } else findings.push(...ofServers(look, cluster, samples))
    }
    return [...findings, ...(await confirm(look, suspects))]
  },
}

interface Sample {
  readonly server: string
  readonly ok: boolean
  readonly fault: string | null
  readonly digestMismatches: number | null
}

function ofServers(look: LookContext, cluster: LookedAt, samples: readonly Sample[]): Finding[] {
  return samples.flatMap(({ server, ok, fault, digestMismatches }): Finding[] => {
    const about = { cluster, subject: server, about: 'cluster' } as const
    if (!ok && !SAYS_NOTHING.includes(fault ?? '') && isOn(look, 'server-down', cluster.id)) {
      const text = `${server} of ${cluster.name} does not serve${fault ? ` (${fault})` : ''}; the others do`
      return [{ rule: 'server-down', ...about, text }]
    }
    const mismatches = digestMismatches ?? 0
    if (mismatches === 0 || !isOn(look, 'digest-mismatch', cluster.id)) return []
    const text = `The tree of ${server} of ${cluster.name} was not what a snapshot or a transaction said it should be, ${countOf(mismatches, 'time')} since it started`
    return [{ rule: 'digest-mismatch', ...about, text }]
  })
}

async function confirm(look: LookContext, suspects: readonly LookedAt[]): Promise<Finding[]> {
  const wanted = new Set(clustersWith(look, 'cluster-down').map(({ id }) => id))
  const asked = suspects.filter(({ id }) => wanted.has(id))
  const findings: Finding[] = []
  for (let at = 0; at < asked.length; at += ASKED_AT_ONCE) {
    const found = await Promise.all(
      asked.slice(at, at + ASKED_AT_ONCE).map(async (cluster): Promise<Finding[]> => {
        const status = await getClusterStatus(look.context, cluster.id)
        if (status.state === 'up') return []
        const text = `${cluster.name} cannot be connected to (${status.cause})`
        return [{ rule: 'cluster-down', cluster, subject: '', about: 'cluster', text }]
      }),
    )
    findings.push(...found.flat())
  }
  return findings
}
