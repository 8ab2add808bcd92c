import type { ServiceContext } from '../context.ts'
import { ServiceError } from '../errors.ts'

/** The one rule of arming, for pages, services and the worker: null or past means read-only. */
export function isArmed(armedUntil: Date | null, nowMs: number): boolean {
  return armedUntil !== null && armedUntil.getTime() > nowMs
}

export interface ClusterForWriting {
  readonly id: string
  readonly name: string
  readonly armedUntil: Date | null
}

/** Throws NOT_FOUND for a cluster that does not exist or was removed. */
export async function getClusterForWriting(
  context: Pick<ServiceContext, 'db'>,
  clusterId: string,
): Promise<ClusterForWriting> {
  const cluster = await context.db.cluster.findFirst({
    where: { id: clusterId, removedAt: null },
    select: { id: true, name: true, armedUntil: true },
  })
  if (!cluster) throw new ServiceError('NOT_FOUND', `There is no cluster ${clusterId}`)
  return cluster
}

/** Null when writes are allowed now. */
export function findReadOnlyFault(cluster: ClusterForWriting, nowMs: number): ServiceError | null {
  if (isArmed(cluster.armedUntil, nowMs)) return null
  return new ServiceError('CLUSTER_READ_ONLY', `The cluster ${cluster.name} is read-only`, {
    unaffected: 'nothing was written',
    remedy: 'arm it for writes first',
  })
}
