import { parseDatabaseUrl } from './database-location.ts'
import { migrateSqlite } from './migrate-sqlite.ts'
import type { MigrateOptions } from './migrations.ts'
import { migratePostgresql } from './postgresql/migrate-postgresql.ts'

/**
 * Brings the catalog at a path or address up to date and gives the names of the migrations that this call applied, in order; an empty
 * list when there was nothing to do. Any number of processes may call it at once: one applies, the others wait. All or nothing.
 */
export async function migrateDatabase(url: string, options: MigrateOptions = {}): Promise<string[]> {
  const location = parseDatabaseUrl(url)
  return location.kind === 'sqlite' ? migrateSqlite(location.file, options) : migratePostgresql(location.url, options)
}
