import type { ServiceContext } from '../context.ts'
import { ServiceError } from '../errors.ts'
import { CLUSTER_COLUMNS, toClusterView } from './to-cluster-view.ts'
import type { ClusterView } from './views.ts'

/** Throws NOT_FOUND for a cluster that does not exist or was removed. */
export async function getCluster(
  context: Pick<ServiceContext, 'db' | 'clock'>,
  clusterId: string,
): Promise<ClusterView> {
  const row = await context.db.cluster.findFirst({
    where: { id: clusterId, removedAt: null },
    select: CLUSTER_COLUMNS,
  })
  if (!row) throw new ServiceError('NOT_FOUND', `There is no cluster ${clusterId}`)
  return toClusterView(context.db, row, context.clock.now())
}
