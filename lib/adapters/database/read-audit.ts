import { existsSync } from 'node:fs'
import Sqlite from 'better-sqlite3'
import { assertNodeVersion } from './assert-node-version.ts'
import { parseDatabaseUrl } from './database-location.ts'
import { DatabaseError } from './errors.ts'
import {
  AUDIT_COLUMNS,
  type AuditFile,
  noChain,
  type StoredAuditEntry,
  type StoredAuditRow,
  toEntry,
} from './stored-audit.ts'

const COLUMNS = AUDIT_COLUMNS.map((name) => `"${name}"`).join(', ')

/** At the path of a file, a `file:` or a `postgresql:` address. */
export async function openAudit(url: string): Promise<AuditFile> {
  const location = parseDatabaseUrl(url)
  if (location.kind === 'sqlite') return openAuditFile(location.file)
  const { openAuditOfPostgresql } = await import('./postgresql/read-audit.ts')
  return await openAuditOfPostgresql(location.url)
}

function openAuditFile(file: string): AuditFile {
  assertNodeVersion()
  if (!existsSync(file)) throw new DatabaseError('DATABASE_OPEN_FAILED', `There is no database ${file}`)
  const db = new Sqlite(file, { readonly: true, fileMustExist: true })
  try {
    // One moment for all that is read.
    db.exec('BEGIN')
    const table = db.prepare(`SELECT 1 FROM sqlite_schema WHERE name = 'AuditHead'`).get()
    if (!table) throw noChain(file)
    const all = <T>(sql: string) => db.prepare<[], T>(sql).all()
    const read = function* (order: string): Iterable<StoredAuditEntry> {
      for (const row of db.prepare<[], StoredAuditRow>(`SELECT ${COLUMNS} FROM "AuditEntry" ${order}`).iterate()) {
        yield toEntry(row)
      }
    }
    return {
      head:
        all<{ sequence: number; hash: string }>('SELECT "sequence", "hash" FROM "AuditHead" WHERE "id" = 1')[0] ?? null,
      checkpoints: all<AuditFile['checkpoints'][number]>('SELECT * FROM "AuditCheckpoint" ORDER BY "sequence"').map(
        dated,
      ),
      prunes: all<AuditFile['prunes'][number]>('SELECT * FROM "AuditPrune" ORDER BY "throughSequence"').map(dated),
      chained: () => read('WHERE "sequence" IS NOT NULL ORDER BY "sequence"'),
      unchained: () => read('WHERE "sequence" IS NULL ORDER BY "id" DESC'),
      close: () => void db.close(),
    }
  } catch (cause) {
    db.close()
    if (cause instanceof DatabaseError) throw cause
    const why = cause instanceof Error ? cause.message : String(cause)
    throw new DatabaseError('DATABASE_OPEN_FAILED', `The database ${file} cannot be read: ${why}`, { cause })
  }
}

function dated<T extends { readonly at: Date }>(row: T): T {
  return { ...row, at: new Date(row.at) }
}
