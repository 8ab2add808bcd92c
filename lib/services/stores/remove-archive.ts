import { isArkeeperError } from '../../base/errors.ts'
import type { ClaimedJob } from '../../jobs/claim-job.ts'
import type { ServiceContext } from '../context.ts'
import { ServiceError } from '../errors.ts'
import { type ArchivePlace, cacheKeyOf, type FolderContext, folderIn, placeIn } from './archive-folder.ts'
import { cacheOf, removeFromBucket } from './bucket-archive.ts'
import { getStore } from './find-store.ts'

export type RemoveContext = FolderContext & Pick<ServiceContext, 'archives'>

/** Deletes the files of one archive at one place. One that is not there any more is an error of the store's. */
export async function removeArchive(context: RemoveContext, place: ArchivePlace): Promise<void> {
  const store = await getStore(context, place.storeId)
  if (store.kind === 'folder') return context.archives.remove(folderIn(store, place.dir))
  await removeFromBucket(context, store, placeIn(place.dir))
  await cacheOf(context).drop(cacheKeyOf(place))
}

/**
 * Takes back an archive that did not come into the catalog. Another run of the same job may have sent the very same objects to the same place:
 * what the catalog names stays, and so does what a run that has taken the job over may be about to enter. At worst a rescan finds it.
 */
export async function discardArchive(
  context: RemoveContext,
  place: ArchivePlace,
  { id, token }: Pick<ClaimedJob, 'id' | 'token'>,
): Promise<void> {
  const { storeId, dir } = place
  const at = { storeId, dir }
  if ((await context.db.backup.count({ where: at })) + (await context.db.backupCopy.count({ where: at })) > 0) return
  const takenOver = { id, OR: [{ state: 'queued' }, { state: 'running', leaseToken: { not: token } }] }
  const isShared = (await getStore(context, storeId)).kind === 's3'
  if (isShared && (await context.db.job.count({ where: takenOver })) > 0) return
  await removeArchive(context, at)
}

/**
 * Deletes the files of a backup wherever they lie: the copies first, so that what is left by a failure is where the catalog looks first. One
 * that is gone already is as good as deleted; the first failure of another kind is thrown when all were tried. What a store keeps locked is
 * not asked for.
 */
export async function removeBackupFiles(context: RemoveContext, backupId: string): Promise<void> {
  const place = { storeId: true, dir: true, lockedUntil: true } as const
  const { copies, formerStoreId, formerDir, ...first } = await context.db.backup.findUniqueOrThrow({
    where: { id: backupId },
    select: {
      ...place,
      formerStoreId: true,
      formerDir: true,
      copies: { select: place, orderBy: { id: 'asc' } },
    },
  })
  // What it was encrypted anew from may still be there.
  const former =
    formerStoreId === null || formerDir === null ? [] : [{ storeId: formerStoreId, dir: formerDir, lockedUntil: null }]
  // Their rows go when the store is looked after next.
  const formers = await context.db.formerCopy.findMany({
    where: { backupId },
    orderBy: { id: 'asc' },
    select: { storeId: true, dir: true },
  })
  const failures: unknown[] = []
  const all = [...copies, ...former, ...formers.map((one) => ({ ...one, lockedUntil: null })), first]
  for (const { lockedUntil, ...at } of all) {
    try {
      if (lockedUntil !== null && lockedUntil.getTime() > context.clock.now()) {
        const { name } = await getStore(context, at.storeId)
        throw new ServiceError('STORE_LOCKED', `${name} keeps it locked until ${lockedUntil.toISOString()}`, {
          unaffected: 'the locked archive was left as it is',
          remedy: 'wait until the lock has run out',
        })
      }
      await removeArchive(context, at)
    } catch (error) {
      if (!isArkeeperError(error) || !['NOT_FOUND', 'OBJECT_MISSING'].includes(error.code)) failures.push(error)
    }
  }
  if (failures.length > 0) throw failures[0]
}
