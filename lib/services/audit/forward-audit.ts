import type { z } from 'zod'
import type { ForwardMessage, ForwardTarget } from '../../adapters/log/forward.ts'
import { formatErrorLine } from '../../base/errors.ts'
import { LEASE_MS } from '../../jobs/definitions.ts'
import type { ServiceContext } from '../context.ts'
import { ServiceError } from '../errors.ts'
import { assertActorCan, mutate, startAuditedReading } from '../gate.ts'
import { leaseIsFree } from '../lease-is-free.ts'
import { parseInput } from '../parse-input.ts'
import { isRoleEnough, roleAt } from '../policy.ts'
import type { ChainedRecord } from './chain.ts'
import { type ForwardKind, setAuditForwardSchema } from './schemas.ts'
import { RECORD_COLUMNS } from './verify-audit-chain.ts'
import type { AuditForwardView } from './views.ts'

const BATCH = 100
export const BACK_OFF_MAX_MS = 300_000

/** Receivers that ask for no signature have their secret in the path or the query of their address: that is for who may set it. */
export async function listAuditForwards({
  db,
  actor,
}: Pick<ServiceContext, 'db' | 'actor'>): Promise<AuditForwardView[]> {
  const maySet = isRoleEnough(roleAt(actor, null), 'audit.set-forward')
  const rows = await db.auditForward.findMany()
  return rows.map((row) => ({
    kind: row.id === 'webhook' ? 'webhook' : 'syslog',
    enabled: row.enabled,
    url: maySet ? row.url : `${new URL(row.url).protocol}//${new URL(row.url).host}`,
    ca: row.ca,
    hasSecret: row.secret !== null,
    allowLocal: row.allowLocal,
    cursor: row.cursor,
    failures: row.failures,
    lastError: row.lastError,
    lastErrorAt: row.lastErrorAt?.toISOString() ?? null,
    lastOkAt: row.lastOkAt?.toISOString() ?? null,
  }))
}

/** Entries that come from now on are sent; what was there before is for an export. */
export async function setAuditForward(
  context: ServiceContext,
  input: z.input<typeof setAuditForwardSchema>,
): Promise<void> {
  const { kind, enabled, url, ca, secret, allowLocal } = parseInput(setAuditForwardSchema, input)
  const now = new Date(context.clock.now())
  const after = { receiver: kind, enabled, host: new URL(url).host, allowLocal, newSecret: Boolean(secret) }
  await mutate(context, { action: 'audit.set-forward', after }, async (tx, record) => {
    const known = await tx.auditForward.findUnique({ where: { id: kind } })
    if (known)
      record({ before: { enabled: known.enabled, host: new URL(known.url).host, allowLocal: known.allowLocal } })
    const head = await tx.auditHead.findUniqueOrThrow({ where: { id: 1 } })
    const state = { failures: 0, lastError: null, lastErrorAt: null, nextRunAt: now }
    const sealed = secret === '' ? (known?.secret ?? null) : context.secrets.seal(secret)
    const data = { enabled, url, ca: ca || null, allowLocal, secret: sealed, ...state }
    // Switched on anew, it does not send what came while it was off.
    const cursor = known?.enabled ? {} : { cursor: head.sequence }
    await tx.auditForward.upsert({
      where: { id: kind },
      create: { id: kind, cursor: head.sequence, ...data },
      update: { ...data, ...cursor },
      select: { id: true },
    })
  })
}

/** One message that says that it is a test. */
export async function testAuditForward(context: ServiceContext, input: { readonly kind: ForwardKind }): Promise<void> {
  await assertActorCan(context, { action: 'audit.test-forward' })
  const row = await context.db.auditForward.findUnique({ where: { id: input.kind } })
  if (!row) throw new ServiceError('NOT_FOUND', `There is no ${input.kind} receiver yet`)
  const told = await startAuditedReading(context, { action: 'audit.test-forward', after: { receiver: input.kind } })
  const at = new Date(context.clock.now())
  const json = JSON.stringify({ test: true, at: at.toISOString(), message: 'A test of the audit of Arkeeper' })
  try {
    await context.forward.send(toTarget(context, row), [{ sequence: 0, at, severity: 6, json }], context.signal)
    await told.end('ok')
  } catch (error) {
    told.record({ message: formatErrorLine(error) })
    await told.end('failed')
    throw new ServiceError('FORWARD_FAILED', `The test was not taken: ${formatErrorLine(error)}`, {
      cause: error,
      unaffected: 'entries are kept here in any case',
      remedy: 'check the address, and whether the receiver is up',
    })
  }
}

/**
 * Sends the next entries to one receiver that is due, as `owner`; true when there may be more. In order and at least once: the cursor moves
 * after they were taken, so what a stop cuts off is sent again. A failure waits longer each time, and holds nobody else up.
 */
export async function runDueAuditForward(context: ServiceContext, owner: string): Promise<boolean> {
  const { db, clock } = context
  const now = new Date(clock.now())
  const isDue = { enabled: true, nextRunAt: { lte: now }, ...leaseIsFree(now) }
  for (const row of await db.auditForward.findMany({ where: isDue, orderBy: { nextRunAt: 'asc' } })) {
    const records = await db.auditEntry.findMany({
      where: { sequence: { gt: row.cursor } },
      orderBy: { sequence: 'asc' },
      take: BATCH,
      select: RECORD_COLUMNS,
    })
    const last = records.at(-1)?.sequence
    if (last === undefined || last === null) continue
    const { count } = await db.auditForward.updateMany({
      where: { ...isDue, id: row.id, cursor: row.cursor },
      data: { leaseOwner: owner, leaseUntil: new Date(now.getTime() + 4 * LEASE_MS) },
    })
    if (count === 0) continue
    const mine = { id: row.id, leaseOwner: owner, url: row.url }
    const end = { leaseOwner: null, leaseUntil: null }
    try {
      await context.forward.send(toTarget(context, row), records.map(toMessage), context.signal)
      const data = { ...end, cursor: last, failures: 0, lastError: null, lastErrorAt: null, lastOkAt: now }
      await db.auditForward.updateMany({ where: mine, data })
      return records.length === BATCH
    } catch (error) {
      const failures = row.failures + 1
      const waitMs = Math.min(1000 * 2 ** Math.min(failures, 10), BACK_OFF_MAX_MS)
      const data = { ...end, failures, lastError: formatErrorLine(error).slice(0, 500), lastErrorAt: now }
      await db.auditForward.updateMany({ where: mine, data: { ...data, nextRunAt: new Date(now.getTime() + waitMs) } })
      context.log.warn({ receiver: row.id, failures, error: formatErrorLine(error) }, 'Audit entries were not taken')
    } finally {
      await db.auditForward.updateMany({ where: { id: row.id, leaseOwner: owner }, data: end })
    }
  }
  return false
}

function toTarget(
  { secrets }: Pick<ServiceContext, 'secrets'>,
  row: { url: string; ca: string | null; secret: Uint8Array | null; allowLocal: boolean },
): ForwardTarget {
  return { url: row.url, ca: row.ca, allowLocal: row.allowLocal, secret: row.secret && secrets.open(row.secret) }
}

/** As a line of the JSON Lines export, so that the receiver's copy can be verified too. */
function toMessage(record: ChainedRecord): ForwardMessage {
  const severity = record.outcome === 'denied' || record.outcome === 'failed' ? 4 : 6
  return { sequence: record.sequence ?? 0, at: record.at, severity, json: JSON.stringify(record) }
}
