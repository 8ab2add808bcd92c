import type { ServiceContext } from '../context.ts'
import { ServiceError } from '../errors.ts'
import { parseTreeRef, type TreeRef } from '../tree/tree-ref.ts'

export interface DescribedTree {
  readonly ref: TreeRef
  readonly label: string
  readonly clusterId: string
  readonly clusterName: string
}

/** What a reference stands for, without opening it. Throws NOT_FOUND for a cluster or backup that is not there. */
export async function describeTreeRef(context: Pick<ServiceContext, 'db'>, text: string): Promise<DescribedTree> {
  const ref = parseTreeRef(text)
  if (!ref) throw new ServiceError('INVALID_INPUT', `"${text}" is neither a cluster, a moment of one, nor a backup`)
  if (ref.kind !== 'backup') {
    const cluster = await context.db.cluster.findFirst({
      where: { id: ref.clusterId, removedAt: null },
      select: { name: true },
    })
    if (!cluster) throw new ServiceError('NOT_FOUND', `There is no cluster ${ref.clusterId}`)
    const label = ref.kind === 'live' ? `${cluster.name}, live` : `${cluster.name} as of ${ref.zxid}`
    return { ref, label, clusterId: ref.clusterId, clusterName: cluster.name }
  }
  const backup = await context.db.backup.findFirst({
    where: { id: ref.backupId, deletedAt: null },
    select: { clusterId: true, clusterName: true, takenAt: true, purpose: true },
  })
  if (!backup) throw new ServiceError('NOT_FOUND', `There is no backup ${ref.backupId}`)
  const what = backup.purpose === 'safety' ? 'safety backup' : 'backup'
  const takenAt = `${backup.takenAt.toISOString().slice(0, 19).replace('T', ' ')} UTC`
  return {
    ref,
    label: `${backup.clusterName}, ${what} of ${takenAt}`,
    clusterId: backup.clusterId,
    clusterName: backup.clusterName,
  }
}
