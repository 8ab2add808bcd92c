import type { ServiceContext } from '../context.ts'
import type { ClusterNames } from './collect-metrics.ts'
import type { MetricSink } from './metric-sink.ts'

const seconds = (ms: number | bigint | null) => (ms === null ? null : Number(ms) / 1000)

/** The servers of each ensemble as they were in the latest look, whoever looked. A counter falls when its server starts anew. */
export async function collectServers({ db }: ServiceContext, names: ClusterNames, sink: MetricSink): Promise<void> {
  const watches = await db.healthWatch.findMany({
    where: { lastRunAt: { not: null } },
    select: { clusterId: true, lastRunAt: true },
  })
  for (const { clusterId, lastRunAt } of watches) {
    const cluster = names.get(clusterId)
    if (cluster === undefined || lastRunAt === null) continue
    const samples = await db.healthSample.findMany({ where: { clusterId, at: lastRunAt }, orderBy: { server: 'asc' } })
    sink.setTime('arkeeper_cluster_look_timestamp_seconds', lastRunAt, { cluster })
    if (samples.length === 0) continue
    sink.set('arkeeper_cluster_up', samples.some(({ ok }) => ok) ? 1 : 0, { cluster })
    for (const sample of samples) {
      const labels = { cluster, server: sample.server }
      sink.set('arkeeper_server_up', sample.ok ? 1 : 0, labels)
      if (!sample.ok) continue
      const isLeader = sample.role === 'leader' || sample.role === 'standalone'
      sink.set('arkeeper_cluster_leader', isLeader ? 1 : 0, labels)
      if (sample.role === 'leader') {
        sink.set('arkeeper_cluster_quorum_size', sample.quorumSize, { cluster })
        sink.set('arkeeper_cluster_synced_followers', sample.syncedFollowers, { cluster })
      }
      const info = { role: sample.role ?? 'unknown', version: sample.version ?? 'unknown' }
      sink.set('arkeeper_server_info', 1, { ...labels, ...info })
      sink.set('arkeeper_server_latency_average_seconds', seconds(sample.latencyAvg), labels)
      sink.set('arkeeper_server_latency_max_seconds', seconds(sample.latencyMax), labels)
      sink.set('arkeeper_server_outstanding_requests', sample.outstanding, labels)
      sink.set('arkeeper_server_connections', sample.connections, labels)
      sink.set('arkeeper_server_znodes', sample.znodes, labels)
      sink.set('arkeeper_server_ephemerals', sample.ephemerals, labels)
      sink.set('arkeeper_server_watches', sample.watches, labels)
      sink.set('arkeeper_server_data_bytes', sample.dataBytes, labels)
      sink.set('arkeeper_server_packets_received_total', sample.packetsReceived, labels)
      sink.set('arkeeper_server_packets_sent_total', sample.packetsSent, labels)
      sink.set('arkeeper_server_open_files', sample.openFiles, labels)
      sink.set('arkeeper_server_open_files_max', sample.openFilesMax, labels)
      sink.set('arkeeper_server_uptime_seconds', seconds(sample.uptimeMs), labels)
      sink.set('arkeeper_server_digest_mismatches_total', sample.digestMismatches, labels)
    }
  }
}
