import type { ReadFrom } from '../../domain/snapshot/read-from.ts'
import type { TreeReader } from '../../domain/znode/ports.ts'
import { getClusterTarget } from '../clusters/open-cluster.ts'
import type { ServiceContext } from '../context.ts'
import { ServiceError } from '../errors.ts'
import { toMomentId } from '../moments/moment-id.ts'
import { borrowMoment } from '../moments/open-moment.ts'
import { borrowArchive, dropArchive } from './archive-readers.ts'
import type { TreeRef } from './tree-ref.ts'

export interface OpenTree {
  readonly reader: TreeReader
  /** For people: the cluster's name, or whose backup of when. */
  readonly label: string
  readonly clusterId: string
  /** Of a backup. */
  readonly readFrom?: ReadFrom
  /** Exactly once, when the reader is no longer used. The reader itself is shared: never close it. */
  release(): Promise<void>
}

/**
 * A live cluster or a backup as one and the same thing. NOT_FOUND for what does not exist or was deleted. `from`: the store that a backup is
 * read from; null: the first one, or a copy where that is not to be had.
 */
export async function openTree(
  context: ServiceContext,
  ref: TreeRef,
  { from = null }: { readonly from?: string | null } = {},
): Promise<OpenTree> {
  switch (ref.kind) {
    case 'live':
      return openLive(context, ref.clusterId)
    case 'backup':
      return openBackup(context, ref.backupId, from)
    case 'moment':
      return openMomentTree(context, ref)
  }
}

async function openMomentTree(context: ServiceContext, ref: Extract<TreeRef, { kind: 'moment' }>): Promise<OpenTree> {
  const { clusterName } = await getClusterTarget(context, ref.clusterId)
  const { reader, release } = await borrowMoment(context, toMomentId(ref))
  return { reader: reader.reader, label: `${clusterName} as of ${ref.zxid}`, clusterId: ref.clusterId, release }
}

async function openLive(context: ServiceContext, clusterId: string): Promise<OpenTree> {
  const cluster = await context.db.cluster.findFirst({
    where: { id: clusterId, removedAt: null },
    select: { name: true },
  })
  if (!cluster) throw new ServiceError('NOT_FOUND', `There is no cluster ${clusterId}`)
  const reader = await context.sessions.borrow(clusterId, { signal: context.signal })
  return { reader, label: cluster.name, clusterId, release: async () => undefined }
}

async function openBackup(context: ServiceContext, backupId: string, from: string | null): Promise<OpenTree> {
  const backup = await context.db.backup.findUnique({
    where: { id: backupId },
    select: { id: true, storeId: true, dir: true, clusterId: true, clusterName: true, takenAt: true, deletedAt: true },
  })
  if (!backup || backup.deletedAt) {
    if (backup) await dropArchive(context, backup)
    throw new ServiceError('NOT_FOUND', `There is no backup ${backupId}`)
  }
  const { reader, readFrom, release } = await borrowArchive(context, { ...backup, from })
  const takenAt = `${backup.takenAt.toISOString().slice(0, 19).replace('T', ' ')} UTC`
  const label = `${backup.clusterName}, backup of ${takenAt}`
  return { reader, label, clusterId: backup.clusterId, readFrom, release }
}
