import type { z } from 'zod'
import type { ServiceContext } from '../context.ts'
import { ServiceError } from '../errors.ts'
import { mutate } from '../gate.ts'
import { assertRemovable } from '../keep-rules/assert-removable.ts'
import { finishRemoval } from '../keep-rules/run-remove-backups.ts'
import { parseInput } from '../parse-input.ts'
import { findLastGood, getBackupRow } from './find-backup.ts'
import { deleteBackupSchema } from './schemas.ts'

/**
 * Takes the backup out of the catalog, then removes its files. In this order: a catalogued backup always has its files, and what a
 * failed removal leaves is tried again until it is gone (keep-rules/run-remove-backups.ts).
 */
export async function deleteBackup(context: ServiceContext, input: z.input<typeof deleteBackupSchema>): Promise<void> {
  const { backupId, acknowledgeLastGood } = parseInput(deleteBackupSchema, input)
  const backup = await getBackupRow(context, backupId)
  const cluster = { id: backup.clusterId, name: backup.clusterName }
  await mutate(
    context,
    { action: 'backup.delete', cluster, before: { backup: backupId, zxid: backup.zxid, znodes: backup.znodes } },
    async (tx) => {
      const now = new Date(context.clock.now())
      if (!acknowledgeLastGood && (await findLastGood({ db: tx }, [backup.clusterId])).has(backupId)) {
        throw new ServiceError('LAST_GOOD_BACKUP', `This is the last good backup of ${backup.clusterName}`, {
          unaffected: 'nothing was deleted',
          remedy: 'take another backup first, or confirm that the last one may go',
        })
      }
      await assertRemovable(tx, backupId, now.getTime())
      const { count } = await tx.backup.updateMany({
        where: { id: backupId, deletedAt: null, pinned: false },
        data: { deletedAt: now, removePending: true },
      })
      if (count === 0) {
        throw new ServiceError('BACKUP_PINNED', 'The backup is pinned', {
          unaffected: 'nothing was deleted',
          remedy: 'unpin it first',
        })
      }
    },
  )
  const failure = await finishRemoval(context, { id: backupId, cluster })
  if (failure === null) return
  throw new ServiceError('REMOVAL_UNFINISHED', `Its files are not removed everywhere: ${failure.message}`, {
    unaffected: 'the backup is out of the catalog; nothing else was deleted',
    remedy: 'the worker tries it again every hour; see why its store refuses it',
  })
}
