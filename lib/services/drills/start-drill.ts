import { enqueueJob } from '../../jobs/enqueue-job.ts'
import { getBackupRow } from '../backups/find-backup.ts'
import type { ServiceContext } from '../context.ts'
import { ServiceError } from '../errors.ts'
import { mutate } from '../gate.ts'
import { findPlaceOf } from '../stores/find-copies.ts'
import { DRILL_LIMIT_MINUTES } from './schemas.ts'

/** Asks the worker to load the backup, as it lies in that store where one is given, into a scratch server and to compare what it serves. */
export async function startDrill(
  context: ServiceContext,
  backupId: string,
  storeId: string | null = null,
): Promise<{ readonly jobId: string }> {
  const backup = await getBackupRow(context, backupId)
  await findPlaceOf(context, backup, storeId)
  const jobId = context.newId()
  const cluster = { id: backup.clusterId, name: backup.clusterName }
  const after = { backup: backupId, job: jobId, ...(storeId === null ? {} : { store: storeId }) }
  await mutate(context, { action: 'backup.drill', cluster, after }, async (tx) => {
    const atWork = await tx.job.count({
      where: { kind: 'drill', subjectId: backupId, state: { in: ['queued', 'running'] } },
    })
    if (atWork > 0) {
      throw new ServiceError('WRONG_STATE', 'A drill of this backup waits or is at work already', {
        unaffected: 'nothing was started',
        remedy: 'wait for it or cancel it',
      })
    }
    const schedule = await tx.drillSchedule.findUnique({
      where: { clusterId: backup.clusterId },
      select: { limitMinutes: true },
    })
    await enqueueJob(tx, {
      id: jobId,
      kind: 'drill',
      payload: { backupId, storeId, limitMinutes: schedule?.limitMinutes ?? DRILL_LIMIT_MINUTES.default },
      clusterId: backup.clusterId,
      subjectId: backupId,
      actor: context.actor,
      nowMs: context.clock.now(),
    })
  })
  return { jobId }
}
