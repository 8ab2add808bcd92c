import { basename } from 'node:path'
import type { ArchivePort } from '../../adapters/archive/store.ts'
import type { Prisma } from '../../adapters/database/generated/client.ts'
import { countOf } from '../../base/count-of.ts'
import { formatErrorLine, isArkeeperError, throwIfAborted } from '../../base/errors.ts'
import { laterName } from '../../domain/snapshot/archive-name.ts'
import type { JobPayload } from '../../jobs/definitions.ts'
import { enqueueJob } from '../../jobs/enqueue-job.ts'
import { getClusterTarget } from '../clusters/open-cluster.ts'
import type { ServiceContext } from '../context.ts'
import { ProgressMeter } from '../engine/progress.ts'
import { ServiceError } from '../errors.ts'
import { mutate } from '../gate.ts'
import type { JobResult, JobRun } from '../jobs/job-run.ts'
import { findNeeds, type Need } from '../keep-rules/find-needs.ts'
import { lookPast } from '../seen-by.ts'
import { type ArchivePlace, withArchive } from '../stores/archive-folder.ts'
import { noteInStores } from '../stores/catalog-note.ts'
import { removeFormers } from '../stores/former-copies.ts'
import { removeArchive } from '../stores/remove-archive.ts'
import { openStaging } from '../stores/staging.ts'
import { findRecipients } from './find-recipients.ts'
import { replaceCopies } from './former-copies.ts'
import { isSameSet, listEncrypted, toRecipients } from './key-needs.ts'
import { reencryptBases } from './reencrypt-bases.ts'
import { reencryptPieces } from './reencrypt-pieces.ts'

/** From one round to the next, for backups that something reads; twice as long each time. */
const AGAIN_MS = 10 * 60_000
const AGAIN_MS_MAX = 6 * 3_600_000

interface Rotation {
  readonly context: ServiceContext
  readonly cluster: { readonly id: string; readonly name: string }
  readonly archives: ArchivePort
  readonly wanted: readonly string[]
  readonly run: JobRun
}

/**
 * Encrypts the backups of a cluster anew, newest first, each by itself: the new archive is written beside the former, read back with its
 * keys, and takes its place in the catalog before the former is removed. Begun again, it goes on with what is left.
 */
export async function runReencrypt(
  context: ServiceContext,
  payload: JobPayload<'reencrypt'>,
  run: JobRun,
): Promise<JobResult> {
  const { clusterName } = await getClusterTarget(context, payload.clusterId)
  const cluster = { id: payload.clusterId, name: clusterName }
  const wanted = await findRecipients(context, cluster.id)
  if (wanted.length === 0) {
    throw new ServiceError('WRONG_STATE', `New backups of ${clusterName} are not encrypted any more`, {
      unaffected: 'every backup is as it was',
    })
  }
  const rotation = { context, cluster, wanted, run, archives: context.archives.withRecipients(wanted) }
  await removeLeft(rotation)
  await removeFormers(context, { clusterId: cluster.id }, (message) => run.log('warn', message))
  const rows = await listEncrypted(context, cluster.id)
  const stale = rows.filter(({ recipients }) => recipients === null || !isSameSet(recipients, wanted))
  const failures: string[] = []
  const waits: string[] = []
  const meter = new ProgressMeter(context.clock, run.progress)
  let done = 0
  for (const [at, { id }] of stale.entries()) {
    throwIfAborted(context.signal)
    run.assertOwned()
    meter.report('Encrypting backups anew', { done: at, total: stale.length })
    try {
      const need = await findWork(context, id)
      if (need) {
        waits.push(id)
        await run.log('info', `${id} waits until it is read no more: ${await describeNeed(context, need)}`)
      } else if (await rotate(rotation, id)) done++
    } catch (error) {
      if (!isArkeeperError(error) || error.code === 'CANCELLED' || error.code === 'LEASE_LOST') throw error
      failures.push(id)
      await run.log('error', `${id}: ${formatErrorLine(error)}`)
    }
  }
  const ofLog = await reencryptPieces(context, cluster, wanted, run)
  const bases = await reencryptBases(context, { ...rotation, wanted })
  const pieces = { done: ofLog.done + bases.done, failed: ofLog.failed + bases.failed }
  const told = (backups: number, logPieces: number) =>
    [
      ...(backups > 0 || logPieces === 0 ? [countOf(backups, 'backup')] : []),
      ...(logPieces > 0 ? [`${countOf(logPieces, 'piece')} of the log`] : []),
    ].join(' and ')
  const failed = failures.length + pieces.failed
  const lacking = told(failures.length, pieces.failed)
  const nowMs = context.clock.now()
  const round = payload.round ?? 0
  const againMs = nowMs + Math.min(AGAIN_MS * 2 ** round, AGAIN_MS_MAX)
  const message = [
    `${told(done, pieces.done)} encrypted anew to ${countOf(wanted.length, 'key')}`,
    ...(failed === 0 ? [] : [`${lacking} could not be`]),
    ...(waits.length === 0
      ? []
      : [`${countOf(waits.length, 'backup')} in use: it goes on with them at ${new Date(againMs).toISOString()}`]),
  ].join('; ')
  return {
    result: { done, failed: failures.length, waiting: waits.length, pieces: pieces.done, piecesFailed: pieces.failed },
    message,
    commit: async (tx) => {
      if (waits.length === 0) return
      const atWork = await tx.job.count({
        where: { kind: 'reencrypt', clusterId: cluster.id, state: 'queued', id: { not: run.job.id } },
      })
      if (atWork > 0) return
      await enqueueJob(tx, {
        id: context.newId(),
        kind: 'reencrypt',
        payload: { clusterId: cluster.id, round: round + 1 },
        clusterId: cluster.id,
        subjectId: cluster.id,
        actor: context.actor,
        nowMs,
        runAfterMs: againMs,
      })
    },
    ...(failed === 0
      ? {}
      : {
          failure: {
            code: 'REENCRYPT_INCOMPLETE',
            message: `${lacking} could not be encrypted anew`,
            unaffected: `they are as they were; ${told(done, pieces.done)} were encrypted anew`,
            remedy: 'see the log of the job; unlock the key that is missing, then start it again',
          },
        }),
  }
}

/** False when the backup is not there any more. */
async function rotate(rotation: Rotation, backupId: string): Promise<boolean> {
  const { context, cluster, wanted, archives, run } = rotation
  const row = await context.db.backup.findFirst({
    where: { id: backupId, deletedAt: null },
    select: { storeId: true, dir: true, recipients: true },
  })
  if (!row) return false
  const former: ArchivePlace = { storeId: row.storeId, dir: row.dir }
  const staging = await openStaging(context, {
    clusterId: cluster.id,
    clusterName: cluster.name,
    job: run.job,
    part: backupId,
  })
  const written = await withArchive(context, former, (dir) =>
    archives.reencrypt(dir, {
      parentDir: staging.parentDir,
      // Of what is read, the folder may be one of this host's cache. A name that was used once is never used again: other hosts may
      // still hold the archive that had it.
      name: laterName(basename(former.dir), 1),
      signal: context.signal,
    }),
  )
  const published = await staging.publish(written)
  let isTaken = false
  try {
    run.assertOwned()
    const after = { backup: backupId, keys: [...wanted] }
    const before = { keys: toRecipients(row.recipients) ?? [] }
    await mutate(context, { action: 'encryption.rotate', cluster, before, after }, async (tx, record) => {
      const { count } = await tx.backup.updateMany({
        where: { id: backupId, ...former, deletedAt: null },
        data: {
          storeId: published.storeId,
          dir: published.dir,
          storedProof: published.storedProof,
          lockedUntil: published.lockedUntil,
          archiveBytes: BigInt(written.archiveBytes),
          // A manifest is made of what JSON can hold, by its schema.
          manifest: written.manifest as Prisma.InputJsonObject,
          recipients: [...wanted],
          formerStoreId: former.storeId,
          formerDir: former.dir,
          // What was verified were other files.
          verifiedAt: null,
          verifyOk: null,
          verifyDepth: null,
        },
      })
      isTaken = count === 1
      if (!isTaken) throw new ServiceError('WRONG_STATE', 'The backup was moved or removed meanwhile')
      const facts = { id: backupId, clusterId: cluster.id, storeId: published.storeId, recipients: row.recipients }
      const copies = await replaceCopies(context, tx, facts)
      if (copies > 0) record({ after: { copies } })
    })
  } finally {
    if (!isTaken) await published.discard()
  }
  await noteInStores(context, backupId)
  await removeFormer(rotation, backupId, former)
  return true
}

/** Its files must not go while a restore, a drill, a copy or anything else reads them. */
async function findWork({ db }: Pick<ServiceContext, 'db'>, backupId: string): Promise<Need | null> {
  return (await lookPast(() => findNeeds(db))).get(backupId)?.find(({ atWork }) => atWork) ?? null
}

/** With its id where that may be known. */
async function describeNeed({ db }: Pick<ServiceContext, 'db'>, { by, restoreId }: Need): Promise<string> {
  const restore =
    restoreId === undefined ? null : await db.restore.findUnique({ where: { id: restoreId }, select: { id: true } })
  return restore === null ? by : `${by} (restore ${restore.id}: run it or cancel it)`
}

async function assertNotInWork(context: Pick<ServiceContext, 'db'>, backupId: string): Promise<void> {
  const need = await findWork(context, backupId)
  if (need) throw new ServiceError('WRONG_STATE', `The backup is needed: ${need.by}`)
}

/** What a run that was killed between the two has left. */
async function removeLeft(rotation: Rotation): Promise<void> {
  const rows = await rotation.context.db.backup.findMany({
    where: { clusterId: rotation.cluster.id, formerDir: { not: null } },
    orderBy: { id: 'asc' },
    select: { id: true, formerStoreId: true, formerDir: true },
  })
  for (const { id, formerStoreId: storeId, formerDir: dir } of rows) {
    if (storeId !== null && dir !== null) await removeFormer(rotation, id, { storeId, dir })
  }
}

async function removeFormer(
  { context, cluster, run }: Rotation,
  backupId: string,
  former: ArchivePlace,
): Promise<void> {
  try {
    // Begun since, it may read the former: it stays on record, and the next rotation removes it.
    await assertNotInWork(context, backupId)
    await removeArchive(context, former)
  } catch (error) {
    if (!isArkeeperError(error)) throw error
    if (error.code !== 'NOT_FOUND') {
      // It stays on record, and the next rotation tries again.
      await run.log('warn', `${former.dir} could not be removed: ${formatErrorLine(error)}`)
      return
    }
  }
  await mutate(context, { action: 'encryption.rotate', cluster, after: { removed: former.dir } }, async (tx) => {
    await tx.backup.updateMany({ where: { id: backupId }, data: { formerStoreId: null, formerDir: null } })
  })
}
