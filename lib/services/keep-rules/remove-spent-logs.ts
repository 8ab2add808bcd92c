import type { LogSegment } from '../../adapters/archive/log-archive.ts'
import { formatHex64 } from '../../base/hex64.ts'
import { findLogFloor, findSpentPieces } from '../../domain/retention/log-anchors.ts'
import { writeAudit } from '../audit/write-audit.ts'
import type { ServiceContext } from '../context.ts'
import { keepBooks } from '../gate.ts'
import { pruneBases } from '../logs/prune-bases.ts'
import { removeOldestPieces } from '../logs/remove-pieces.ts'
import { LOG_KEEPING_SECONDS } from '../logs/schemas.ts'
import { gatherHistory, type HistoryBase } from '../moments/gather-history.ts'
import { lookPast } from '../seen-by.ts'
import { findPolicy } from './find-policy.ts'
import type { RuledCluster } from './load-kept-backups.ts'

const DAY_MS = 86_400_000

/**
 * Pieces of the archived transaction log, oldest first, that hold only what is older than the rules ask for and what no base is told from any
 * more: everything below the lowest zxid of all that a moment can begin at, snapshots of members and backups that wait for their removal
 * included. So no moment that Time travel offers is lost by their removal; only a znode's list of transactions ends later.
 */
export async function findSpentLogs(context: ServiceContext, cluster: RuledCluster): Promise<readonly LogSegment[]> {
  const policy = await findPolicy(context.db, cluster.id)
  if (!policy?.enabled || policy.rules.logDays === null) return []
  const { archived, bases } = await gatherHistory(context, cluster.id)
  // A piece that cannot be read hides what it holds: nothing is removed before it is looked at.
  if (archived.problems.length > 0) return []
  const backups = await lookPast(() =>
    context.db.backup.findMany({
      where: { clusterId: cluster.id, deletedAt: null, consistency: 'exact', purpose: { not: 'safety' } },
      select: { zxid: true },
    }),
  )
  const sinceMs = context.clock.now() - policy.rules.logDays * DAY_MS
  const floor = findLogFloor([...withoutSpent(bases, archived.segments, sinceMs), ...backups].map(({ zxid }) => zxid))
  return findSpentPieces(archived.segments, floor, sinceMs)
}

/** Bases that a stream has left serve its logs and keep none: of those before all that is asked for, the newest counts. */
function withoutSpent(
  bases: readonly HistoryBase[],
  segments: readonly LogSegment[],
  sinceMs: number,
): readonly HistoryBase[] {
  const wanted = (segments.find(({ maxTimeMs }) => maxTimeMs >= sinceMs) ?? segments.at(-1))?.first ?? 0n
  const before = bases.flatMap(({ isOfStream, zxid }) => (isOfStream && zxid < wanted ? [zxid] : []))
  const newest = before.reduce((most, zxid) => (zxid > most ? zxid : most), 0n)
  return bases.filter(({ isOfStream, zxid }) => !isOfStream || zxid >= newest)
}

/** Removes them from every store; gives how many are gone. One entry of the audit for all. */
export async function removeSpentLogs(context: ServiceContext, cluster: RuledCluster): Promise<number> {
  const spent = await findSpentLogs(context, cluster)
  const last = spent.at(-1)
  if (!last) return 0
  await noteRemoval(context, cluster, last.last)
  const removed = await removeOldestPieces(context, cluster, spent)
  const { pieces, bytes } = removed
  if (pieces === 0 && removed.faults.length === 0) return 0
  const faults = [...removed.faults, ...(await pruneBases(context, cluster))]
  const through = `Transactions up to ${formatHex64(last.last)} are no longer archived: nothing is told from them any more`
  await writeAudit(context.db, context, {
    action: 'logs.remove',
    cluster,
    outcome: faults.length === 0 ? 'ok' : 'failed',
    after: { pieces, bytes, through: last.last },
    message:
      faults.length === 0 ? through : `Not removed everywhere, and tried again with the next run: ${faults.join('; ')}`,
  })
  return pieces
}

/** So that other hosts remove their own, and whoever asks for what is gone is told why. A log that only a stream keeps has no row before. */
async function noteRemoval(context: ServiceContext, cluster: RuledCluster, through: bigint): Promise<void> {
  const now = new Date(context.clock.now())
  await keepBooks(context, { action: 'logs.remove', cluster }, async (tx) => {
    const data = { removedThrough: through, removedAt: now }
    const known = await tx.logKeeping.findUnique({
      where: { clusterId: cluster.id },
      select: { removedThrough: true },
    })
    if (known !== null && known.removedThrough === through) return
    await tx.logKeeping.upsert({
      where: { clusterId: cluster.id },
      create: {
        clusterId: cluster.id,
        enabled: false,
        everySeconds: LOG_KEEPING_SECONDS.default,
        nextRunAt: now,
        ...data,
      },
      update: data,
      select: { clusterId: true },
    })
  })
}
