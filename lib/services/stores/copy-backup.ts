import { basename } from 'node:path'
import type { z } from 'zod'
import { formatBytes } from '../../base/format-bytes.ts'
import { describeReadFrom } from '../../domain/snapshot/read-from.ts'
import type { JobPayload } from '../../jobs/definitions.ts'
import { enqueueJob } from '../../jobs/enqueue-job.ts'
import { getBackupRow } from '../backups/find-backup.ts'
import type { ServiceContext } from '../context.ts'
import { ServiceError } from '../errors.ts'
import { mutate, type Transaction } from '../gate.ts'
import type { JobResult, JobRun } from '../jobs/job-run.ts'
import { parseInput } from '../parse-input.ts'
import { openArchiveFolder } from './archive-folder.ts'
import { noteBeside } from './catalog-note.ts'
import { getStore } from './find-store.ts'
import { hurryStore, listFormerDirs, noteFormer } from './former-copies.ts'
import { mendFirst } from './mend-first.ts'
import { putInStore } from './put-in-store.ts'
import { discardArchive } from './remove-archive.ts'
import { copyBackupSchema } from './schemas.ts'

/** Until it is known where the copy lies. No archive has such a place. */
const pendingDir = (backupId: string) => `.copies/${backupId}`

/**
 * Asks the worker for a copy in another store, or for a new one where the copy is damaged or missing. Of the store where the backup was put
 * first: to put a good copy back there. What is there already and not known to be bad is not made again.
 */
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
  await mutate(context, { action: 'backup.copy', cluster, after }, async (tx, record) => {
    const row = await tx.backup.findFirstOrThrow({
      where: { id: backupId, deletedAt: null },
      select: { storeId: true, verifyOk: true, missingAt: true, copies: true },
    })
    if (row.storeId === storeId) {
      const isBad = row.verifyOk === false || row.missingAt !== null
      if (!isBad) throw refusal(`It is in ${store.name} already, and not known to be damaged`)
      if (!row.copies.some(isGood)) throw refusal('There is no copy that could be put back: none is there and sound')
      const atWork = await tx.job.count({
        where: { kind: 'copy', subjectId: backupId, state: { in: ['queued', 'running'] } },
      })
      if (atWork > 0) throw refusal('It is being copied')
      record({ after: { mends: row.missingAt !== null ? 'missing' : 'damaged' } })
      await queueCopyJob(context, tx, { backup, storeId, jobId })
      return
    }
    const known = row.copies.find((copy) => copy.storeId === storeId)
    if (known && isGood(known)) throw refusal(`It is in ${store.name} already`)
    if (known?.state === 'queued' || known?.state === 'copying') throw refusal(`It is being copied to ${store.name}`)
    // It stays where it lies until the new one is there.
    if (known?.state === 'present') await noteFormer(context, tx, { ...backup, backupId, dir: known.dir, storeId })
    await queueCopy(context, tx, { backup, storeId, jobId })
  })
  return { jobId }
}

const isGood = ({ state, verifyOk }: { readonly state: string; readonly verifyOk: boolean | null }) =>
  state === 'present' && verifyOk !== false

const refusal = (message: string) => new ServiceError('WRONG_STATE', message, { unaffected: 'nothing was changed' })

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

interface QueuedCopy {
  readonly backup: { readonly id: string; readonly clusterId: string }
  readonly storeId: string
  readonly jobId: string
}

/** In the place of the one that its row tells of, if there is one. */
export async function queueCopy(
  context: Pick<ServiceContext, 'actor' | 'clock' | 'newId'>,
  tx: Transaction,
  copy: QueuedCopy,
): Promise<void> {
  const { backup, storeId, jobId } = copy
  const row = { state: 'queued', dir: pendingDir(backup.id), jobId }
  await tx.backupCopy.upsert({
    where: { backupId_storeId: { backupId: backup.id, storeId } },
    create: { id: context.newId(), backupId: backup.id, storeId, ...row },
    update: { ...row, verifiedAt: null, verifyOk: null },
  })
  await queueCopyJob(context, tx, copy)
}

async function queueCopyJob(
  context: Pick<ServiceContext, 'actor' | 'clock'>,
  tx: Transaction,
  { backup, storeId, jobId }: QueuedCopy,
): Promise<void> {
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
  if (backup.storeId === storeId) return mendFirst(context, { backup, store }, run)
  await context.db.backupCopy.updateMany({
    where: { backupId, storeId, state: { in: ['queued', 'failed'] } },
    data: { state: 'copying' },
  })
  const folder = await openArchiveFolder(context, backup)
  try {
    if (folder.readFrom.note !== null) await run.log('warn', describeReadFrom(folder.readFrom))
    run.assertOwned()
    const avoid = await listFormerDirs(context, { backupId, storeId })
    const archive = { dir: folder.dir, folder: backup.clusterName, name: basename(backup.dir), avoid }
    const put = await putInStore(context, store, archive, run.progress)
    const place = { storeId, dir: put.dir }
    await noteBeside(context, backupId, place, { copy: true })
    return {
      result: { backupId, storeId },
      message: `${formatBytes(Number(backup.archiveBytes))} copied from ${folder.readFrom.store} to ${store.name}, proved by ${PROOFS[put.storedProof]}`,
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
        await hurryStore(tx, storeId, context.clock.now())
      },
      discard: () => discardArchive(context, place, run.job),
    }
  } finally {
    await folder.release()
  }
}

export const PROOFS = { 'read-back': 'reading it back', 'part-sums': 'the sums of its parts' } as const
