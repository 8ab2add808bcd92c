import type { ClusterTarget } from '../../adapters/zookeeper/connection.ts'
import type { ServiceContext } from '../context.ts'
import { ServiceError } from '../errors.ts'
import { findReadOnlyFault, getClusterForWriting } from './armed.ts'
import { openTls, TLS_COLUMNS } from './cluster-tls.ts'

export interface OpenableCluster extends ClusterTarget {
  readonly clusterId: string
  readonly clusterName: string
  readonly environment: string
  /** Goes up with every change of the cluster: a connection made for another revision is stale. */
  readonly revision: number
}

/** How to reach a cluster, with its opened credentials: for the adapter only, never for a view, a log or a job. */
export async function getClusterTarget(
  context: Pick<ServiceContext, 'db' | 'secrets'>,
  clusterId: string,
): Promise<OpenableCluster> {
  const cluster = await context.db.cluster.findFirst({
    where: { id: clusterId, removedAt: null },
    select: {
      id: true,
      name: true,
      connectString: true,
      authScheme: true,
      authSecret: true,
      ...TLS_COLUMNS,
      tlsKey: true,
      sessionTimeoutMs: true,
      requestBytesMax: true,
      environment: true,
      revision: true,
    },
  })
  if (!cluster) throw new ServiceError('NOT_FOUND', `There is no cluster ${clusterId}`)
  const auth =
    cluster.authScheme !== null && cluster.authSecret !== null
      ? [{ scheme: cluster.authScheme, id: context.secrets.open(cluster.authSecret) }]
      : []
  return {
    clusterId: cluster.id,
    clusterName: cluster.name,
    environment: cluster.environment,
    revision: cluster.revision,
    connectString: cluster.connectString,
    sessionTimeoutMs: cluster.sessionTimeoutMs,
    requestBytesMax: cluster.requestBytesMax,
    auth,
    tls: openTls(context, cluster),
  }
}

/** Throws CLUSTER_READ_ONLY unless the cluster is armed at this moment. */
export async function assertClusterArmed(
  context: Pick<ServiceContext, 'db' | 'clock'>,
  clusterId: string,
): Promise<void> {
  const fault = findReadOnlyFault(await getClusterForWriting(context, clusterId), context.clock.now())
  if (fault) throw fault
}
