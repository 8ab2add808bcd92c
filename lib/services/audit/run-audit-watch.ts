import { LEASE_MS } from '../../jobs/definitions.ts'
import type { ServiceContext } from '../context.ts'
import { mutate } from '../gate.ts'
import type { ChainProblem } from './chain-verifier.ts'
import { loadAnchors } from './load-anchors.ts'
import { verifyAuditChain } from './verify-audit-chain.ts'

const EVERY_MS = 60_000
const WHOLE_EVERY_MS = 24 * 3_600_000
const PROGRESS_MS = 3_000
const PROBLEMS_KEPT = 20
const ROW = 1

/** Somebody wants the whole chain read again; a worker does it. */
export async function requestAuditVerification(context: ServiceContext): Promise<void> {
  const requestedAt = new Date(context.clock.now())
  await mutate(context, { action: 'audit.verify' }, async (tx) => {
    await tx.auditWatch.upsert({
      where: { id: ROW },
      create: { id: ROW, nextRunAt: requestedAt, requestedAt },
      update: { requestedAt },
      select: { id: true },
    })
  })
}

/**
 * Reads what came since the last time, and once a day or when asked the whole chain, as `owner`; false when it is not due. Several workers
 * may ask at once. What was found once stays until a whole reading that somebody asked for does not find it any more.
 */
export async function runDueAuditWatch(context: ServiceContext, owner: string): Promise<boolean> {
  const { db, clock } = context
  const now = new Date(clock.now())
  const row = await db.auditWatch.upsert({ where: { id: ROW }, create: { id: ROW, nextRunAt: now }, update: {} })
  // Further away than it was ever set: the clock was ahead then.
  const isEarly = row.nextRunAt > now && row.nextRunAt.getTime() <= now.getTime() + EVERY_MS
  if (isEarly && row.requestedAt === null) return false
  const impossible = new Date(now.getTime() + 2 * LEASE_MS)
  const lease = () => ({ leaseOwner: owner, leaseUntil: new Date(clock.now() + LEASE_MS) })
  const { count } = await db.auditWatch.updateMany({
    where: { id: ROW, OR: [{ leaseUntil: null }, { leaseUntil: { lt: now } }, { leaseUntil: { gt: impossible } }] },
    data: { ...lease(), readingEntries: 0 },
  })
  if (count === 0) return false

  const removed = (await loadAnchors(context, row.verifiedSequence)).removed
  const isWhole =
    row.requestedAt !== null ||
    row.wholeAt === null ||
    row.wholeAt > now ||
    row.wholeAt.getTime() + WHOLE_EVERY_MS <= now.getTime() ||
    row.verifiedSequence <= (removed?.sequence ?? 0)
  const read = { sequence: row.verifiedSequence, hash: row.verifiedHash }
  let saidAt = clock.now()
  const mine = { id: ROW, leaseOwner: owner }
  const report = await verifyAuditChain(context, {
    from: isWhole ? null : read,
    // A chain that was written anew from there is none the worse for itself: what was read before tells.
    checkpoints: isWhole && read.sequence > (removed?.sequence ?? 0) ? [read] : [],
    onProgress: async (entries) => {
      if (clock.now() - saidAt < PROGRESS_MS) return
      saidAt = clock.now()
      await db.auditWatch.updateMany({ where: mine, data: { ...lease(), readingEntries: entries } })
    },
  })

  const known = row.requestedAt === null ? toProblems(row.problems) : []
  const problems = [...new Map([...known, ...report.problems].map((problem) => [problem.message, problem])).values()]
  const ended = new Date(clock.now())
  await db.auditWatch.updateMany({
    where: mine,
    data: {
      leaseOwner: null,
      leaseUntil: null,
      readingEntries: null,
      nextRunAt: new Date(ended.getTime() + EVERY_MS),
      verifiedSequence: report.last ?? row.verifiedSequence,
      verifiedHash: report.lastHash ?? row.verifiedHash,
      verifiedAt: ended,
      ...(isWhole ? { wholeAt: ended } : {}),
      problems: problems.slice(0, PROBLEMS_KEPT).map((problem) => ({ ...problem })),
      problemCount: Math.max(problems.length, report.problemCount),
    },
  })
  await db.auditWatch.updateMany({ where: { id: ROW, requestedAt: row.requestedAt }, data: { requestedAt: null } })
  if (!report.ok) context.log.error({ problems: report.problems.slice(0, 3) }, 'The audit was tampered with')
  return false
}

/** As stored by this file. */
export function toProblems(json: unknown): ChainProblem[] {
  return Array.isArray(json) ? json.filter((item): item is ChainProblem => typeof item?.message === 'string') : []
}
