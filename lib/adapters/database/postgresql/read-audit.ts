import { DatabaseError } from '../errors.ts'
import {
  AUDIT_COLUMNS,
  type AuditFile,
  noChain,
  type StoredAuditEntry,
  type StoredAuditRow,
  toEntry,
} from '../stored-audit.ts'
import { clientOf } from './client-of.ts'
import { describeOpenFailure } from './failures.ts'
import { assertServer } from './migrate-postgresql.ts'
import { readPostgresqlUrl } from './settings.ts'

const PAGE = 1000
/** A number at every session's settings: the driver would take a time without a zone for a local one. */
const MS = (column: string) => `(extract(epoch FROM "${column}") * 1000)::float8 AS "${column}"`
const COLUMNS = AUDIT_COLUMNS.map((name) =>
  name === 'at' ? MS(name) : name === 'before' || name === 'after' ? `"${name}"::text AS "${name}"` : `"${name}"`,
).join(', ')

/** As openAuditFile: the audit as of one moment, in a transaction that writes nothing. */
export async function openAuditOfPostgresql(url: string): Promise<AuditFile> {
  const settings = readPostgresqlUrl(url)
  // A chain of years takes longer to read than a page may be waited for.
  const client = clientOf(settings)
  client.on('error', () => undefined)
  try {
    await client.connect()
    await assertServer(client)
    await client.query('BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY')
    const { rows } = await client.query<{ table: string | null }>(`SELECT to_regclass('"AuditHead"') AS "table"`)
    if (rows[0]?.table == null) throw noChain(settings.label)
    const all = async <Row extends object>(sql: string) => (await client.query<Row>(sql)).rows
    const signatures = async <Row extends { readonly at: Date }>(table: string, columns: string, order: string) => {
      const found = await all<Omit<Row, 'at'> & { readonly at: number }>(
        `SELECT ${columns}, "hash", "keyId", "signature", ${MS('at')} FROM "${table}" ORDER BY "${order}"`,
      )
      return found.map((row) => ({ ...row, at: new Date(row.at) }) as unknown as Row)
    }
    const read = async function* (order: string): AsyncIterable<StoredAuditEntry> {
      await client.query(`DECLARE entries NO SCROLL CURSOR FOR SELECT ${COLUMNS} FROM "AuditEntry" ${order}`)
      for (;;) {
        const page = await all<StoredAuditRow>(`FETCH ${PAGE} FROM entries`)
        yield* page.map(toEntry)
        if (page.length < PAGE) break
      }
      await client.query('CLOSE entries')
    }
    return {
      head:
        (
          await all<{ sequence: number; hash: string }>(`SELECT "sequence", "hash" FROM "AuditHead" WHERE "id" = 1`)
        )[0] ?? null,
      checkpoints: await signatures<AuditFile['checkpoints'][number]>('AuditCheckpoint', '"sequence"', 'sequence'),
      prunes: await signatures<AuditFile['prunes'][number]>(
        'AuditPrune',
        '"throughSequence", "throughId", "entries"',
        'throughSequence',
      ),
      chained: () => read('WHERE "sequence" IS NOT NULL ORDER BY "sequence"'),
      unchained: () => read('WHERE "sequence" IS NULL ORDER BY "id" DESC'),
      close: () => client.end().catch(() => undefined),
    }
  } catch (cause) {
    await client.end().catch(() => undefined)
    throw cause instanceof DatabaseError ? cause : describeOpenFailure(cause, settings)
  }
}
