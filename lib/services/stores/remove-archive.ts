import { isArkeeperError } from '../../base/errors.ts'
import type { ServiceContext } from '../context.ts'
import { type ArchivePlace, folderIn } from './archive-folder.ts'
import { getStore } from './find-store.ts'

type RemoveContext = Pick<ServiceContext, 'db' | 'paths' | 'archives'>

/** Deletes the files of one archive at one place. One that is not there any more is an error of the store's. */
export async function removeArchive(context: RemoveContext, place: ArchivePlace): Promise<void> {
  const store = await getStore(context, place.storeId)
  await context.archives.remove(folderIn(store, place.dir))
}

/**
 * Deletes the files of a backup wherever they lie: the copies first, so that what is left by a failure is where the catalog looks first. One
 * that is gone already is as good as deleted; the first failure of another kind is thrown when all were tried.
 */
export async function removeBackupFiles(context: RemoveContext, backupId: string): Promise<void> {
  const backup = await context.db.backup.findUniqueOrThrow({
    where: { id: backupId },
    select: {
      storeId: true,
      dir: true,
      formerStoreId: true,
      formerDir: true,
      copies: { select: { storeId: true, dir: true }, orderBy: { id: 'asc' } },
    },
  })
  const { copies, formerStoreId, formerDir, ...first } = backup
  // What it was encrypted anew from may still be there.
  const former = formerStoreId === null || formerDir === null ? [] : [{ storeId: formerStoreId, dir: formerDir }]
  const failures: unknown[] = []
  for (const place of [...copies, ...former, first]) {
    await removeArchive(context, place).catch((error: unknown) => {
      if (!isArkeeperError(error) || error.code !== 'NOT_FOUND') failures.push(error)
    })
  }
  if (failures.length > 0) throw failures[0]
}
