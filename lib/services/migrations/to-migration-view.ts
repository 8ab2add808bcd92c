import { formatHex64 } from '../../base/hex64.ts'
import { findNames } from '../backups/to-backup-view.ts'
import type { ServiceContext } from '../context.ts'
import { parseErrorView, parseJobProgress } from '../jobs/to-job-view.ts'
import { findRestoreClusters, parsePlanView, type RestoreCluster, toRestoreState } from '../restores/find-restore.ts'
import { parseRestoreOptions } from '../restores/restore-options.ts'
import { factsOf, type MigrationRow, type RoundRow } from './find-migration.ts'
import {
  canConfirm,
  canFinish,
  canFollow,
  canGoOn,
  canStop,
  canSwitch,
  isOpen,
  type WaitingFor,
} from './migration-rules.ts'
import { proofSchema } from './schemas.ts'
import type { MigrationClusterView, MigrationRoundView, MigrationView } from './views.ts'

export const ROUNDS_SHOWN = 50

type Context = Pick<ServiceContext, 'actor' | 'db' | 'clock'>

export async function toMigrationView(context: Context, row: MigrationRow): Promise<MigrationView> {
  const facts = await factsOf(context, row)
  const clusters = await findRestoreClusters(context, [row.sourceId, row.targetId])
  const approval = await context.db.cluster.findUnique({
    where: { id: row.targetId },
    select: { approvalMinutes: true },
  })
  const rounds = await context.db.migrationRound.findMany({
    where: { migrationId: row.id },
    orderBy: { number: 'desc' },
    take: ROUNDS_SHOWN,
  })
  const names = await findNames(
    context,
    [row.createdById, row.confirmedById].filter((id) => id !== null),
  )
  const restores = await findRestores(context, rounds)
  const latest = rounds[0]?.restoreId ?? null
  const plan = row.confirmedAt === null && latest !== null ? (restores.get(latest)?.plan ?? null) : null
  return {
    id: row.id,
    source: toClusterView(row.sourceId, row.sourceName, clusters.get(row.sourceId)),
    target: toClusterView(row.targetId, row.targetName, clusters.get(row.targetId)),
    sourcePath: row.sourcePath,
    targetPath: row.targetPath,
    mode: row.mode === 'update' ? 'update' : 'mirror',
    options: parseRestoreOptions(row.options),
    state: facts.state,
    everySeconds: row.everySeconds,
    reason: row.reason,
    needsApproval: approval?.approvalMinutes != null,
    waiting: isOpen(facts.state) ? toWaiting(row.waiting) : null,
    error: facts.state === 'failed' || (isOpen(facts.state) && row.failures > 0) ? parseErrorView(row.error) : null,
    plan,
    rounds: rounds.map((round) => toRoundView(round, restores.get(round.restoreId ?? ''))),
    isFinishing: facts.isFinishing,
    proof: proofSchema.safeParse(row.proof).data ?? null,
    proofProgress: facts.isFinishing ? await findProgress(context, row.proofJobId) : null,
    canConfirm: canConfirm(facts),
    canStop: canStop(facts),
    canGoOn: canGoOn(facts),
    canSwitch: canSwitch(facts),
    canFollow: canFollow(facts),
    canFinish: canFinish(facts),
    createdByName: names.get(row.createdById) ?? 'a removed user',
    createdAt: row.createdAt.toISOString(),
    confirmedByName: row.confirmedById === null ? null : (names.get(row.confirmedById) ?? 'a removed user'),
    confirmedAt: row.confirmedAt?.toISOString() ?? null,
    finishedAt: row.finishedAt?.toISOString() ?? null,
  }
}

function toClusterView(id: string, name: string, cluster: RestoreCluster | undefined): MigrationClusterView {
  return {
    id,
    name: cluster?.name ?? name,
    environment: cluster?.environment ?? 'development',
    exists: cluster?.exists ?? false,
    isArmed: cluster?.isArmed ?? false,
  }
}

function toWaiting(text: string | null): WaitingFor | null {
  return text === 'read-only' || text === 'approval' || text === 'paused' ? text : null
}

interface RoundRestore {
  readonly state: MigrationRoundView['restoreState']
  readonly plan: MigrationView['plan']
  readonly progress: MigrationRoundView['progress']
}

async function findRestores(context: Context, rounds: readonly RoundRow[]): Promise<Map<string, RoundRestore>> {
  const rows = await context.db.restore.findMany({
    where: { id: { in: rounds.map(({ restoreId }) => restoreId).filter((id) => id !== null) } },
    select: { id: true, state: true, planSummary: true, jobId: true },
  })
  const found = new Map<string, RoundRestore>()
  for (const row of rows) {
    found.set(row.id, {
      state: toRestoreState(row.state),
      plan: parsePlanView(row.planSummary),
      progress: await findProgress(context, row.jobId),
    })
  }
  return found
}

/** Of a job that runs now. */
async function findProgress(context: Context, jobId: string | null): Promise<MigrationRoundView['progress']> {
  if (jobId === null) return null
  const job = await context.db.job.findFirst({ where: { id: jobId, state: 'running' }, select: { progress: true } })
  return job ? parseJobProgress(job.progress) : null
}

function toRoundView(round: RoundRow, restore: RoundRestore | undefined): MigrationRoundView {
  return {
    number: round.number,
    restoreId: restore ? round.restoreId : null,
    restoreState: restore?.state ?? null,
    differences: round.differences ?? restore?.plan?.steps ?? null,
    applied: round.applied,
    verified: round.verified,
    sourceZxid: round.sourceZxid === null ? null : formatHex64(round.sourceZxid),
    repeats: round.repeats,
    startedAt: round.startedAt.toISOString(),
    finishedAt: round.finishedAt?.toISOString() ?? null,
    progress: restore?.progress ?? null,
  }
}
