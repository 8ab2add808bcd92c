import type { Prisma } from '../../adapters/database/generated/client.ts'
import { throwIfAborted } from '../../base/errors.ts'
import type { ServiceContext } from '../context.ts'
import { lookPast } from '../seen-by.ts'
import { type ChainedRecord, NO_HASH } from './chain.ts'
import { type ChainReport, ChainVerifier, type ChainVerifierOptions } from './chain-verifier.ts'
import { loadAnchors } from './load-anchors.ts'

const PAGE = 1000

export const RECORD_COLUMNS = {
  id: true,
  at: true,
  actorId: true,
  actorName: true,
  action: true,
  clusterId: true,
  clusterName: true,
  otherClusterId: true,
  path: true,
  reason: true,
  before: true,
  after: true,
  outcome: true,
  message: true,
  ip: true,
  sequence: true,
  previousHash: true,
  hash: true,
  hashVersion: true,
} as const satisfies Prisma.AuditEntrySelect

export interface VerifyAuditOptions extends ChainVerifierOptions {
  readonly onProgress?: (entries: number) => Promise<void> | void
}

/**
 * Reads the chain page by page, never holding the database for longer than one, and says what is wrong and where. What is appended while it
 * reads is left for the next time.
 */
export function verifyAuditChain(
  context: Pick<ServiceContext, 'db' | 'signal' | 'auditKey'>,
  options: VerifyAuditOptions = {},
): Promise<ChainReport> {
  // Whoever does not see some entries would find a chain with holes.
  return lookPast(() => verify(context, options))
}

async function verify(
  context: Pick<ServiceContext, 'db' | 'signal' | 'auditKey'>,
  options: VerifyAuditOptions,
): Promise<ChainReport> {
  const { db } = context
  const { problems, ...anchors } = await loadAnchors(context, options.from?.sequence)
  const checkpoints = [...anchors.checkpoints, ...(options.checkpoints ?? [])]
  const verifier = new ChainVerifier({ ...options, removed: anchors.removed, checkpoints })
  for (const problem of problems) verifier.report(problem)
  // In this order: an entry that came in between lies before the end.
  const newest = await db.auditEntry.findFirst({ orderBy: { sequence: 'desc' }, select: { sequence: true } })
  const head = await db.auditHead.findUnique({ where: { id: 1 }, select: { sequence: true, hash: true } })
  const end = head ?? { sequence: 0, hash: NO_HASH }
  const until = Math.max(newest?.sequence ?? 0, end.sequence)
  const take = async (rows: readonly ChainedRecord[]) => {
    for (const row of rows) verifier.take(row)
    await options.onProgress?.(verifier.entries)
    throwIfAborted(context.signal)
  }

  let firstId: number | null = null
  for (let after = (options.from?.sequence ?? 1) - 1; ; ) {
    const rows = await db.auditEntry.findMany({
      where: { sequence: { gt: after, lte: until } },
      orderBy: { sequence: 'asc' },
      take: PAGE,
      select: RECORD_COLUMNS,
    })
    await take(rows)
    firstId ??= rows.at(0)?.id ?? null
    const last = rows.at(-1)?.sequence
    if (last === undefined || last === null) break
    after = last
  }
  const past = options.from ? { gt: firstId ?? 0 } : {}
  for (let before: number | undefined; ; ) {
    const rows: ChainedRecord[] = await db.auditEntry.findMany({
      where: { sequence: null, id: { ...past, lt: before } },
      orderBy: { id: 'desc' },
      take: PAGE,
      select: RECORD_COLUMNS,
    })
    await take(rows)
    before = rows.at(-1)?.id
    if (before === undefined) break
  }
  return verifier.end(end)
}
