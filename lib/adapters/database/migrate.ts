import { createHash, randomUUID } from 'node:crypto'
import { existsSync, mkdirSync, readdirSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import Sqlite from 'better-sqlite3'
import { assertNodeVersion } from './assert-node-version.ts'
import { databaseFileFromUrl } from './database-location.ts'
import { DatabaseError } from './errors.ts'

const BUSY_TIMEOUT_MS = 60_000
const WAL_RETRY_MS = 20

interface Migration {
  readonly name: string
  readonly sql: string
  readonly checksum: string
}

/**
 * Brings the catalog up to date and gives the names of the migrations that this call applied, in order; an empty list when there was
 * nothing to do. Any number of processes may call it at once: one applies, the others wait. All or nothing.
 */
export function migrateDatabase(
  location: string,
  options: { readonly migrationsDir?: string; readonly busyTimeoutMs?: number } = {},
): string[] {
  assertNodeVersion()
  const file = databaseFileFromUrl(location)
  const migrations = readMigrations(options.migrationsDir ?? defaultMigrationsDir())
  mkdirSync(dirname(file), { recursive: true, mode: 0o700 })
  const busyTimeoutMs = options.busyTimeoutMs ?? BUSY_TIMEOUT_MS
  const db = new Sqlite(file, { timeout: busyTimeoutMs })
  try {
    switchToWriteAheadLog(db, Date.now() + busyTimeoutMs)
    db.pragma('synchronous = FULL')
    // Rebuilding a table drops it, and with foreign keys on that drops the rows of its children. Inside a transaction
    // the pragma does nothing, so it is set before BEGIN, and the check before COMMIT stands in for it.
    db.pragma('foreign_keys = OFF')
    return db.transaction(() => applyPending(db, migrations)).exclusive()
  } finally {
    db.close()
  }
}

/** SQLite does not wait when two processes make the change at once: one of them is told at once that the file is locked. */
function switchToWriteAheadLog(db: Sqlite.Database, giveUpAt: number): void {
  for (;;) {
    try {
      db.pragma('journal_mode = WAL')
      return
    } catch (error) {
      const busy = error instanceof Sqlite.SqliteError && error.code.startsWith('SQLITE_BUSY')
      if (!busy || Date.now() >= giveUpAt) throw error
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, WAL_RETRY_MS)
    }
  }
}

function applyPending(db: Sqlite.Database, migrations: readonly Migration[]): string[] {
  db.exec(HISTORY_TABLE)
  const known = new Map(migrations.map((migration) => [migration.name, migration]))
  const done = new Set<string>()
  for (const row of readHistory(db)) {
    const migration = known.get(row.name)
    if (!migration) {
      throw new DatabaseError('MIGRATION_UNKNOWN', `The database has a migration ${row.name} that this version lacks`, {
        unaffected: 'nothing was changed',
        remedy: 'it was used by a newer Arkeeper: run that version, or restore the database from before the upgrade',
      })
    }
    if (migration.checksum !== row.checksum) {
      throw new DatabaseError('MIGRATION_EDITED', `The migration ${row.name} was edited after it was applied`, {
        unaffected: 'nothing was changed',
      })
    }
    done.add(row.name)
  }

  const pending = migrations.filter((migration) => !done.has(migration.name))
  for (const migration of pending) apply(db, migration)
  const broken = pending.length > 0 ? db.pragma('foreign_key_check') : []
  if (Array.isArray(broken) && broken.length > 0) {
    throw new DatabaseError(
      'MIGRATION_FAILED',
      `The migrations would leave ${broken.length} rows without their parent`,
      {
        unaffected: 'the database was left as it was',
        details: { migrations: pending.map((migration) => migration.name), rows: broken.slice(0, 20) },
      },
    )
  }
  return pending.map((migration) => migration.name)
}

function apply(db: Sqlite.Database, migration: Migration): void {
  const startedAt = Date.now()
  try {
    db.exec(migration.sql)
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause)
    throw new DatabaseError('MIGRATION_FAILED', `The migration ${migration.name} failed: ${why}`, {
      cause,
      unaffected: 'the database was left as it was',
    })
  }
  db.prepare(
    `INSERT INTO "_prisma_migrations" ("id", "checksum", "finished_at", "migration_name", "started_at", "applied_steps_count")
     VALUES (?, ?, ?, ?, ?, 1)`,
  ).run(randomUUID(), migration.checksum, Date.now(), migration.name, startedAt)
}

function readHistory(db: Sqlite.Database): { name: string; checksum: string }[] {
  return db
    .prepare<[], { name: string; checksum: string }>(
      `SELECT "migration_name" AS name, "checksum" AS checksum FROM "_prisma_migrations"
       WHERE "finished_at" IS NOT NULL AND "rolled_back_at" IS NULL ORDER BY "migration_name"`,
    )
    .all()
}

function readMigrations(dir: string): Migration[] {
  if (!existsSync(dir)) {
    throw new DatabaseError('MIGRATIONS_MISSING', `The folder of migrations ${dir} does not exist`)
  }
  return readdirSync(dir, { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map((entry) => entry.name)
    .sort()
    .map((name) => {
      const sql = readFileSync(join(dir, name, 'migration.sql'))
      return { name, sql: sql.toString('utf8'), checksum: createHash('sha256').update(sql).digest('hex') }
    })
}

/** The same file runs from lib/ and from a bundle in dist/ or .next/: the nearest folder above that has the migrations is the project. */
export function defaultMigrationsDir(from: string = import.meta.dirname ?? process.cwd()): string {
  for (const start of [from, process.cwd()]) {
    for (let dir = start; ; dir = dirname(dir)) {
      const candidate = join(dir, 'prisma', 'migrations', 'sqlite')
      if (existsSync(candidate)) return candidate
      if (dirname(dir) === dir) break
    }
  }
  throw new DatabaseError('MIGRATIONS_MISSING', `No prisma/migrations/sqlite was found above ${from}`)
}

/** Exactly the table that Prisma's own command line makes, so that `prisma migrate status` and `deploy` agree with us. */
const HISTORY_TABLE = `CREATE TABLE IF NOT EXISTS "_prisma_migrations" (
    "id"                    TEXT PRIMARY KEY NOT NULL,
    "checksum"              TEXT NOT NULL,
    "finished_at"           DATETIME,
    "migration_name"        TEXT NOT NULL,
    "logs"                  TEXT,
    "rolled_back_at"        DATETIME,
    "started_at"            DATETIME NOT NULL DEFAULT current_timestamp,
    "applied_steps_count"   INTEGER UNSIGNED NOT NULL DEFAULT 0
);`
