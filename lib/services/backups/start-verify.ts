import { enqueueJob } from '../../jobs/enqueue-job.ts'
import type { ServiceContext } from '../context.ts'
import { mutate } from '../gate.ts'
import { findPlaceOf } from '../stores/find-copies.ts'
import { getBackupRow } from './find-backup.ts'

/** Asks the worker to read the whole archive again, or its copy in that store: checksums, structure, digest. */
export async function startVerify(
  context: ServiceContext,
  backupId: string,
  storeId: string | null = null,
): Promise<{ readonly jobId: string }> {
  const backup = await getBackupRow(context, backupId)
  const { copyId } = await findPlaceOf(context, backup, storeId)
  const jobId = context.newId()
  const cluster = { id: backup.clusterId, name: backup.clusterName }
  await mutate(context, { action: 'backup.verify', cluster, after: { backup: backupId, job: jobId } }, (tx) =>
    enqueueJob(tx, {
      id: jobId,
      kind: 'verify',
      payload: { backupId, copyId },
      clusterId: backup.clusterId,
      subjectId: backupId,
      actor: context.actor,
      nowMs: context.clock.now(),
    }),
  )
  return { jobId }
}
