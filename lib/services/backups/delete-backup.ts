import type { z } from 'zod'
import type { ServiceContext } from '../context.ts'
import { ServiceError } from '../errors.ts'
import { mutate } from '../gate.ts'
import { parseInput } from '../parse-input.ts'
import { removeBackupFiles } from '../stores/remove-archive.ts'
import { findLastGood, getBackupRow } from './find-backup.ts'
import { deleteBackupSchema } from './schemas.ts'

/**
 * Takes the backup out of the catalog, then removes its files. In this order: a catalogued backup always has its files, and what a
 * failed removal leaves is an archive without a row.
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
      const inUse = await tx.job.count({
        where: { subjectId: backupId, state: { in: ['queued', 'running'] } },
      })
      if (inUse > 0) {
        throw new ServiceError('WRONG_STATE', 'A job works on this backup', {
          unaffected: 'nothing was deleted',
          remedy: 'wait for the job or cancel it',
        })
      }
      const { count } = await tx.backup.updateMany({
        where: { id: backupId, deletedAt: null, pinned: false },
        data: { deletedAt: now },
      })
      if (count === 0) {
        throw new ServiceError('BACKUP_PINNED', 'The backup is pinned', {
          unaffected: 'nothing was deleted',
          remedy: 'unpin it first',
        })
      }
    },
  )
  await removeBackupFiles(context, backupId)
}
