import { randomUUID } from 'node:crypto'
import { mkdirSync } from 'node:fs'
import { dirname } from 'node:path'
import Sqlite from 'better-sqlite3'
import { assertNodeVersion } from './assert-node-version.ts'
import { DatabaseError } from './errors.ts'
import {
  BUSY_TIMEOUT_MS,
  defaultMigrationsDir,
  findPending,
  type MigrateOptions,
  type Migration,
  migrationFailed,
  readMigrations,
} from './migrations.ts'

const WAL_RETRY_MS = 20

/** migrateDatabase for a SQLite file. */
export function migrateSqlite(file: string, options: MigrateOptions = {}): string[] {
  assertNodeVersion()
  const migrations = readMigrations(options.migrationsDir ?? defaultMigrationsDir('sqlite'))
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
  const pending = findPending(migrations, readHistory(db))
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
    throw migrationFailed(migration, cause)
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
