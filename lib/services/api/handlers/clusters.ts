import { getCluster } from '../../clusters/get-cluster.ts'
import { getClusterStatus } from '../../clusters/get-cluster-status.ts'
import { listClusters } from '../../clusters/list-clusters.ts'
import type { clusterOperations } from '../contract/clusters.ts'
import type { Handlers } from '../handler.ts'

export const clusterHandlers: Handlers<typeof clusterOperations> = {
  listClusters: async (context) => ({ items: await listClusters(context) }),
  getCluster: (context, { params }) => getCluster(context, params.clusterId),
  getClusterStatus: (context, { params }) => getClusterStatus(context, params.clusterId),
}
