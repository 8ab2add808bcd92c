import { countOf } from '../../base/count-of.ts'
import type { JobPayload } from '../../jobs/definitions.ts'
import { getClusterTarget } from '../clusters/open-cluster.ts'
import type { ServiceContext } from '../context.ts'
import type { JobResult, JobRun } from '../jobs/job-run.ts'
import { noticeNewBackup } from '../keep-rules/run-due-keep-rules.ts'
import { succeedScheduleRun } from '../schedules/end-schedule-run.ts'
import { noteBesideNew } from '../stores/catalog-note.ts'
import { queueCopies } from '../stores/copy-backup.ts'
import { openStaging } from '../stores/staging.ts'
import { toBackupRow } from './backup-row.ts'
import { takeByChain } from './take-by-chain.ts'

/** The work of a backup job. The archive is whole or not at all; the catalog gets it when the job is settled. */
export async function runBackup(
  context: ServiceContext,
  payload: JobPayload<'backup'>,
  run: JobRun,
): Promise<JobResult> {
  const target = await getClusterTarget(context, payload.clusterId)
  const moment = payload.moment === null ? '' : ` as of ${payload.moment}`
  await run.log('info', `Reading ${payload.paths.join(', ')} of ${target.clusterName}${moment}`)
  const staging = await openStaging(context, { ...target, job: run.job })
  if (staging.found)
    await run.log('info', 'It was read by an earlier try already, and is whole: it goes on with sending it')
  const { taken, faults } = staging.found
    ? { taken: staging.found, faults: [] }
    : await takeByChain(context, payload, run, { ...target, parentDir: staging.parentDir })
  const { manifest } = taken
  const { unreadable, maskedAcl } = manifest.fidelity
  if (unreadable.length > 0) {
    await run.log(
      'warn',
      `${countOf(unreadable.length, 'znode')} could not be read: ${unreadable.slice(0, 10).join(', ')}`,
    )
  }
  if (maskedAcl.length > 0) {
    await run.log(
      'warn',
      `${countOf(maskedAcl.length, 'ACL')} shown with hidden digests: ${maskedAcl.slice(0, 10).join(', ')}`,
    )
  }
  const published = await staging.publish(taken, run.progress)
  const purpose = payload.schedule ? 'scheduled' : 'manual'
  const { backupId: id, clusterId, note } = payload
  const { schedule } = payload
  await noteBesideNew(context, published, { ...target, id, clusterId, purpose, schedule, note, jobId: run.job.id })
  return {
    result: { backupId: payload.backupId, znodes: manifest.znodes, status: manifest.status },
    message: `${countOf(manifest.znodes, 'znode')}, ${manifest.consistency.class}, ${manifest.status}`,
    commit: async (tx) => {
      await tx.backup.create({
        data: toBackupRow({
          id: payload.backupId,
          clusterId: payload.clusterId,
          clusterName: target.clusterName,
          purpose,
          schedule: payload.schedule,
          sourceFaults: faults,
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
      await noticeNewBackup(tx, payload.clusterId, context.clock.now())
      if (payload.schedule) {
        const { startedAt } = await tx.job.findUniqueOrThrow({ where: { id: run.job.id }, select: { startedAt: true } })
        await succeedScheduleRun(tx, {
          backupId: payload.backupId,
          source: manifest.source,
          faults,
          startedAt,
          nowMs: context.clock.now(),
        })
      }
    },
    discard: published.discard,
  }
}
