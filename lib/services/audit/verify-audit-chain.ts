import type { Prisma } from '../../adapters/database/generated/client.ts'
import { throwIfAborted } from '../../base/errors.ts'
import type { ServiceContext } from '../context.ts'
import { lookPast } from '../seen-by.ts'
import { type ChainedRecord, HASH_VERSION, NO_HASH } from './chain.ts'
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
  return lookPast(async () => {
    for (;;) {
      const removal = await findLastRemoval(context)
      const report = await verify(context, options).catch(reportUnreadable)
      // Another worker may have removed, by policy, what was about to be read.
      if (report.ok || removal === (await findLastRemoval(context))) return report
    }
  })
}

async function findLastRemoval({ db }: Pick<ServiceContext, 'db'>): Promise<number | null> {
  const order = { orderBy: { throughSequence: 'desc' }, select: { throughSequence: true } } as const
  return (await db.auditPrune.findFirst(order))?.throughSequence ?? null
}

async function verify(
  context: Pick<ServiceContext, 'db' | 'signal' | 'auditKey'>,
  options: VerifyAuditOptions,
): Promise<ChainReport> {
  const { db } = context
  const { problems, ...anchors } = await loadAnchors(context, options.from?.sequence)
  const checkpoints = [...anchors.checkpoints, ...(options.checkpoints ?? [])]
  const from = options.from && options.from.sequence > (anchors.removed?.sequence ?? 0) ? options.from : null
  const verifier = new ChainVerifier({ ...options, from, removed: anchors.removed, checkpoints })
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
  for (let after = (from?.sequence ?? 1) - 1; ; ) {
    const where = { sequence: { gt: after, lte: until } }
    const rows = await readPage(db, { where, orderBy: { sequence: 'asc' }, take: PAGE })
    await take(rows)
    firstId ??= rows.at(0)?.id ?? null
    const last = rows.at(-1)?.sequence
    if (last === undefined || last === null) break
    after = last
  }
  const past = from ? { gt: firstId ?? 0 } : {}
  for (let before: number | undefined; ; ) {
    const where = { sequence: null, id: { ...past, lt: before } }
    const rows: ChainedRecord[] = await readPage(db, { where, orderBy: { id: 'desc' }, take: PAGE })
    await take(rows)
    before = rows.at(-1)?.id
    if (before === undefined) break
  }
  return verifier.end(end)
}

interface Page {
  readonly where: Prisma.AuditEntryWhereInput
  readonly orderBy: Prisma.AuditEntryOrderByWithRelationInput
  readonly take: number
}

/** One value that is none of its column fails a whole page: then each entry is read alone, and in place of such a one stands what has no hash. */
async function readPage({ auditEntry }: Pick<ServiceContext['db'], 'auditEntry'>, page: Page) {
  const unless = (error: unknown) => {
    if (isUnreadable(error)) return null
    throw error
  }
  const whole: ChainedRecord[] | null = await auditEntry.findMany({ ...page, select: RECORD_COLUMNS }).catch(unless)
  if (whole !== null) return whole
  const records: ChainedRecord[] = []
  for (const place of await auditEntry.findMany({ ...page, select: { id: true, sequence: true } })) {
    const where = { id: place.id }
    const record = await auditEntry.findUnique({ where, select: RECORD_COLUMNS }).catch(unless)
    const links = await auditEntry.findUnique({ where, select: { previousHash: true, hash: true } }).catch(unless)
    records.push(record ?? { ...UNREADABLE, ...(links ?? { previousHash: '', hash: '' }), ...place })
  }
  return records
}

const UNREADABLE = {
  at: new Date(Number.NaN),
  actorId: null,
  actorName: '',
  action: '',
  clusterId: null,
  clusterName: null,
  otherClusterId: null,
  path: null,
  reason: null,
  before: null,
  after: null,
  outcome: '',
  message: null,
  ip: null,
  hashVersion: HASH_VERSION,
}

/** What Prisma throws for a value that its column cannot hold (P2023), and the parsers below it. */
function isUnreadable(error: unknown): boolean {
  if (error instanceof SyntaxError || error instanceof RangeError) return true
  return error instanceof Error && 'code' in error && error.code === 'P2023'
}

/** Where not even the places can be read. */
function reportUnreadable(error: unknown): ChainReport {
  if (!isUnreadable(error)) throw error
  const verifier = new ChainVerifier()
  const message = 'the audit holds values that Arkeeper never writes: "arkeeper audit verify" names the entry'
  verifier.report({ code: 'ENTRY_CHANGED', sequence: null, id: null, message })
  return verifier.end(null)
}
