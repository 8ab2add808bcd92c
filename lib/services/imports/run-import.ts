import { access } from 'node:fs/promises'
import { countOf } from '../../base/count-of.ts'
import { isArkeeperError } from '../../base/errors.ts'
import { ImportError } from '../../domain/imports/errors.ts'
import { FORM_FACTS, isImportForm } from '../../domain/imports/import-form.ts'
import type { ImportFacts } from '../../domain/snapshot/manifest.ts'
import type { JobPayload } from '../../jobs/definitions.ts'
import { toBackupRow } from '../backups/backup-row.ts'
import { getClusterTarget } from '../clusters/open-cluster.ts'
import type { ServiceContext } from '../context.ts'
import { encryptingFor } from '../encryption/find-recipients.ts'
import type { TakenBackup } from '../engine/take-backup.ts'
import { takeImport } from '../engine/take-import.ts'
import { ServiceError } from '../errors.ts'
import type { JobResult, JobRun } from '../jobs/job-run.ts'
import { noteBesideNew } from '../stores/catalog-note.ts'
import { queueCopies } from '../stores/copy-backup.ts'
import { openStaging } from '../stores/staging.ts'
import { fetchUpload, removeUpload } from './uploads.ts'

/** The work of an import job: an archive of the uploaded file on the shelf of a cluster, which is neither read nor written. */
export async function runImport(
  context: ServiceContext,
  payload: JobPayload<'import'>,
  run: JobRun,
): Promise<JobResult> {
  const { clusterName } = await getClusterTarget(context, payload.clusterId)
  const { clusterId } = payload
  const staging = await openStaging(context, { clusterId, clusterName, job: run.job })
  const encrypting = await encryptingFor(context, clusterId)
  const taken = staging.found ?? (await take(encrypting, payload, run, { clusterName, parentDir: staging.parentDir }))
  const { manifest } = taken
  if (manifest.import) for (const line of describeFacts(manifest.import)) await run.log('warn', line)
  const published = await staging.publish(taken, run.progress)
  const purpose = 'manual'
  const { backupId: id, note } = payload
  await noteBesideNew(context, published, { id, clusterId, clusterName, purpose, note, jobId: run.job.id })
  return {
    result: { backupId: payload.backupId, znodes: manifest.znodes, status: manifest.status },
    message: `${countOf(manifest.znodes, 'znode')} from ${payload.fileName}`,
    commit: async (tx) => {
      await tx.backup.create({
        data: toBackupRow({
          id: payload.backupId,
          clusterId,
          clusterName,
          purpose,
          manifest,
          place: published,
          archiveBytes: taken.archiveBytes,
          createdById: context.actor.id,
          jobId: run.job.id,
          nowMs: context.clock.now(),
        }),
        select: { id: true },
      })
      await queueCopies(context, tx, { id, clusterId, purpose, ...published })
      // From here on the archive is all that is needed; one that is left behind goes with the next import.
      void removeUpload(context, run.job.id)
    },
    discard: published.discard,
  }
}

async function take(
  context: ServiceContext,
  payload: JobPayload<'import'>,
  run: JobRun,
  place: { readonly clusterName: string; readonly parentDir: string },
): Promise<TakenBackup> {
  const path = await fetchUpload(context, run.job.id)
  await access(path).catch((cause: unknown) => {
    throw new ServiceError('NOT_FOUND', `The uploaded file ${payload.fileName} is no longer there`, {
      unaffected: 'nothing was imported',
      remedy: 'import it again',
      cause,
    })
  })
  await run.log('info', `Reading ${payload.fileName}${payload.form === null ? '' : ` as ${payload.form}`}`)
  try {
    return await takeImport(context, {
      path,
      fileName: payload.fileName,
      form: payload.form,
      ...place,
      note: payload.note,
      onProgress: run.progress,
    })
  } catch (error) {
    // The same bytes will not read any better.
    const isHopeless = error instanceof ImportError || (isArkeeperError(error) && error.code === 'NO_VALID_SNAPSHOT')
    if (isHopeless) await removeUpload(context, run.job.id)
    throw error
  }
}

function describeFacts(facts: ImportFacts): string[] {
  const form = isImportForm(facts.form) ? FORM_FACTS[facts.form].silent : []
  return [
    ...form,
    ...(facts.unknownAcls > 0 ? [`The ACL of ${countOf(facts.unknownAcls, 'znode')} is not known.`] : []),
    ...(facts.unknownContents > 0 ? [`Data and ACL of ${countOf(facts.unknownContents, 'znode')} are not known.`] : []),
    ...(facts.skipped.total > 0 ? [`${countOf(facts.skipped.total, 'file')} left out: no file or folder.`] : []),
    ...facts.warnings,
  ]
}
