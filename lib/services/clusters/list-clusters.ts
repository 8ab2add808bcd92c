import type { ServiceContext } from '../context.ts'
import { CLUSTER_COLUMNS, toClusterView } from './to-cluster-view.ts'
import type { ClusterView } from './views.ts'

/** By name. Removed clusters are left out. */
export async function listClusters(context: Pick<ServiceContext, 'db' | 'clock'>): Promise<ClusterView[]> {
  const rows = await context.db.cluster.findMany({
    where: { removedAt: null },
    orderBy: { name: 'asc' },
    select: CLUSTER_COLUMNS,
  })
  return Promise.all(rows.map((row) => toClusterView(context.db, row, context.clock.now())))
}
