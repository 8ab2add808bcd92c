import { getBackupRow } from '../backups/find-backup.ts'
import type { ServiceContext } from '../context.ts'
import { ServiceError } from '../errors.ts'
import { mutate } from '../gate.ts'
import { noteInStores } from '../stores/catalog-note.ts'

/** A backup that was about to go stays: it is pinned, so that the rules do not mark it again. */
export async function keepMarked(context: ServiceContext, backupId: string): Promise<void> {
  const backup = await getBackupRow(context, backupId)
  await mutate(
    context,
    {
      action: 'backup.pin',
      cluster: { id: backup.clusterId, name: backup.clusterName },
      before: { backup: backupId, pinned: backup.pinned },
      after: { pinned: true, goes: false },
    },
    async (tx) => {
      const { count } = await tx.backup.updateMany({
        where: { id: backupId, deletedAt: null },
        data: { pinned: true, removeAfter: null, removeReason: null, keepRevision: null },
      })
      if (count === 0) {
        throw new ServiceError('NOT_FOUND', 'The backup has been removed meanwhile', {
          unaffected: 'nothing was changed',
        })
      }
    },
  )
  await noteInStores(context, backupId)
}
