import { basename } from 'node:path'
import type { z } from 'zod'
import { formatBytes } from '../../base/format-bytes.ts'
import type { JobPayload } from '../../jobs/definitions.ts'
import { enqueueJob } from '../../jobs/enqueue-job.ts'
import { getBackupRow } from '../backups/find-backup.ts'
import type { ServiceContext } from '../context.ts'
import { ServiceError } from '../errors.ts'
import { mutate, type Transaction } from '../gate.ts'
import type { JobResult, JobRun } from '../jobs/job-run.ts'
import { parseInput } from '../parse-input.ts'
import { openArchiveFolder } from './archive-folder.ts'
import { putArchive } from './bucket-archive.ts'
import { noteBesideCopy } from './catalog-note.ts'
import { getStore } from './find-store.ts'
import { putInFolder } from './put-in-folder.ts'
import { discardArchive } from './remove-archive.ts'
import { copyBackupSchema } from './schemas.ts'

/** Until it is known where the copy lies. No archive has such a place. */
const pendingDir = (backupId: string) => `.copies/${backupId}`

/** Asks the worker for a copy in another store. One that is there already is no fault of anybody's, and not made again. */
export async function startCopy(
  context: ServiceContext,
  input: z.input<typeof copyBackupSchema>,
): Promise<{ readonly jobId: string }> {
  const { backupId, storeId } = parseInput(copyBackupSchema, input)
  const backup = await getBackupRow(context, backupId)
  const store = await getStore(context, storeId)
  const jobId = context.newId()
  const cluster = { id: backup.clusterId, name: backup.clusterName }
  const after = { backup: backupId, job: jobId, store: store.name }
  await mutate(context, { action: 'backup.copy', cluster, after }, async (tx) => {
    const known = await tx.backupCopy.findUnique({ where: { backupId_storeId: { backupId, storeId } } })
    const fault =
      backup.storeId === storeId || known?.state === 'present'
        ? `It is in ${store.name} already`
        : known?.state === 'queued' || known?.state === 'copying'
          ? `It is being copied to ${store.name}`
          : null
    if (fault !== null) throw new ServiceError('WRONG_STATE', fault, { unaffected: 'nothing was changed' })
    await queueCopy(context, tx, { backup, storeId, jobId })
  })
  return { jobId }
}

/** What the rules of its cluster ask for, in the transaction that puts a backup into the catalog. */
export async function queueCopies(
  context: Pick<ServiceContext, 'actor' | 'clock' | 'newId'>,
  tx: Transaction,
  backup: {
    readonly id: string
    readonly clusterId: string
    readonly storeId: string
    readonly purpose: string
    readonly dir: string
  },
): Promise<void> {
  const rules = await tx.copyRule.findMany({ where: { clusterId: backup.clusterId }, orderBy: { id: 'asc' } })
  for (const { storeId, what } of rules) {
    if (storeId === backup.storeId || (what === 'scheduled' && backup.purpose !== 'scheduled')) continue
    const known = await tx.backupCopy.count({ where: { backupId: backup.id, storeId } })
    if (known === 0) await queueCopy(context, tx, { backup, storeId, jobId: context.newId() })
  }
}

async function queueCopy(
  context: Pick<ServiceContext, 'actor' | 'clock' | 'newId'>,
  tx: Transaction,
  copy: {
    readonly backup: { readonly id: string; readonly clusterId: string }
    readonly storeId: string
    readonly jobId: string
  },
): Promise<void> {
  const { backup, storeId, jobId } = copy
  const row = { state: 'queued', dir: pendingDir(backup.id), jobId }
  await tx.backupCopy.upsert({
    where: { backupId_storeId: { backupId: backup.id, storeId } },
    create: { id: context.newId(), backupId: backup.id, storeId, ...row },
    update: row,
  })
  await enqueueJob(tx, {
    id: jobId,
    kind: 'copy',
    payload: { backupId: backup.id, storeId },
    clusterId: backup.clusterId,
    subjectId: backup.id,
    actor: context.actor,
    nowMs: context.clock.now(),
  })
}

/** The work of a copy job. A backup that was deleted meanwhile needs none. */
export async function runCopy(context: ServiceContext, payload: JobPayload<'copy'>, run: JobRun): Promise<JobResult> {
  const { backupId, storeId } = payload
  const backup = await getBackupRow(context, backupId)
  const store = await getStore(context, storeId)
  await context.db.backupCopy.updateMany({
    where: { backupId, storeId, state: { in: ['queued', 'failed'] } },
    data: { state: 'copying' },
  })
  const folder = await openArchiveFolder(context, backup)
  try {
    if (folder.note !== null) await run.log('warn', folder.note)
    const archive = { dir: folder.dir, folder: backup.clusterName, name: basename(backup.dir) }
    run.assertOwned()
    const put =
      store.kind === 's3'
        ? await putArchive(context, store, archive, run.progress)
        : {
            storedProof: 'read-back' as const,
            lockedUntil: null,
            dir: await putInFolder(context, store, archive, (bytes) =>
              run.progress({
                stage: `Copying to ${store.name}`,
                done: 0,
                total: null,
                bytes,
                ratePerSecond: 0,
                etaMs: null,
              }),
            ),
          }
    const place = { storeId, dir: put.dir }
    await noteBesideCopy(context, backupId, place)
    return {
      result: { backupId, storeId },
      message: `${formatBytes(Number(backup.archiveBytes))} copied to ${store.name}, proved by ${PROOFS[put.storedProof]}`,
      commit: async (tx) => {
        // What was copied must still be the backup: encrypted anew meanwhile, the copy is one of the former and opens with other keys.
        const now = await tx.backup.findFirst({
          where: { id: backupId, deletedAt: null },
          select: { storeId: true, dir: true },
        })
        if (now?.storeId !== backup.storeId || now.dir !== backup.dir) {
          throw new ServiceError('WRONG_STATE', 'The backup was encrypted anew or removed while it was copied', {
            unaffected: 'no copy was made',
            remedy: 'copy it again',
          })
        }
        await tx.backupCopy.updateMany({
          where: { backupId, storeId },
          data: {
            ...put,
            state: 'present',
            archiveBytes: backup.archiveBytes,
            copiedAt: new Date(context.clock.now()),
            verifiedAt: null,
            verifyOk: null,
          },
        })
      },
      discard: () => discardArchive(context, place, run.job),
    }
  } finally {
    await folder.release()
  }
}

const PROOFS = { 'read-back': 'reading it back', 'part-sums': 'the sums of its parts' } as const
