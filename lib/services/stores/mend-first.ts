import { basename } from 'node:path'
import type { Prisma } from '../../adapters/database/generated/client.ts'
import { formatErrorLine, isArkeeperError, throwIfAborted } from '../../base/errors.ts'
import { formatBytes } from '../../base/format-bytes.ts'
import { writeAudit } from '../audit/write-audit.ts'
import type { getBackupRow } from '../backups/find-backup.ts'
import { verifyReportSchema } from '../backups/verify-report.ts'
import type { ServiceContext } from '../context.ts'
import { ServiceError } from '../errors.ts'
import type { JobResult, JobRun } from '../jobs/job-run.ts'
import { hurryKeepRules } from '../keep-rules/run-due-keep-rules.ts'
import { type ArchiveFolder, openArchiveAnew } from './archive-folder.ts'
import { noteBeside } from './catalog-note.ts'
import { STANDING_COLUMNS } from './find-copies.ts'
import type { Store } from './find-store.ts'
import { hurryStore, listFormerDirs, noteFormer } from './former-copies.ts'
import { putInStore } from './put-in-store.ts'
import { discardArchive } from './remove-archive.ts'
import { verifyPlace } from './verify-place.ts'

/**
 * Puts a copy that verifies in place of the archive that is damaged or missing in its first store. It gets a place of its own there, is read
 * from the store once more, and only then the catalog leads to it; the damaged one is removed after that.
 */
export async function mendFirst(
  context: ServiceContext,
  { backup, store }: { readonly backup: Awaited<ReturnType<typeof getBackupRow>>; readonly store: Store },
  run: JobRun,
): Promise<JobResult> {
  const { id, storeId, dir, clusterId, clusterName } = backup
  const { verifyOk, missingAt, copies } = await context.db.backup.findUniqueOrThrow({
    where: { id },
    select: STANDING_COLUMNS,
  })
  if (verifyOk !== false && missingAt === null) {
    return {
      result: { backupId: id, storeId },
      message: `It lies in ${store.name}, and is not known to be damaged: nothing was to be done`,
      // One that waited to be a copy, before the backup itself came to that store.
      commit: async (tx) => void (await tx.backupCopy.deleteMany({ where: { backupId: id, storeId } })),
    }
  }
  const good = await openGoodCopy(
    context,
    copies.filter((copy) => copy.verifyOk !== false),
    run,
  )
  try {
    run.assertOwned()
    const avoid = new Set([...(await listFormerDirs(context, { backupId: id, storeId })), dir])
    const archive = { dir: good.dir, folder: clusterName, name: basename(dir), avoid }
    const put = await putInStore(context, store, archive, run.progress)
    const place = { storeId, dir: put.dir }
    const discard = () => discardArchive(context, place, run.job)
    const report = await verifyPlace(context, place)
    if (!report.ok) {
      await discard()
      throw new ServiceError('ARCHIVE_DAMAGED', `What was put into ${store.name} is damaged when it is read again`, {
        unaffected: 'what lay there before is as it was; the copies are not affected',
        remedy: 'test the store and check its disks',
      })
    }
    await noteBeside(context, id, place, { copy: false })
    const now = new Date(context.clock.now())
    const message = `${formatBytes(Number(backup.archiveBytes))} put back into ${store.name} from ${good.readFrom.store}, read again there and found sound`
    return {
      result: { backupId: id, storeId },
      message,
      discard,
      commit: async (tx) => {
        const { count } = await tx.backup.updateMany({
          where: { id, storeId, dir, deletedAt: null },
          data: {
            ...put,
            missingAt: null,
            verifiedAt: now,
            verifyOk: true,
            // The schema admits nothing but what JSON can hold.
            verifyReport: verifyReportSchema.parse(report) as unknown as Prisma.InputJsonObject,
            verifyDepth: report.encryption?.opened === false ? 'sums' : null,
          },
        })
        if (count === 0) {
          throw new ServiceError('WRONG_STATE', 'The backup was moved or removed while it was copied back', {
            unaffected: 'it is as somebody else has put it',
          })
        }
        if (missingAt === null) await noteFormer(context, tx, { ...backup, backupId: id })
        await hurryStore(tx, storeId, now.getTime())
        await hurryKeepRules(tx, clusterId, now.getTime())
        await writeAudit(tx, context, {
          action: 'backup.copy',
          outcome: 'ok',
          cluster: { id: clusterId, name: clusterName },
          before: { dir, was: missingAt === null ? 'damaged' : 'missing' },
          after: { backup: id, job: run.job.id, dir: put.dir, store: store.name, from: good.readFrom.store },
          message,
        })
      },
    }
  } finally {
    await good.release()
  }
}

/** The first of them that is wholly read and found sound; to be released. */
async function openGoodCopy(
  context: ServiceContext,
  copies: readonly { readonly storeId: string; readonly dir: string }[],
  run: JobRun,
): Promise<ArchiveFolder> {
  for (const place of copies) {
    try {
      const folder = await openArchiveAnew(context, place)
      const report = await context.archives.verify(folder.dir, { signal: context.signal }).catch(async (error) => {
        await folder.release()
        throw error
      })
      if (report.ok) return folder
      await folder.release()
      await run.log('error', `The copy in ${folder.readFrom.store} is damaged as well: ${report.problems[0]?.message}`)
    } catch (error) {
      throwIfAborted(context.signal)
      if (!isArkeeperError(error)) throw error
      await run.log('error', `A copy could not be read: ${formatErrorLine(error)}`)
    }
  }
  throw new ServiceError('ARCHIVE_DAMAGED', 'No copy of this backup could be read and found sound', {
    unaffected: 'everything is as it was',
    remedy: 'see the log of the job; verify the copies, or take another backup',
  })
}
