import { clustersWith, type Finding, type Look } from './finding.ts'

/** One alert for each watched path, however often it is written: it is over when it was quiet for long enough. */
export const lookAtWatchedPaths: Look = {
  rules: ['path-written'],
  find: async (look) => {
    const findings: Finding[] = []
    for (const cluster of clustersWith(look, 'path-written')) {
      const minutes = look.settingsOf('path-written', cluster.id).numbers.minutes ?? 10
      const written = await look.context.db.watchedPath.findMany({
        where: { clusterId: cluster.id, hits: { some: { at: { gt: new Date(look.nowMs - minutes * 60_000) } } } },
        orderBy: { id: 'asc' },
        select: { id: true, note: true },
      })
      for (const { id, note } of written) {
        const text = `A watched path of ${cluster.name} was written${note === '' ? '' : `: ${note}`}`
        findings.push({ rule: 'path-written', cluster, subject: id, about: 'live', text })
      }
    }
    return findings
  },
}
