import { findStanding } from '../approvals/find-approvals.ts'
import { toApprovalView, withApproval } from '../approvals/to-approval-view.ts'
import { findNames } from '../backups/to-backup-view.ts'
import type { ServiceContext } from '../context.ts'
import { findJobErrors } from '../diffs/to-diff-view.ts'
import { parseJobProgress } from '../jobs/to-job-view.ts'
import { findRestoreClusters } from '../restores/find-restore.ts'
import {
  type PhysicalRow,
  parsePlan,
  parseReport,
  readStands,
  ruleFactsOf,
  toPhysicalState,
  toSubject,
  toWay,
} from './find-physical.ts'
import { type JournalEntry, standOf } from './journal.ts'
import { canBeAsked, canConfirm, canResume, canUndo, canVerify } from './physical-rules.ts'
import { blockersOf } from './plan-physical.ts'
import { runbookOf, undoCommandsOf } from './runbook.ts'
import type { MemberStandView, PhysicalView } from './views.ts'

const TICKS_MAX = 2000

export async function toPhysicalView(context: ServiceContext, row: PhysicalRow): Promise<PhysicalView> {
  const cluster = (await findRestoreClusters(context, [row.clusterId])).get(row.clusterId)
  const names = await findNames(context, [row.createdById])
  const plan = parsePlan(row.plan)
  const way = toWay(row.way)
  const facts = await ruleFactsOf(context, row, cluster)
  const ticks = await context.db.physicalTick.findMany({
    where: { physicalId: row.id },
    select: { step: true, at: true, actorName: true },
    take: TICKS_MAX,
  })
  const errors = await findJobErrors(context, [row.jobId])
  const entries = await readStands(context, row)
  const found = way === 'runbook' ? null : await findStanding(context, toSubject(row))
  const approval = found ? toApprovalView(context, found, canBeAsked(facts)) : null
  const hasRunbook = plan !== null && blockersOf(plan).length === 0
  return {
    id: row.id,
    clusterId: row.clusterId,
    clusterName: cluster?.name ?? 'a removed cluster',
    clusterEnvironment: cluster?.environment ?? 'production',
    clusterIsArmed: cluster?.isArmed ?? false,
    backupId: row.backupId,
    sourceLabel: row.sourceLabel,
    way,
    state: toPhysicalState(row.state),
    plan,
    planHash: row.planHash,
    reason: row.reason,
    error: row.jobId === null ? null : (errors.get(row.jobId) ?? null),
    progress: await findProgress(context, row.jobId),
    report: parseReport(row.report),
    members: plan === null || way !== 'worker' ? [] : plan.servers.map(({ name }) => toStandView(entries, name)),
    runbook: hasRunbook ? runbookOf(plan) : [],
    undoCommands: hasRunbook && way !== 'admin' ? undoCommandsOf(plan) : [],
    ticks: ticks.map(({ step, at, actorName }) => ({ step, at: at.toISOString(), actorName })),
    approval,
    canConfirm: withApproval(canConfirm(facts), approval?.canRun),
    canResume: withApproval(canResume(facts), approval?.canRun),
    canUndo: withApproval(canUndo(facts), approval?.canUndo),
    canVerify: canVerify(facts),
    createdByName: names.get(row.createdById) ?? 'a removed user',
    createdAt: row.createdAt.toISOString(),
    finishedAt: row.finishedAt?.toISOString() ?? null,
    jobId: row.jobId,
  }
}

function toStandView(entries: readonly JournalEntry[], name: string): MemberStandView {
  const last = entries.findLast(
    ({ member, step }) => member === name && (step === 'serving' || step === 'stop' || step === 'start'),
  )
  return {
    name,
    stand: standOf(entries, name),
    isServing: last === undefined ? null : last.step === 'serving' && last.state === 'done',
  }
}

async function findProgress(context: Pick<ServiceContext, 'db'>, jobId: string | null) {
  if (jobId === null) return null
  const job = await context.db.job.findFirst({ where: { id: jobId, state: 'running' }, select: { progress: true } })
  return job ? parseJobProgress(job.progress) : null
}
