import { z } from 'zod'
import { findStandings } from '../approvals/find-approvals.ts'
import { toApprovalView, withApproval } from '../approvals/to-approval-view.ts'
import { findNames } from '../backups/to-backup-view.ts'
import type { ServiceContext } from '../context.ts'
import { findJobErrors } from '../diffs/to-diff-view.ts'
import { runFidelitySchema } from '../engine/fidelity-schema.ts'
import { parseJobProgress } from '../jobs/to-job-view.ts'
import {
  findGoneBackups,
  findRestoreClusters,
  findUndos,
  parsePlanView,
  type RestoreRow,
  toFacts,
  toSubject,
} from './find-restore.ts'
import { parseRestoreOptions } from './restore-options.ts'
import {
  canBeAsked,
  canCancel,
  canConfirm,
  canPause,
  canPlanAnew,
  canReplanStale,
  canResume,
  canUndo,
} from './restore-rules.ts'
import { describeScope, storedScopeSchema } from './restore-scope.ts'
import type { RestoreReportView, RestoreView } from './views.ts'

export const reportViewSchema: z.ZodType<RestoreReportView> = z.object({
  applied: z.number(),
  alreadyDone: z.number(),
  skipped: z.number(),
  conflicts: z.array(z.object({ path: z.string(), reason: z.string() })),
  verified: z.boolean().nullable(),
  differences: z.array(z.object({ path: z.string(), change: z.string() })),
  durationMs: z.number(),
  fidelity: runFidelitySchema.nullable().default(null),
})

/** Rows as pages show them, without what must be asked of the live cluster (`stale`). */
export async function toRestoreViews(
  context: Pick<ServiceContext, 'actor' | 'db' | 'clock'>,
  rows: readonly RestoreRow[],
): Promise<RestoreView[]> {
  const ids = rows.map((row) => row.id)
  const clusters = await findRestoreClusters(
    context,
    rows.map((row) => row.clusterId),
  )
  const undos = await findUndos(context, ids)
  const jobIds = rows.map((row) => row.jobId)
  const errors = await findJobErrors(context, jobIds)
  const progress = await findProgress(context, jobIds)
  const gone = await findGoneBackups(
    context,
    rows.map((row) => row.safetyBackupId),
  )
  const names = await findNames(
    context,
    rows.map((row) => row.createdById),
  )
  const standings = await findStandings(context, rows.map(toSubject))
  return rows.map((row) => {
    const cluster = clusters.get(row.clusterId)
    const facts = toFacts(row, { cluster, undoneById: undos.get(row.id) ?? null, gone })
    const found = standings.get(row.id)
    const approval = found ? toApprovalView(context, found, canBeAsked(facts)) : null
    const failed = ['plan-failed', 'failed', 'cancelled', 'conflict', 'incomplete'].includes(facts.state)
    return {
      id: row.id,
      clusterId: row.clusterId,
      otherClusterId: row.otherClusterId,
      clusterName: cluster?.name ?? 'a removed cluster',
      clusterEnvironment: cluster?.environment ?? 'development',
      clusterIsArmed: facts.clusterIsArmed,
      state: facts.state,
      mode: row.mode === 'create' || row.mode === 'mirror' ? row.mode : 'update',
      onConflict: row.onConflict === 'skip' || row.onConflict === 'overwrite' ? row.onConflict : 'stop',
      options: parseRestoreOptions(row.options),
      source: String(row.source),
      sourceLabel: row.sourceLabel,
      scopeLabel: describeScope(storedScopeSchema.parse(row.scope)),
      plan: parsePlanView(row.planSummary),
      stale: null,
      reason: row.reason,
      jobId: row.jobId,
      progress: row.jobId === null ? null : (progress.get(row.jobId) ?? null),
      report: reportViewSchema.safeParse(row.report).data ?? null,
      error: failed && row.jobId !== null ? (errors.get(row.jobId) ?? null) : null,
      safetyBackupId: row.safetyBackupId,
      undoOfId: row.undoOfId,
      isEdit: facts.isEdit,
      undoneById: facts.undoneById,
      approval,
      canConfirm: withApproval(canConfirm(facts), approval?.canRun),
      canUndo: canUndo(facts),
      canResume: withApproval(canResume(facts), approval?.canRun),
      pauseRequested: facts.pauseRequested,
      pausedAt: row.pausedAt?.toISOString() ?? null,
      canPause: canPause(facts),
      canCancel: canCancel(facts),
      canPlanAnew: canPlanAnew(facts),
      canReplanStale: canReplanStale(facts),
      createdByName: names.get(row.createdById) ?? 'a removed user',
      createdAt: row.createdAt.toISOString(),
      finishedAt: row.finishedAt?.toISOString() ?? null,
    }
  })
}

/** Of jobs that run now. */
async function findProgress(
  context: Pick<ServiceContext, 'db'>,
  jobIds: readonly (string | null)[],
): Promise<Map<string, RestoreView['progress']>> {
  const running = await context.db.job.findMany({
    where: { id: { in: jobIds.filter((id) => id !== null) }, state: 'running' },
    select: { id: true, progress: true },
  })
  return new Map(running.map((job) => [job.id, parseJobProgress(job.progress)]))
}
