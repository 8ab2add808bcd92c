import type { z } from 'zod'
import { throwIfAborted } from '../../base/errors.ts'
import type { ServiceContext } from '../context.ts'
import { keepBooks, type Transaction } from '../gate.ts'
import { parseInput } from '../parse-input.ts'
import { lookPast } from '../seen-by.ts'
import { readAuditSettings } from './audit-settings.ts'
import { PRUNE_ACTION } from './chain.ts'
import { setAuditSettingsSchema } from './schemas.ts'
import { removalText } from './signatures.ts'
import type { AuditRemovalPreview } from './views.ts'
import { lockAudit, writeAudit } from './write-audit.ts'

const BATCH = 2_000
const DAY_MS = 24 * 3_600_000

/** What a limit of so many months would remove by now; null months: nothing. */
export async function previewAuditRetention(
  context: Pick<ServiceContext, 'db' | 'clock'>,
  input: z.input<typeof setAuditSettingsSchema>,
): Promise<AuditRemovalPreview> {
  const { months } = parseInput(setAuditSettingsSchema, input)
  if (months === null) return { months, entries: 0, throughSequence: null, before: null }
  const before = monthsBefore(context.clock.now(), months)
  // Retention knows no clusters that somebody does not see.
  const last = await lookPast(() => findLastToRemove(context.db, before))
  if (!last) return { months, entries: 0, throughSequence: null, before: before.toISOString() }
  const entries = await lookPast(() => context.db.auditEntry.count({ where: { id: { lte: last.id } } }))
  return { months, entries, throughSequence: last.sequence, before: before.toISOString() }
}

/**
 * Removes what is older than the policy keeps, from the beginning and without a gap; false when there is nothing to do. First the signed
 * record of it and its own entry are stored, in one transaction, then the entries go in pieces: what a stop leaves goes the next time.
 */
export async function runDueAuditPrune(context: ServiceContext): Promise<boolean> {
  const { months } = await readAuditSettings(context)
  if (months !== null) await recordRemoval(context, months)
  const removal = await context.db.auditPrune.findFirst({ orderBy: { throughSequence: 'desc' } })
  if (!removal) return false
  for (let isAny = false; ; isAny = true) {
    throwIfAborted(context.signal)
    const where = { id: { lte: removal.throughId } }
    const rows = await context.db.auditEntry.findMany({
      where,
      orderBy: { id: 'asc' },
      take: BATCH,
      select: { id: true },
    })
    const last = rows.at(-1)
    if (!last) return isAny
    await keepBooks(context, { action: PRUNE_ACTION }, async (tx) => {
      await tx.auditEntry.deleteMany({ where: { id: { lte: last.id } } })
    })
  }
}

async function recordRemoval(context: ServiceContext, months: number): Promise<void> {
  const { db, clock, auditKey } = context
  const before = monthsBefore(clock.now(), months)
  if (!(await isWorthIt(db, before))) return
  await keepBooks(context, { action: PRUNE_ACTION }, async (tx) => {
    await lockAudit(tx)
    const last = await findLastToRemove(tx, before)
    if (!last) return
    const entries = await tx.auditEntry.count({ where: { id: { lte: last.id } } })
    const at = new Date(clock.now())
    const place = { throughSequence: last.sequence, throughId: last.id, hash: last.hash }
    const unsigned = { ...place, entries, at, keyId: auditKey.keyId }
    await tx.auditPrune.create({ data: { ...unsigned, signature: auditKey.sign(removalText(unsigned)) } })
    await writeAudit(tx, context, {
      action: PRUNE_ACTION,
      outcome: 'ok',
      reason: `entries are kept for ${months} months`,
      after: { ...place, entries, before: before.toISOString() },
    })
  })
}

/** Once a day's worth is too old, so that removals do not become the greater part of the log. */
async function isWorthIt(db: Pick<Transaction, 'auditEntry'>, before: Date): Promise<boolean> {
  const oldest = await db.auditEntry.findFirst({
    where: { sequence: { not: null } },
    orderBy: { sequence: 'asc' },
    select: { at: true },
  })
  return oldest !== null && oldest.at.getTime() + DAY_MS <= before.getTime()
}

/**
 * The last entry of the unbroken run of old ones at the beginning of the chain. Entries from before the chain go together with the one that
 * sealed them, as no part of them can be checked alone. The newest entry always stays.
 */
async function findLastToRemove(db: Pick<Transaction, 'auditEntry' | 'auditPrune'>, before: Date) {
  const firstYoung = await db.auditEntry.findFirst({
    where: { sequence: { not: null }, at: { gte: before } },
    orderBy: { sequence: 'asc' },
    select: { sequence: true },
  })
  const newest = await db.auditEntry.findFirst({ orderBy: { sequence: 'desc' }, select: { sequence: true } })
  const end = firstYoung?.sequence ?? newest?.sequence ?? 0
  const last = await db.auditEntry.findFirst({
    where: { sequence: { lt: end } },
    orderBy: { sequence: 'desc' },
    select: { id: true, sequence: true, hash: true },
  })
  if (!last || last.sequence === null || last.hash === null) return null
  const known = await db.auditPrune.count({ where: { throughSequence: { gte: last.sequence } } })
  return known > 0 ? null : { id: last.id, sequence: last.sequence, hash: last.hash }
}

/** The same day so many months ago, or the last one of that month. */
function monthsBefore(nowMs: number, months: number): Date {
  const now = new Date(nowMs)
  const day = now.getUTCDate()
  const then = new Date(nowMs)
  then.setUTCDate(1)
  then.setUTCMonth(now.getUTCMonth() - months)
  const days = new Date(Date.UTC(then.getUTCFullYear(), then.getUTCMonth() + 1, 0)).getUTCDate()
  then.setUTCDate(Math.min(day, days))
  return then
}
