import type { Prisma } from '../../adapters/database/generated/client.ts'
import type { KeptBackup } from '../../domain/retention/keep-policy.ts'
import { findLogAnchors, type LogRun } from '../../domain/retention/log-anchors.ts'
import { ROOT } from '../../domain/znode/path.ts'
import { toPaths } from '../backups/find-backup.ts'
import type { ServiceContext } from '../context.ts'
import { openLogs } from '../logs/cluster-logs.ts'
import type { PieceContext } from '../logs/fetch-piece.ts'
import { lookPast } from '../seen-by.ts'
import { findNeeds } from './find-needs.ts'

const DAY_MS = 86_400_000

const COLUMNS = {
  id: true,
  source: true,
  purpose: true,
  status: true,
  consistency: true,
  zxid: true,
  scopePaths: true,
  archiveBytes: true,
  takenAt: true,
  createdAt: true,
  pinned: true,
  verifyOk: true,
  verifyDepth: true,
  drillOk: true,
  missingAt: true,
  lockedUntil: true,
  removeAfter: true,
  removeReason: true,
  keepRevision: true,
  copies: { select: { state: true, verifyOk: true, archiveBytes: true, lockedUntil: true } },
  holds: { where: { liftedAt: null }, select: { placedByName: true, until: true } },
} as const satisfies Prisma.BackupSelect
type Row = Prisma.BackupGetPayload<{ select: typeof COLUMNS }>

/** A backup as the rules see it, and what pages and runs say of it besides. */
export interface RuledBackup extends KeptBackup {
  /** With its copies. */
  readonly bytes: number
  readonly removeAfterMs: number | null
  readonly removeReason: string | null
  readonly keepRevision: number | null
}

export interface RuledCluster {
  readonly id: string
  readonly name: string
}

/** What archived logs are told from; read before a transaction, because it looks at files. */
export interface LogAnchorFacts {
  readonly runs: readonly LogRun[]
  readonly from: bigint
}

/** All that the rules of one cluster have to know. `db`: the client or a transaction. */
export async function loadKeptBackups(
  { db, clock }: { readonly db: Prisma.TransactionClient | ServiceContext['db'] } & Pick<ServiceContext, 'clock'>,
  clusterId: string,
  logs: LogAnchorFacts,
): Promise<RuledBackup[]> {
  return lookPast(async () => {
    const rows = await db.backup.findMany({ where: { clusterId, deletedAt: null }, select: COLUMNS })
    const needs = await findNeeds(db)
    const bases = rows.filter(isBase).map(({ id, zxid }) => ({ id, zxid }))
    const anchors = findLogAnchors(bases, logs.runs, logs.from)
    const nowMs = clock.now()
    return rows.map((row) => {
      const locks = [row, ...row.copies].flatMap(({ lockedUntil }) => lockedUntil?.getTime() ?? [])
      const locked = Math.max(0, ...locks)
      return toRuledBackup(row, [
        ...(needs.get(row.id) ?? []).map(({ by }) => by),
        ...(anchors.has(row.id) ? ['archived transaction logs are told from it'] : []),
        ...(locked > nowMs ? [`its store takes no removal before ${new Date(locked).toISOString().slice(0, 10)}`] : []),
      ])
    })
  })
}

/** `logDays` null: all that is archived is to be told. */
export async function readLogAnchorFacts(
  context: PieceContext,
  cluster: { readonly id: string; readonly name: string },
  logDays: number | null,
): Promise<LogAnchorFacts> {
  const { segments, gaps } = (await openLogs(context, cluster)).archived
  const first = segments[0]
  const last = segments.at(-1)
  if (!first || !last) return { runs: [], from: 0n }
  const runs: LogRun[] = []
  let start = first.first
  for (const { after, before } of gaps) {
    runs.push({ first: start, last: after })
    start = before
  }
  runs.push({ first: start, last: last.last })
  const sinceMs = logDays === null ? Number.NEGATIVE_INFINITY : context.clock.now() - logDays * DAY_MS
  const from = segments.find(({ maxTimeMs }) => maxTimeMs >= sinceMs)?.first ?? last.last
  return { runs, from }
}

/** What time travel replays logs over (moments/gather-history.ts), or may do so. */
function isBase(row: Pick<Row, 'purpose' | 'source' | 'status' | 'consistency' | 'scopePaths' | 'verifyOk'>): boolean {
  return (
    row.purpose !== 'safety' &&
    row.source !== 'import' &&
    row.status === 'complete' &&
    row.consistency === 'exact' &&
    row.verifyOk !== false &&
    toPaths(row.scopePaths).join() === ROOT
  )
}

function toRuledBackup(row: Row, neededBy: readonly string[]): RuledBackup {
  const copies = row.copies.filter(({ state }) => state === 'present')
  const hasSoundCopy = copies.some(({ verifyOk }) => verifyOk === true)
  const isDamaged = (row.verifyOk === false || row.missingAt !== null) && !hasSoundCopy
  // Its disk may come back: what is only out of sight goes by a person's hand alone.
  const isOutOfSight = isDamaged && row.verifyOk !== false
  const hold = latestOf(row.holds)
  return {
    id: row.id,
    takenAtMs: row.takenAt.getTime(),
    scope: toPaths(row.scopePaths).toSorted().join('\n'),
    soundness: isDamaged || row.drillOk === false ? 'damaged' : row.status === 'complete' ? 'good' : 'partial',
    kind: row.purpose === 'safety' ? 'safety' : row.source === 'import' ? 'import' : 'usual',
    // Without the key only the sums were looked at: that must not take the place of one that was read.
    isVerified: row.verifyOk === true && row.verifyDepth !== 'sums',
    isProved: row.drillOk === true,
    pinned: row.pinned,
    hold: hold && { by: hold.placedByName, untilMs: hold.until?.getTime() ?? null },
    neededBy: isOutOfSight ? [...neededBy, 'it is missing in its store, and may come back'] : neededBy,
    bytes: [row, ...copies].reduce((sum, { archiveBytes }) => sum + Number(archiveBytes), 0),
    removeAfterMs: row.removeAfter?.getTime() ?? null,
    removeReason: row.removeReason,
    keepRevision: row.keepRevision,
  }
}

/** The hold that lasts longest: an open one before all. */
function latestOf(holds: Row['holds']): Row['holds'][number] | null {
  return (
    holds.find(({ until }) => until === null) ??
    holds.toSorted((a, b) => (b.until?.getTime() ?? 0) - (a.until?.getTime() ?? 0))[0] ??
    null
  )
}
