import type { WorkFolder } from '../../adapters/workfiles/work-files.ts'
import { countOf } from '../../base/count-of.ts'
import { formatErrorLine } from '../../base/errors.ts'
import type { JobPayload } from '../../jobs/definitions.ts'
import { assertApprovedRun, noticeExpired } from '../approvals/require-approval.ts'
import { toBackupRow } from '../backups/backup-row.ts'
import { getClusterTarget } from '../clusters/open-cluster.ts'
import type { ServiceContext } from '../context.ts'
import { encryptingFor } from '../encryption/find-recipients.ts'
import { executeRestore } from '../engine/execute-restore.ts'
import { RestoreDirectory, type RestoreReport, type SafetyRecord } from '../engine/restore-directory.ts'
import type { ErrorView } from '../error-view.ts'
import { ServiceError } from '../errors.ts'
import { mutateCluster } from '../gate.ts'
import type { JobResult, JobRun } from '../jobs/job-run.ts'
import { noteBesideNew } from '../stores/catalog-note.ts'
import { queueCopies } from '../stores/copy-backup.ts'
import { openStaging, type Staging } from '../stores/staging.ts'
import { withWorkFolder } from '../work-folder.ts'
import { getRestoreRow, type RestoreRow, toSubject } from './find-restore.ts'
import { auditPathOf } from './restore-scope.ts'
import type { RestoreReportView, RestoreState } from './views.ts'

/**
 * The work of a restore job, also when it goes on after a crash: the folder's journal says where. Audited as `started` before the first
 * write and with its counts at the end; what a killed worker leaves is a `started` entry that the next run follows.
 */
export async function runRestore(
  context: ServiceContext,
  payload: JobPayload<'run-restore'>,
  run: JobRun,
): Promise<JobResult> {
  const row = await getRestoreRow(context, payload.restoreId)
  const { planHash } = row
  if ((row.state !== 'queued' && row.state !== 'running') || planHash === null || row.confirmedAt === null) {
    throw new ServiceError('WRONG_STATE', `The restore is ${row.state} and not confirmed to run`, {
      unaffected: 'nothing was written',
    })
  }
  return withWorkFolder(context, { folder: row.dir, run }, (folder) => runIn(context, row, planHash, { folder, run }))
}

async function runIn(
  context: ServiceContext,
  row: RestoreRow,
  planHash: string,
  { folder, run }: { readonly folder: WorkFolder; readonly run: JobRun },
): Promise<JobResult> {
  const directory = new RestoreDirectory(folder.dir)
  const hasBegun = row.state === 'running' && (await directory.readJournal()) !== null
  // What has begun under its approval goes on after a crash: half of a tree is worse than the whole of it.
  if (!hasBegun) {
    await noticeExpired(context, toSubject(row))
    await assertApprovedRun(context, toSubject(row))
  }
  const target = await getClusterTarget(context, row.clusterId)
  // What was shown and approved was of the servers of that time.
  if (!hasBegun && (await directory.readPlan()).connectString !== target.connectString) {
    throw new ServiceError('PLAN_CHANGED', 'The address of the cluster is another one than when the plan was made', {
      unaffected: 'nothing was written',
      remedy: 'plan again, and look at the new plan',
    })
  }
  const staging = await openStaging(context, { ...target, job: run.job })
  await context.db.restore.updateMany({ where: { id: row.id, state: 'queued' }, data: { state: 'running' } })
  return mutateCluster(
    context,
    {
      action: 'restore.run',
      clusterId: row.clusterId,
      otherClusterId: row.otherClusterId,
      path: auditPathOf(row.scope),
      reason: row.reason,
      before: { restore: row.id, plan: planHash, source: row.sourceLabel, attempt: run.job.attempts },
    },
    async (_cluster, record) => {
      const report = await executeRestore(await encryptingFor(context, row.clusterId), {
        dir: folder.dir,
        folder,
        target,
        safetyParentDir: staging.parentDir,
        confirmedPlan: planHash,
        run: run.job.id,
        onProgress: run.progress,
        onConflictFound: ({ path, reason, resolution }) => {
          // A log line is for people; a database that is busy for a moment must not stop the run.
          run.log('warn', `Conflict at ${path}: ${reason}, ${resolution}`).catch(() => undefined)
        },
        onSafety: async (safety, found) => {
          // Before anything was sent it was put where every host finds it.
          if (found && row.safetyBackupId !== null) return record({ after: { safetyBackup: row.safetyBackupId } })
          record({ after: { safetyBackup: await catalogSafety(context, row, { ...target, staging }, safety, run) } })
        },
        assertOwned: run.assertOwned,
        shouldPause: () => isPauseRequested(context, row.id),
      })
      const state = stateOf(report)
      record({
        after: {
          state,
          applied: report.applied,
          alreadyDone: report.alreadyDone,
          skipped: report.skipped,
          conflicts: report.conflictCount,
          differences: report.differenceCount,
          verified: report.verified,
        },
      })
      return {
        value: toResult(context, row, report, state, run),
        outcome: state === 'succeeded' || state === 'paused' ? 'ok' : 'failed',
      }
    },
  )
}

/** A database that cannot be asked for a moment is no wish to pause: the next batch asks again. */
async function isPauseRequested(context: ServiceContext, restoreId: string): Promise<boolean> {
  try {
    const row = await context.db.restore.findUnique({ where: { id: restoreId }, select: { pauseRequestedAt: true } })
    return row?.pauseRequestedAt != null
  } catch (error) {
    context.log.warn({ restore: restoreId, error: formatErrorLine(error) }, 'Whether to pause could not be asked')
    return false
  }
}

/** Catalogued before the first write, so that it is there however the run ends. Once: a resumed run finds its row. */
async function catalogSafety(
  context: ServiceContext,
  row: RestoreRow,
  { clusterName, staging }: { readonly clusterName: string; readonly staging: Staging },
  safety: SafetyRecord,
  run: JobRun,
): Promise<string> {
  run.assertOwned()
  // What anybody may read of it is enough: an encrypted one cannot be opened by a run that was taken over.
  const manifest = await context.archives.readManifest(safety.dir)
  const known = await context.db.backup.findFirst({ where: { archiveId: manifest.id }, select: { id: true } })
  const id = known?.id ?? context.newId()
  if (!known) {
    const place = await staging.publish({ ...safety, manifest })
    const { clusterId } = row
    const facts = { id, clusterId, clusterName, purpose: 'safety', note: manifest.note ?? '', jobId: run.job.id }
    await noteBesideNew(context, place, facts)
    await context.db.backup.create({
      data: toBackupRow({
        id,
        clusterId: row.clusterId,
        clusterName,
        purpose: 'safety',
        manifest,
        place,
        archiveBytes: safety.archiveBytes,
        createdById: context.actor.id,
        jobId: run.job.id,
        nowMs: context.clock.now(),
      }),
      select: { id: true },
    })
    await run.log('info', `Safety backup of ${countOf(manifest.znodes, 'znode')} taken`)
  }
  await context.db.restore.updateMany({ where: { id: row.id }, data: { safetyBackupId: id } })
  return id
}

/** Green only when everything was read back and nothing differs. */
function stateOf(report: RestoreReport): Extract<RestoreState, 'succeeded' | 'conflict' | 'incomplete' | 'paused'> {
  if (report.stopped) return 'conflict'
  if (report.paused) return 'paused'
  return report.verified === true && report.differenceCount === 0 ? 'succeeded' : 'incomplete'
}

function toResult(
  context: ServiceContext,
  row: RestoreRow,
  report: RestoreReport,
  state: ReturnType<typeof stateOf>,
  run: JobRun,
): JobResult {
  const { applied, alreadyDone, skipped, verified, conflictCount, differenceCount } = report
  const isPaused = state === 'paused'
  const halted = isPaused ? describePause(report) : null
  const failure = describeEnd(state, report)
  return {
    result: { restoreId: row.id, state, applied, alreadyDone, skipped, verified },
    message: (failure ?? halted)?.message ?? `${countOf(applied, 'step')} written, read back and found as planned`,
    ...(failure ? { failure } : {}),
    ...(halted ? { halted } : {}),
    commit: async (tx) => {
      await tx.restore.updateMany({
        where: { id: row.id },
        data: {
          state,
          report: { ...toReportView(report), conflictCount, differenceCount },
          pauseRequestedAt: null,
          pausedAt: isPaused ? new Date(context.clock.now()) : null,
          finishedAt: isPaused ? null : new Date(context.clock.now()),
        },
      })
      const safety = await tx.backup.findFirst({ where: { jobId: run.job.id, purpose: 'safety', deletedAt: null } })
      if (safety) await queueCopies(context, tx, safety)
    },
  }
}

export function toReportView(report: RestoreReport) {
  const { applied, alreadyDone, skipped, conflicts, verified, differences, durationMs, fidelity } = report
  return {
    applied,
    alreadyDone,
    skipped,
    conflicts,
    verified,
    differences,
    durationMs,
    fidelity,
  } satisfies RestoreReportView
}

function describeEnd(state: ReturnType<typeof stateOf>, report: RestoreReport): ErrorView | null {
  if (state === 'succeeded' || state === 'paused') return null
  const conflict = report.conflicts.at(-1)
  if (state === 'conflict') {
    return {
      code: 'RESTORE_CONFLICT',
      message: `stopped at a conflict${conflict ? ` at ${conflict.path} (${conflict.reason})` : ''} after ${countOf(report.applied, 'step')}`,
      unaffected: 'nothing that others wrote was overwritten',
      remedy: 'look at the live znode, then resume, or undo what was written',
    }
  }
  const difference = report.differences[0]
  return {
    code: 'RESTORE_INCOMPLETE',
    message: `${countOf(report.differenceCount, 'znode')} not as planned${difference ? `, the first is ${difference.path} (${difference.change})` : ''}`,
    remedy: 'compare the cluster with the source, then plan another restore or undo this one',
  }
}

function describePause(report: RestoreReport): ErrorView {
  return {
    code: 'RESTORE_PAUSED',
    message: `paused after ${countOf(report.applied, 'step')}`,
    unaffected: 'what is written is journalled, and nothing is on its way',
    remedy: 'resume the restore on its page, or undo what was written',
  }
}
