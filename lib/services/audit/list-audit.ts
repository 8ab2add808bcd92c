import type { Prisma } from '../../adapters/database/generated/client.ts'
import type { ServiceContext } from '../context.ts'
import { ServiceError } from '../errors.ts'
import { parseInput } from '../parse-input.ts'
import { type AuditFilter, auditFilterSchema } from './schemas.ts'
import type { AuditEntryView } from './views.ts'
import { STARTED_KEY } from './write-audit.ts'

const LIMIT_DEFAULT = 50
const LIMIT_MAX = 500
/** Outcomes looked at for one `started` entry; only simultaneous writes of one person to one path lie between. */
const OUTCOMES_MAX = 50

export interface ListAuditInput {
  readonly filter?: Partial<AuditFilter>
  /** Entries older than this id. */
  readonly before?: number
  readonly limit?: number
}

/** Newest first. A `started` entry is left out once its outcome is there: the outcome tells the same and more. */
export async function listAudit(
  context: Pick<ServiceContext, 'db'>,
  input: ListAuditInput,
): Promise<{ entries: AuditEntryView[]; next: number | null }> {
  const where = toWhere(parseInput(auditFilterSchema, input.filter ?? {}))
  const limit = Math.min(Math.max(input.limit ?? LIMIT_DEFAULT, 1), LIMIT_MAX)
  const entries: AuditEntryView[] = []
  let before = input.before
  for (;;) {
    const rows = await findRows(context, where, before, limit + 1)
    for (const row of rows.slice(0, limit)) {
      before = row.id
      if (row.outcome === 'started' && (await hasOutcome(context, row))) continue
      entries.push(toAuditEntryView(row))
      if (entries.length === limit) break
    }
    const isLastPage = rows.length <= limit && before === rows.at(-1)?.id
    if (rows.length === 0 || isLastPage) return { entries, next: null }
    if (entries.length === limit) return { entries, next: before ?? null }
  }
}

const COLUMNS = {
  id: true,
  at: true,
  actorId: true,
  actorName: true,
  action: true,
  clusterId: true,
  clusterName: true,
  path: true,
  reason: true,
  before: true,
  after: true,
  outcome: true,
  message: true,
  sequence: true,
  hash: true,
} as const satisfies Prisma.AuditEntrySelect
type Row = Prisma.AuditEntryGetPayload<{ select: typeof COLUMNS }>

function findRows(
  context: Pick<ServiceContext, 'db'>,
  where: Prisma.AuditEntryWhereInput,
  before: number | undefined,
  limit: number,
): Promise<Row[]> {
  return context.db.auditEntry.findMany({
    where: before === undefined ? where : { AND: [where, { id: { lt: before } }] },
    orderBy: { id: 'desc' },
    take: limit,
    select: COLUMNS,
  })
}

async function hasOutcome(context: Pick<ServiceContext, 'db'>, started: Row): Promise<boolean> {
  const later = await context.db.auditEntry.findMany({
    where: {
      action: started.action,
      at: { gte: started.at },
      id: { gt: started.id },
      actorId: started.actorId,
      clusterId: started.clusterId,
      outcome: { in: ['ok', 'failed'] },
    },
    orderBy: { id: 'asc' },
    take: OUTCOMES_MAX,
    select: { after: true },
  })
  return later.some((row) => toFacts(row.after)?.[STARTED_KEY] === started.id)
}

function toAuditEntryView(row: Row): AuditEntryView {
  const { [STARTED_KEY]: _startedId, ...after } = toFacts(row.after) ?? {}
  return {
    id: row.id,
    at: row.at.toISOString(),
    actorName: row.actorName,
    action: row.action,
    clusterName: row.clusterName,
    path: row.path,
    reason: row.reason,
    before: toFacts(row.before),
    after: Object.keys(after).length === 0 ? null : after,
    outcome: toOutcome(row.outcome),
    message: row.message,
    sequence: row.sequence,
    hash: row.hash,
  }
}

function toFacts(json: Prisma.JsonValue): Record<string, unknown> | null {
  return typeof json === 'object' && json !== null && !Array.isArray(json) ? json : null
}

function toOutcome(text: string): AuditEntryView['outcome'] {
  return text === 'started' || text === 'ok' || text === 'denied' ? text : 'failed'
}

/** Prefixes are ranges, not LIKE: exact in case, and `_` and `%` in a path mean themselves. */
export function toWhere(filter: AuditFilter): Prisma.AuditEntryWhereInput {
  const all: Prisma.AuditEntryWhereInput[] = []
  if (filter.clusterId) all.push({ clusterId: filter.clusterId })
  if (filter.actor) all.push({ actorName: { contains: filter.actor } })
  if (filter.outcome) all.push({ outcome: filter.outcome })
  if (filter.action) {
    // `znode` stands for every `znode.…`; '/' is the character after '.'.
    all.push(
      filter.action.includes('.')
        ? { action: filter.action }
        : { action: { gte: `${filter.action}.`, lt: `${filter.action}/` } },
    )
  }
  if (filter.path && filter.path !== '/') {
    const path = filter.path.replace(/\/+$/, '')
    // The path and all below it; '0' is the character after '/'.
    all.push({ OR: [{ path }, { path: { gte: `${path}/`, lt: `${path}0` } }] })
  }
  if (filter.path === '/') all.push({ path: { not: null } })
  if (filter.from) all.push({ at: { gte: parseTime(filter.from, 'from') } })
  if (filter.to) all.push({ at: { lte: parseTime(filter.to, 'to') } })
  return { AND: all }
}

const DATE = /^\d{4}-\d{2}-\d{2}$/
const DAY_MS = 86_400_000

/** A date alone is UTC and whole: as `to` it ends with its last millisecond. A time without zone is UTC too. */
function parseTime(text: string, field: 'from' | 'to'): Date {
  const isDate = DATE.test(text)
  const hasZone = /(?:Z|[+-]\d{2}:?\d{2})$/i.test(text)
  const ms = Date.parse(isDate || hasZone ? text : `${text}Z`)
  if (Number.isNaN(ms)) {
    const message = `"${text}" is not a date`
    throw new ServiceError('INVALID_INPUT', message, { details: { fields: { [field]: message } } })
  }
  return new Date(isDate && field === 'to' ? ms + DAY_MS - 1 : ms)
}
