import type { ReadFrom } from '../../domain/snapshot/read-from.ts'
import { getBackupRow } from '../backups/find-backup.ts'
import type { ServiceContext } from '../context.ts'
import { type OpenedSafety, openSafety } from '../engine/open-safety.ts'
import { RestoreDirectory } from '../engine/restore-directory.ts'
import { openArchiveFolder } from '../stores/archive-folder.ts'
import type { RestoreRow } from './find-restore.ts'

/**
 * What was there before a restore or an edit wrote; null when it has written nothing. The safety backup is found by the catalog: where the
 * worker that took it has put it down says nothing to another host.
 */
export async function openSafetyOf(
  context: ServiceContext,
  done: Pick<RestoreRow, 'dir' | 'safetyBackupId'>,
  onRead: (readFrom: ReadFrom) => void = () => undefined,
): Promise<OpenedSafety | null> {
  if (done.safetyBackupId === null)
    return openSafety(context, new RestoreDirectory(await context.workFiles.fetch(done.dir)))
  const folder = await openArchiveFolder(context, await getBackupRow(context, done.safetyBackupId))
  try {
    const reader = await context.archives.open(folder.dir)
    onRead(folder.readFrom)
    return {
      get: (path, options) => reader.get(path, options),
      close: async () => {
        await reader.close()
        await folder.release()
      },
    }
  } catch (error) {
    await folder.release()
    throw error
  }
}
