import { z } from 'zod'
import { describePolicy } from '../../domain/retention/keep-policy.ts'
import { getClusterForWriting } from '../clusters/armed.ts'
import type { ServiceContext } from '../context.ts'
import { parseErrorView } from '../jobs/to-job-view.ts'
import type { KeepRunReport } from './apply-keep-rules.ts'
import { findOwnPolicy, findPolicy } from './find-policy.ts'
import { DEFAULT_POLICY, SUGGESTED_RULES } from './schemas.ts'
import type { KeepRulesView, MarkedBackupView, UnfinishedRemovalView } from './views.ts'

const LISTED_MAX = 500

const count = z.number()
const reportSchema: z.ZodType<KeepRunReport> = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('no-rules'), unmarked: count }),
  z.object({ kind: z.literal('done'), marked: count, unmarked: count, stays: count, waiting: count }),
  z.object({ kind: z.literal('stopped'), good: count, goodGoing: count, unmarked: count }),
])

/** The rules that hold at a cluster, what they did last, and what waits for its removal. Throws NOT_FOUND. */
export async function getKeepRules(context: Pick<ServiceContext, 'db'>, clusterId: string): Promise<KeepRulesView> {
  const { db } = context
  const { id, name } = await getClusterForWriting(context, clusterId)
  const policy = await findPolicy(db, id)
  const run = await db.keepRun.findUnique({
    where: { clusterId: id },
    select: { nextRunAt: true, lastRunAt: true, lastOutcome: true, lastReport: true },
  })
  const rules = policy?.rules ?? SUGGESTED_RULES
  return {
    clusterId: id,
    clusterName: name,
    of: policy?.of ?? 'none',
    enabled: policy?.enabled ?? false,
    rules,
    words: policy?.enabled ? describePolicy(rules) : 'everything',
    revision: policy?.revision ?? null,
    nextRunAt: run?.nextRunAt.toISOString() ?? null,
    lastRunAt: run?.lastRunAt?.toISOString() ?? null,
    lastReport: reportSchema.safeParse(run?.lastReport).data ?? null,
    lastError: run?.lastOutcome === 'failed' ? parseErrorView(run.lastReport) : null,
    marked: await listMarked(db, id),
    unfinished: await listUnfinished(db, id),
  }
}

/** The rules of all clusters without their own; null: there are none. */
export async function getDefaultKeepRules(context: Pick<ServiceContext, 'db'>) {
  const policy = await findOwnPolicy(context.db, DEFAULT_POLICY)
  return policy && { enabled: policy.enabled, rules: policy.rules, words: describePolicy(policy.rules) }
}

async function listMarked(db: ServiceContext['db'], clusterId: string): Promise<MarkedBackupView[]> {
  const rows = await db.backup.findMany({
    where: { clusterId, deletedAt: null, removeAfter: { not: null } },
    orderBy: [{ takenAt: 'asc' }, { id: 'asc' }],
    take: LISTED_MAX,
    select: { id: true, takenAt: true, archiveBytes: true, removeAfter: true, removeReason: true },
  })
  return rows.flatMap((row) =>
    row.removeAfter === null
      ? []
      : {
          backupId: row.id,
          takenAt: row.takenAt.toISOString(),
          bytes: Number(row.archiveBytes),
          removeAfter: row.removeAfter.toISOString(),
          reason: row.removeReason ?? '',
        },
  )
}

async function listUnfinished(db: ServiceContext['db'], clusterId: string): Promise<UnfinishedRemovalView[]> {
  const rows = await db.backup.findMany({
    where: { clusterId, removePending: true, deletedAt: { not: null } },
    orderBy: [{ takenAt: 'asc' }, { id: 'asc' }],
    take: LISTED_MAX,
    select: { id: true, takenAt: true, deletedAt: true, removeError: true },
  })
  return rows.map((row) => ({
    backupId: row.id,
    takenAt: row.takenAt.toISOString(),
    since: (row.deletedAt ?? row.takenAt).toISOString(),
    error: parseErrorView(row.removeError)?.message ?? null,
  }))
}
