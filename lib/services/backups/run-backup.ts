import { countOf } from '../../base/count-of.ts'
import type { JobPayload } from '../../jobs/definitions.ts'
import { getAdminTargets } from '../clusters/admin-servers.ts'
import { listClusterMembers } from '../clusters/cluster-members.ts'
import { getClusterTarget, type OpenableCluster } from '../clusters/open-cluster.ts'
import type { ServiceContext } from '../context.ts'
import { encryptingFor } from '../encryption/find-recipients.ts'
import { takeAdminBackup } from '../engine/take-admin-backup.ts'
import { type TakenBackup, takeBackup } from '../engine/take-backup.ts'
import { takeFilesBackup } from '../engine/take-files-backup.ts'
import type { JobResult, JobRun } from '../jobs/job-run.ts'
import { noticeNewBackup } from '../keep-rules/run-due-keep-rules.ts'
import { takeMoment } from '../moments/take-moment.ts'
import { openStaging } from '../stores/staging.ts'
import { toBackupRow } from './backup-row.ts'
import { toPaths } from './find-backup.ts'

/** The work of a backup job. The archive is whole or not at all; the catalog gets it when the job is settled. */
export async function runBackup(
  context: ServiceContext,
  payload: JobPayload<'backup'>,
  run: JobRun,
): Promise<JobResult> {
  const target = await getClusterTarget(context, payload.clusterId)
  const moment = payload.moment === null ? '' : ` as of ${payload.moment}`
  await run.log('info', `Reading ${payload.paths.join(', ')} of ${target.clusterName}${moment}`)
  const staging = await openStaging(context, target)
  const taken = await take(context, payload, run, { ...target, parentDir: staging.parentDir })
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
  const published = await staging.publish(taken)
  return {
    result: { backupId: payload.backupId, znodes: manifest.znodes, status: manifest.status },
    message: `${countOf(manifest.znodes, 'znode')}, ${manifest.consistency.class}, ${manifest.status}`,
    commit: async (tx) => {
      await tx.backup.create({
        data: toBackupRow({
          id: payload.backupId,
          clusterId: payload.clusterId,
          clusterName: target.clusterName,
          purpose: 'manual',
          manifest,
          place: published,
          archiveBytes: taken.archiveBytes,
          createdById: context.actor.id,
          jobId: run.job.id,
          nowMs: context.clock.now(),
        }),
        select: { id: true },
      })
      await noticeNewBackup(tx, payload.clusterId, context.clock.now())
    },
    discard: published.discard,
  }
}

async function take(
  context: ServiceContext,
  payload: JobPayload<'backup'>,
  run: JobRun,
  target: OpenableCluster & { readonly parentDir: string },
): Promise<TakenBackup> {
  if (payload.moment !== null)
    return takeMoment(context, { target, parentDir: target.parentDir, zxid: payload.moment, note: payload.note }, run)
  const encrypting = await encryptingFor(context, payload.clusterId)
  const common = {
    target,
    clusterName: target.clusterName,
    paths: payload.paths,
    parentDir: target.parentDir,
    note: payload.note,
    onProgress: run.progress,
  }
  switch (payload.source) {
    case 'client':
      return takeBackup(encrypting, { ...common, expectedZnodes: await findExpectedZnodes(context, payload) })
    case 'admin': {
      const admins = await getAdminTargets(context, payload.clusterId)
      const taken = await takeAdminBackup(encrypting, { ...common, admins })
      for (const warning of taken.warnings) await run.log('warn', warning)
      return taken
    }
    case 'files': {
      const members = await listClusterMembers(context, payload.clusterId)
      const admins = await getAdminTargets(context, payload.clusterId)
      const taken = await takeFilesBackup(encrypting, { ...common, members, admins })
      for (const { member, message } of taken.members) await run.log('info', `${member}: ${message}`)
      for (const warning of taken.warnings) await run.log('warn', warning)
      return taken
    }
  }
}

/** Znodes of the last backup of the same scope: good enough for the time left, and for nothing else. */
async function findExpectedZnodes(
  context: Pick<ServiceContext, 'db'>,
  payload: JobPayload<'backup'>,
): Promise<number | null> {
  const former = await context.db.backup.findMany({
    where: { clusterId: payload.clusterId, purpose: 'manual', deletedAt: null },
    orderBy: { takenAt: 'desc' },
    take: 20,
    select: { scopePaths: true, znodes: true },
  })
  const scope = payload.paths.join('\n')
  return former.find((backup) => toPaths(backup.scopePaths).join('\n') === scope)?.znodes ?? null
}
