import { existsSync } from 'node:fs'
import Sqlite from 'better-sqlite3'
import { assertNodeVersion } from './assert-node-version.ts'
import { DatabaseError } from './errors.ts'

/** An entry as it is stored. */
export interface StoredAuditEntry {
  readonly id: number
  readonly at: Date
  readonly actorId: string | null
  readonly actorName: string
  readonly action: string
  readonly clusterId: string | null
  readonly clusterName: string | null
  readonly otherClusterId: string | null
  readonly path: string | null
  readonly reason: string | null
  readonly before: unknown
  readonly after: unknown
  readonly outcome: string
  readonly message: string | null
  readonly ip: string | null
  readonly sequence: number | null
  readonly previousHash: string | null
  readonly hash: string | null
  readonly hashVersion: number | null
}

export interface StoredSignature {
  readonly hash: string
  readonly at: Date
  readonly keyId: string
  readonly signature: string
}

/** The audit of a database file, as of one moment, read without a word to whoever writes it. */
export interface AuditFile {
  readonly head: { readonly sequence: number; readonly hash: string } | null
  readonly checkpoints: readonly (StoredSignature & { readonly sequence: number })[]
  readonly prunes: readonly (StoredSignature & {
    readonly throughSequence: number
    readonly throughId: number
    readonly entries: number
  })[]
  /** In the order of the chain. */
  chained(): Iterable<StoredAuditEntry>
  /** Those without a place in it, newest first. */
  unchained(): Iterable<StoredAuditEntry>
  close(): void
}

const COLUMNS = `"id", "at", "actorId", "actorName", "action", "clusterId", "clusterName", "otherClusterId", "path", "reason", "before", "after",
  "outcome", "message", "ip", "sequence", "previousHash", "hash", "hashVersion"`

type Row = { readonly [Column in keyof StoredAuditEntry]: StoredAuditEntry[Column] } & {
  readonly at: string | number
  readonly before: string | null
  readonly after: string | null
}

export function openAuditFile(file: string): AuditFile {
  assertNodeVersion()
  if (!existsSync(file)) throw new DatabaseError('DATABASE_OPEN_FAILED', `There is no database ${file}`)
  const db = new Sqlite(file, { readonly: true, fileMustExist: true })
  try {
    // One moment for all that is read.
    db.exec('BEGIN')
    const table = db.prepare(`SELECT 1 FROM sqlite_schema WHERE name = 'AuditHead'`).get()
    if (!table) {
      throw new DatabaseError('DATABASE_OPEN_FAILED', `The database ${file} has no chained audit`, {
        remedy: 'it is of an older version of Arkeeper, which seals it at its first start, or of another program',
      })
    }
    const all = <T>(sql: string) => db.prepare<[], T>(sql).all()
    const read = function* (order: string): Iterable<StoredAuditEntry> {
      for (const row of db.prepare<[], Row>(`SELECT ${COLUMNS} FROM "AuditEntry" ${order}`).iterate()) {
        yield { ...row, at: new Date(row.at), before: parse(row.before), after: parse(row.after) }
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
      close: () => db.close(),
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

/** What is no JSON was not written by us; as a string it gives another hash, and so is named. */
function parse(text: string | null): unknown {
  if (text === null) return null
  try {
    return JSON.parse(text)
  } catch {
    return text
  }
}
