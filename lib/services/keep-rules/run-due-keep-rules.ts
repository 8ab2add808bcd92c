import type { Prisma } from '../../adapters/database/generated/client.ts'
import { formatErrorLine } from '../../base/errors.ts'
import { nextHour } from '../../domain/retention/keep-periods.ts'
import { enqueueJob } from '../../jobs/enqueue-job.ts'
import type { ServiceContext } from '../context.ts'
import { keepBooks, type Transaction } from '../gate.ts'
import { describeFailure } from '../jobs/describe-failure.ts'
import { leaseIsFree } from '../lease-is-free.ts'
import { type KeepRunReport, markBackups } from './apply-keep-rules.ts'
import { findPolicy } from './find-policy.ts'
import { findSpentLogs } from './remove-spent-logs.ts'
import { SUGGESTED_RULES } from './schemas.ts'

/** How long a run owns its cluster without a word. */
const LEASE_MS = 5 * 60_000

/**
 * One cluster whose keep rules are due, as `owner`; false when none is. A row is taken by a guarded update, so that any number of workers may
 * ask at once. Marks backups, and queues the job that removes those whose grace is over.
 */
export async function runDueKeepRules(context: ServiceContext, owner: string): Promise<boolean> {
  const { db, clock } = context
  const now = new Date(clock.now())
  const isDue = { nextRunAt: { lte: now }, ...leaseIsFree(now) }
  const due = await db.keepRun.findFirst({
    where: isDue,
    orderBy: [{ nextRunAt: 'asc' }, { clusterId: 'asc' }],
    select: { clusterId: true, confirmedGood: true, nextRunAt: true },
  })
  if (!due) return addMissingRows(context)
  const { clusterId } = due
  const { count } = await db.keepRun.updateMany({
    where: { ...isDue, clusterId },
    data: { leaseOwner: owner, leaseUntil: new Date(now.getTime() + LEASE_MS) },
  })
  if (count === 0) return true
  const cluster = await db.cluster.findFirst({
    where: { id: clusterId, removedAt: null },
    select: { id: true, name: true },
  })
  if (!cluster) {
    // What is left of a removed cluster is history: no rule touches it.
    await db.keepRun.deleteMany({ where: { clusterId, leaseOwner: owner } })
    return true
  }
  const outcome = await run(context, cluster, due.confirmedGood)
  const hasSpentLogs = outcome.lastOutcome === 'done' && (await findSpentLogs(context, cluster)).length > 0
  await keepBooks(context, { action: 'backup.apply-keep-rules', cluster }, async (tx) => {
    await queueRemoval(tx, context, clusterId, hasSpentLogs)
    const nextRunAt = await nextRunOf(tx, context, clusterId)
    const free = { leaseOwner: null, leaseUntil: null, lastRunAt: now }
    const isOwn = { clusterId, leaseOwner: owner }
    // Somebody has hurried it meanwhile: what was run is not what is to be run.
    await tx.keepRun.updateMany({ where: { ...isOwn, nextRunAt: { not: due.nextRunAt } }, data: free })
    await tx.keepRun.updateMany({ where: isOwn, data: { ...outcome, ...free, nextRunAt } })
  })
  return true
}

/** Rules are looked at again at once: something has changed that they go by. In the transaction that changes it. */
export async function hurryKeepRules(
  tx: Pick<Prisma.TransactionClient, 'keepRun'>,
  clusterId: string,
  nowMs: number,
): Promise<void> {
  await tx.keepRun.updateMany({ where: { clusterId }, data: { nextRunAt: new Date(nowMs) } })
}

/** A backup is there: where the rules are set so, they are looked at again. */
export async function noticeNewBackup(
  tx: Pick<Prisma.TransactionClient, 'keepRun' | 'keepPolicy'>,
  clusterId: string,
  nowMs: number,
): Promise<void> {
  const policy = await findPolicy(tx, clusterId)
  if (policy?.enabled && policy.rules.when === 'after-backup') await hurryKeepRules(tx, clusterId, nowMs)
}

async function run(
  context: ServiceContext,
  cluster: { readonly id: string; readonly name: string },
  confirmedGood: number,
): Promise<Prisma.KeepRunUpdateManyMutationInput> {
  try {
    const report: KeepRunReport = await markBackups(context, cluster, { confirmedGood })
    return {
      lastOutcome: report.kind,
      lastReport: { ...report },
      // Said for the first run only.
      ...(report.kind === 'done' ? { confirmedGood: 0 } : {}),
    }
  } catch (error) {
    const id = context.newId()
    context.log.error({ id, clusterId: cluster.id, error: formatErrorLine(error) }, 'Keep rules could not be applied')
    return { lastOutcome: 'failed', lastReport: { ...describeFailure(error, id) } }
  }
}

async function queueRemoval(
  tx: Transaction,
  context: ServiceContext,
  clusterId: string,
  hasSpentLogs: boolean,
): Promise<void> {
  const nowMs = context.clock.now()
  const atWork = await tx.job.count({
    where: { kind: 'remove-backups', clusterId, state: { in: ['queued', 'running'] } },
  })
  if (atWork > 0) return
  const waiting = await tx.backup.count({
    where: {
      clusterId,
      OR: [{ removePending: true }, { deletedAt: null, removeAfter: { lte: new Date(nowMs) } }],
    },
  })
  if (waiting === 0 && !hasSpentLogs) return
  await enqueueJob(tx, {
    id: context.newId(),
    kind: 'remove-backups',
    payload: { clusterId },
    clusterId,
    subjectId: null,
    actor: context.actor,
    nowMs,
  })
}

/** The next hour of the rules, or when the grace of a marked one is over. What could not be removed hurries it (run-remove-backups.ts). */
async function nextRunOf(tx: Transaction, context: ServiceContext, clusterId: string): Promise<Date> {
  const nowMs = context.clock.now()
  const policy = await findPolicy(tx, clusterId)
  const { timeZone, hour } = policy?.rules ?? SUGGESTED_RULES
  const marked = await tx.backup.findFirst({
    where: { clusterId, deletedAt: null, removeAfter: { gt: new Date(nowMs) } },
    orderBy: { removeAfter: 'asc' },
    select: { removeAfter: true },
  })
  const times = [nextHour(timeZone, hour, nowMs)]
  if (marked?.removeAfter) times.push(marked.removeAfter.getTime())
  return new Date(Math.min(...times))
}

/** Every cluster has a row; new ones get theirs here. */
async function addMissingRows(context: ServiceContext): Promise<boolean> {
  const { db, clock } = context
  const [clusters, rows] = [await db.cluster.count({ where: { removedAt: null } }), await db.keepRun.count()]
  if (clusters <= rows) return false
  const known = await db.keepRun.findMany({ select: { clusterId: true } })
  const missing = await db.cluster.findMany({
    where: { removedAt: null, id: { notIn: known.map(({ clusterId }) => clusterId) } },
    orderBy: { id: 'asc' },
    take: 100,
    select: { id: true, name: true },
  })
  for (const { id: clusterId } of missing) {
    const nextRunAt = new Date(clock.now())
    await db.keepRun.upsert({
      where: { clusterId },
      create: { clusterId, nextRunAt },
      update: {},
      select: { clusterId: true },
    })
  }
  return missing.length > 0
}
