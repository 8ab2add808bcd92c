import { toCsvLine } from '../../base/csv.ts'
import { throwIfAborted } from '../../base/errors.ts'
import type { ServiceContext } from '../context.ts'
import { assertActorCan } from '../gate.ts'
import { parseInput } from '../parse-input.ts'
import type { ChainedRecord } from './chain.ts'
import { toWhere } from './list-audit.ts'
import { type AuditFilter, auditFilterSchema } from './schemas.ts'
import { RECORD_COLUMNS } from './verify-audit-chain.ts'
import { writeAudit } from './write-audit.ts'

const PAGE = 500

export interface ExportAuditInput {
  readonly filter?: Partial<AuditFilter>
  readonly format: 'csv' | 'jsonl'
}

/** Every entry of the filter, newest first, `started` ones included: an export is the record itself. One string a page of entries. */
export async function* exportAudit(context: ServiceContext, input: ExportAuditInput): AsyncIterable<string> {
  await assertActorCan(context, { action: 'audit.export' })
  const filter = parseInput(auditFilterSchema, input.filter ?? {})
  const where = toWhere(filter)
  // The export of everything up to now ends before its own entry.
  const ownId = await writeAudit(context.db, context, {
    action: 'audit.export',
    outcome: 'ok',
    after: { format: input.format, ...Object.fromEntries(Object.entries(filter).filter(([, value]) => value !== '')) },
  })

  if (input.format === 'csv') yield toCsvLine(COLUMNS)
  for (let before = ownId; ; ) {
    throwIfAborted(context.signal)
    const rows = await context.db.auditEntry.findMany({
      where: { AND: [where, { id: { lt: before } }] },
      orderBy: { id: 'desc' },
      take: PAGE,
      select: RECORD_COLUMNS,
    })
    const last = rows.at(-1)
    if (!last) return
    yield rows.map((row) => (input.format === 'csv' ? toCsvRow(row) : toJsonLine(row))).join('')
    before = last.id
  }
}

const COLUMNS = [
  'id',
  'at',
  'actorName',
  'action',
  'clusterName',
  'path',
  'reason',
  'before',
  'after',
  'outcome',
  'message',
  'actorId',
  'clusterId',
  'otherClusterId',
  'ip',
  'sequence',
  'previousHash',
  'hash',
  'hashVersion',
] as const satisfies readonly (keyof ChainedRecord)[]

/** All that is hashed, as it is stored, so that whoever has the file needs nothing else to check it. */
function toJsonLine(row: ChainedRecord): string {
  return `${JSON.stringify(Object.fromEntries(COLUMNS.map((column) => [column, row[column]])))}\n`
}

/** For spreadsheets, whose formulas it disarms: what is to be checked is the JSON Lines. */
function toCsvRow(row: ChainedRecord): string {
  return toCsvLine(
    COLUMNS.map((column) => {
      const value = row[column]
      if (value === null || value === undefined) return ''
      if (value instanceof Date) return value.toISOString()
      return typeof value === 'object' ? JSON.stringify(value) : String(value)
    }),
  )
}
