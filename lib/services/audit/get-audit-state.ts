import type { ServiceContext } from '../context.ts'
import { readAuditSettings } from './audit-settings.ts'
import { listAuditForwards } from './forward-audit.ts'
import { toProblems } from './run-audit-watch.ts'
import { findLatestCheckpoint } from './run-checkpoint.ts'
import type { AuditStateView } from './views.ts'

/** What is known of the chain, of the last time that a worker has read it. */
export async function getAuditState(context: ServiceContext): Promise<AuditStateView> {
  const { db, auditKey } = context
  const head = await db.auditHead.findUnique({ where: { id: 1 }, select: { sequence: true } })
  const watch = await db.auditWatch.findUnique({ where: { id: 1 } })
  const checkpoint = await findLatestCheckpoint(context)
  const removal = await db.auditPrune.findFirst({ orderBy: { throughSequence: 'desc' } })
  return {
    head: head?.sequence ?? 0,
    verified: watch?.verifiedAt
      ? {
          sequence: watch.verifiedSequence,
          at: watch.verifiedAt.toISOString(),
          wholeAt: watch.wholeAt?.toISOString() ?? null,
        }
      : null,
    readingEntries: watch?.readingEntries ?? null,
    isRequested: (watch?.requestedAt ?? null) !== null,
    problems: toProblems(watch?.problems),
    problemCount: watch?.problemCount ?? 0,
    checkpoint: checkpoint && { sequence: checkpoint.sequence, at: checkpoint.at.toISOString() },
    removed: removal && { throughSequence: removal.throughSequence, at: removal.at.toISOString() },
    key: { id: auditKey.keyId, publicKey: auditKey.publicKey },
    forwards: await listAuditForwards(context),
    settings: await readAuditSettings(context),
  }
}
