import { createHash } from 'node:crypto'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import type { DatabaseLocation } from './database-location.ts'
import { DatabaseError } from './errors.ts'

export interface Migration {
  readonly name: string
  readonly sql: string
  readonly checksum: string
}

export interface MigrateOptions {
  readonly migrationsDir?: string
  /** How long to wait for another process that migrates. */
  readonly busyTimeoutMs?: number
}

export const BUSY_TIMEOUT_MS = 60_000

export function readMigrations(dir: string): Migration[] {
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
export function defaultMigrationsDir(
  kind: DatabaseLocation['kind'],
  from: string = import.meta.dirname ?? process.cwd(),
): string {
  for (const start of [from, process.cwd()]) {
    for (let dir = start; ; dir = dirname(dir)) {
      const candidate = join(dir, 'prisma', 'migrations', kind)
      if (existsSync(candidate)) return candidate
      if (dirname(dir) === dir) break
    }
  }
  throw new DatabaseError('MIGRATIONS_MISSING', `No prisma/migrations/${kind} was found above ${from}`)
}

/** Those that are not in the history yet. A history with others than these, or with an edited one, is refused. */
export function findPending(
  migrations: readonly Migration[],
  history: readonly { readonly name: string; readonly checksum: string }[],
): Migration[] {
  const known = new Map(migrations.map((migration) => [migration.name, migration]))
  for (const row of history) {
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
  }
  const done = new Set(history.map((row) => row.name))
  return migrations.filter((migration) => !done.has(migration.name))
}

export function migrationFailed(migration: Migration, cause: unknown): DatabaseError {
  const why = cause instanceof Error ? cause.message : String(cause)
  return new DatabaseError('MIGRATION_FAILED', `The migration ${migration.name} failed: ${why}`, {
    cause,
    unaffected: 'the database was left as it was',
  })
}
