import type { z } from 'zod'
import { countOf } from '../../base/count-of.ts'
import { describeGoReason } from '../../domain/retention/keep-policy.ts'
import { writeAudit } from '../audit/write-audit.ts'
import { getClusterForWriting } from '../clusters/armed.ts'
import type { ServiceContext } from '../context.ts'
import { ServiceError } from '../errors.ts'
import { assertActorCan, mutate } from '../gate.ts'
import { parseInput } from '../parse-input.ts'
import { findPolicy, type Policy } from './find-policy.ts'
import { loadKeptBackups, type RuledCluster, readLogAnchorFacts } from './load-kept-backups.ts'
import { applyKeepRulesSchema } from './schemas.ts'
import { type Weighed, weighBackups } from './weigh-backups.ts'

const DAY_MS = 86_400_000
const IDS_MAX = 500

/** What a run of the rules came to. Kept in KeepRun.lastReport. */
export type KeepRunReport =
  | { readonly kind: 'no-rules'; readonly unmarked: number }
  | {
      readonly kind: 'done'
      readonly marked: number
      readonly unmarked: number
      readonly stays: number
      readonly waiting: number
    }
  /** More than half of the good backups would have been marked: none was. */
  | { readonly kind: 'stopped'; readonly good: number; readonly goodGoing: number; readonly unmarked: number }

/**
 * Phase one of a removal: backups that no rule keeps are marked, those that a rule keeps again are not marked any more. Nothing is deleted.
 * `confirmedGood`: so many good ones may go at once, because a person has said so.
 */
export async function markBackups(
  context: ServiceContext,
  cluster: RuledCluster,
  options: { readonly confirmedGood: number },
): Promise<KeepRunReport> {
  const policy = await findPolicy(context.db, cluster.id)
  const nowMs = context.clock.now()
  if (!policy?.enabled) return { kind: 'no-rules', unmarked: await unmarkAll(context, cluster) }
  const logs = await readLogAnchorFacts(context, cluster, policy.rules.logDays)
  const backups = await loadKeptBackups(context, cluster.id, logs)
  const { all, going, counts, isMass } = weighBackups(backups, policy.rules, nowMs)
  const isMarked = ({ backup }: Weighed) => backup.removeAfterMs !== null
  const unmark = all.filter((each) => each.decision.stays && isMarked(each)).map(({ backup }) => backup.id)
  const mark = going.filter((each) => !isMarked(each))
  const stops = isMass && counts.goodGoing > options.confirmedGood
  const marking = stops ? [] : mark
  if (marking.length > 0 || unmark.length > 0) await write(context, cluster, policy, { marking, unmark })
  if (stops) {
    await writeAudit(context.db, context, {
      action: 'backup.apply-keep-rules',
      cluster,
      outcome: 'failed',
      after: { revision: policy.revision, good: counts.good, wouldGo: counts.goodGoing },
      message: `The keep rules would let ${counts.goodGoing} of ${countOf(counts.good, 'good backup')} go at once: none was marked`,
    })
    return { kind: 'stopped', ...counts, unmarked: unmark.length }
  }
  return {
    kind: 'done',
    marked: marking.length,
    unmarked: unmark.length,
    stays: all.length - going.length,
    waiting: going.length,
  }
}

/** By hand, at once. Where it would take more than half of the good backups, `confirm` is the cluster's name. */
export async function applyKeepRules(
  context: ServiceContext,
  input: z.input<typeof applyKeepRulesSchema>,
): Promise<KeepRunReport> {
  const { clusterId, confirm } = parseInput(applyKeepRulesSchema, input)
  const { id, name } = await getClusterForWriting(context, clusterId)
  await assertActorCan(context, { action: 'backup.apply-keep-rules', cluster: { id, name } })
  const isConfirmed = confirm === name
  const report = await markBackups(context, { id, name }, { confirmedGood: isConfirmed ? Number.POSITIVE_INFINITY : 0 })
  if (report.kind === 'stopped') {
    throw new ServiceError(
      'CONFIRMATION_MISMATCH',
      `The rules would let ${report.goodGoing} of ${countOf(report.good, 'good backup')} go at once`,
      {
        unaffected: 'none was marked',
        remedy: `look at what would go, then type ${name} to say that they may go`,
        details: { fields: { confirm: `Type ${name}` } },
      },
    )
  }
  return report
}

interface Marks {
  readonly marking: readonly Weighed[]
  readonly unmark: readonly string[]
}

async function write(
  context: ServiceContext,
  cluster: RuledCluster,
  { rules, revision }: Policy,
  { marking, unmark }: Marks,
): Promise<void> {
  const removeAfter = new Date(context.clock.now() + rules.graceDays * DAY_MS)
  const bytes = marking.reduce((sum, { backup }) => sum + backup.bytes, 0)
  const mutation = {
    action: 'backup.apply-keep-rules',
    cluster,
    after: {
      revision,
      marked: marking.length,
      unmarked: unmark.length,
      bytes,
      removeAfter: removeAfter.toISOString(),
      markedBackups: marking.slice(0, IDS_MAX).map(({ backup }) => backup.id),
      unmarkedBackups: unmark.slice(0, IDS_MAX),
    },
  } as const
  await mutate(context, mutation, async (tx) => {
    for (const [reason, ids] of groupByReason(marking)) {
      await tx.backup.updateMany({
        where: { id: { in: ids }, deletedAt: null, pinned: false, removeAfter: null },
        data: { removeAfter, removeReason: reason, keepRevision: revision },
      })
    }
    await tx.backup.updateMany({
      where: { id: { in: [...unmark] }, deletedAt: null },
      data: { removeAfter: null, removeReason: null, keepRevision: null },
    })
  })
}

function groupByReason(marking: readonly Weighed[]): Map<string, string[]> {
  const groups = new Map<string, string[]>()
  for (const { backup, decision } of marking) {
    if (decision.stays) continue
    const reason = describeGoReason(decision.reason)
    groups.set(reason, [...(groups.get(reason) ?? []), backup.id])
  }
  return groups
}

/** Without rules everything stays, also what waits for its removal. */
async function unmarkAll(context: ServiceContext, cluster: RuledCluster): Promise<number> {
  const where = { clusterId: cluster.id, deletedAt: null, removeAfter: { not: null } }
  const marked = await context.db.backup.findMany({ where, select: { id: true } })
  if (marked.length === 0) return 0
  const ids = marked.map(({ id }) => id)
  await mutate(
    context,
    { action: 'backup.apply-keep-rules', cluster, after: { unmarked: ids.length, unmarkedBackups: ids } },
    async (tx) => {
      await tx.backup.updateMany({ where, data: { removeAfter: null, removeReason: null, keepRevision: null } })
    },
  )
  return ids.length
}
