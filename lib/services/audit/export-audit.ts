import { toCsvLine } from '../../base/csv.ts'
import { throwIfAborted } from '../../base/errors.ts'
import type { ServiceContext } from '../context.ts'
import { assertActorCan } from '../gate.ts'
import { parseInput } from '../parse-input.ts'
import { findRows, toAuditEntryView, toWhere } from './list-audit.ts'
import { type AuditFilter, auditFilterSchema } from './schemas.ts'
import type { AuditEntryView } from './views.ts'
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
    const rows = await findRows(context, where, before, PAGE)
    const last = rows.at(-1)
    if (!last) return
    const entries = rows.map(toAuditEntryView)
    yield entries.map((entry) => (input.format === 'csv' ? toCsvRow(entry) : `${JSON.stringify(entry)}\n`)).join('')
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
] as const satisfies readonly (keyof AuditEntryView)[]

function toCsvRow(entry: AuditEntryView): string {
  return toCsvLine(
    COLUMNS.map((column) => {
      const value = entry[column]
      if (value === null) return ''
      return typeof value === 'object' ? JSON.stringify(value) : String(value)
    }),
  )
}
