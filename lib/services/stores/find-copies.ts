import type { ServiceContext } from '../context.ts'
import { ServiceError } from '../errors.ts'
import type { ArchivePlace } from './archive-folder.ts'

/** How an archive stands in its first store, and the copies that it could be read from instead. */
export const STANDING_COLUMNS = {
  verifyOk: true,
  missingAt: true,
  copies: {
    where: { state: 'present' },
    select: { storeId: true, dir: true, verifyOk: true },
    orderBy: { id: 'asc' },
  },
} as const

/** The place of a backup in that store, and which copy it is; null: where it was put first. Throws NOT_FOUND for a copy that is not there. */
export async function findPlaceOf(
  { db }: Pick<ServiceContext, 'db'>,
  backup: ArchivePlace & { readonly id: string },
  storeId: string | null,
): Promise<ArchivePlace & { readonly copyId: string | null }> {
  if (storeId === null || storeId === backup.storeId) return { copyId: null, storeId: backup.storeId, dir: backup.dir }
  const copy = await db.backupCopy.findUnique({
    where: { backupId_storeId: { backupId: backup.id, storeId } },
    select: { id: true, storeId: true, dir: true, state: true },
  })
  if (copy?.state === 'present') return { copyId: copy.id, storeId: copy.storeId, dir: copy.dir }
  throw new ServiceError('NOT_FOUND', 'There is no copy of this backup in that store', {
    remedy: 'copy it there first',
  })
}
