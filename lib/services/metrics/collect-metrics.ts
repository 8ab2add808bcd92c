import packageJson from '../../../package.json' with { type: 'json' }
import type { ServiceContext } from '../context.ts'
import { roleAt } from '../policy.ts'
import { collectClusters } from './collect-clusters.ts'
import { collectFollow } from './collect-follow.ts'
import { collectInstallation } from './collect-installation.ts'
import { collectJobs } from './collect-jobs.ts'
import { collectLogCopies } from './collect-log-copies.ts'
import { collectServers } from './collect-servers.ts'
import { collectSchedules, collectStored } from './collect-stored.ts'
import { MetricSink } from './metric-sink.ts'
import { processMetrics } from './process-metrics.ts'

/** By id, and as labels name them. */
export type ClusterNames = ReadonlyMap<string, string>

/**
 * Everything in Prometheus' text form. The numbers come out of the database, so that any process gives the same ones, and are those of the
 * clusters that the actor sees; what is of the installation is for who has a role overall.
 */
export async function collectMetrics(context: ServiceContext): Promise<string> {
  const sink = new MetricSink()
  sink.set('arkeeper_build_info', 1, { version: packageJson.version, node_version: process.version })
  const clusters = await context.db.cluster.findMany({ where: { removedAt: null }, select: { id: true, name: true } })
  const names: ClusterNames = new Map(clusters.map(({ id, name }) => [id, name]))
  sink.set('arkeeper_clusters', clusters.length)
  await collectClusters(context, names, sink)
  await collectFollow(context, names, sink)
  await collectSchedules(context, names, sink)
  await collectLogCopies(context, names, sink)
  await collectStored(context, names, sink)
  await collectServers(context, names, sink)
  await collectJobs(context, sink)
  const isOverall = roleAt(context.actor, null) !== 'none'
  await collectInstallation(context, names, sink, { isOverall })
  return `${await sink.text()}${await processMetrics()}`
}
