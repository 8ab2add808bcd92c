import { mapPath } from '../../domain/restore/map-paths.ts'
import { ROOT } from '../../domain/znode/path.ts'
import type { ServiceContext } from '../context.ts'
import { describeTreeRef } from '../diffs/describe-tree-ref.ts'
import { splitConnectString } from '../engine/connect-string.ts'
import { ServiceError } from '../errors.ts'
import { formatTreeRef, type TreeRef } from '../tree/tree-ref.ts'
import { type ClusterLogs, openLogs } from './cluster-logs.ts'
import { isLogKept } from './is-log-kept.ts'

export interface ZnodeLog {
  readonly clusterId: string
  readonly clusterName: string
  readonly logs: ClusterLogs
  /** As the log has it: absolute, while people see paths below the cluster's chroot. */
  readonly logPath: string
  readonly isKept: boolean
}

/** Where the transactions of a znode are archived, by the cluster that a tree is of. Throws NOT_FOUND. */
export async function findZnodeLog(context: ServiceContext, ref: TreeRef, path: string): Promise<ZnodeLog> {
  const { clusterId, clusterName } = await describeTreeRef(context, formatTreeRef(ref))
  const cluster = await context.db.cluster.findUnique({ where: { id: clusterId }, select: { connectString: true } })
  if (!cluster) throw new ServiceError('NOT_FOUND', `There is no cluster ${clusterId}`)
  const { chroot } = splitConnectString(cluster.connectString)
  return {
    clusterId,
    clusterName,
    logs: await openLogs(context, { id: clusterId, name: clusterName }),
    logPath: mapPath(path, ROOT, chroot),
    isKept: await isLogKept(context, clusterId),
  }
}
