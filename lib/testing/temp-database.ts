import { copyFileSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { databaseFileIn } from '../adapters/database/database-location.ts'
import { migrateSqlite } from '../adapters/database/migrate-sqlite.ts'
import { type Database, openDatabase } from '../adapters/database/open-database.ts'

/** A real, migrated catalog of one test's own, in `dir`; close() ends the connection and removes the folder. */
export interface TempDatabase extends Database, AsyncDisposable {
  readonly dir: string
  readonly file: string
}

let base: string | undefined

/** Migrated once a process and copied for each test, so that a test pays for a file copy only. */
function migratedBase(): string {
  if (base === undefined) {
    const dir = mkdtempSync(join(tmpdir(), 'arkeeper-base-'))
    process.once('exit', () => rmSync(dir, { recursive: true, force: true }))
    base = databaseFileIn(dir)
    migrateSqlite(base)
  }
  return base
}

export async function createTempDatabase(): Promise<TempDatabase> {
  const dir = mkdtempSync(join(tmpdir(), 'arkeeper-db-'))
  const file = databaseFileIn(dir)
  copyFileSync(migratedBase(), file)
  const database = await openDatabase(file)
  const close = async () => {
    await database.close()
    rmSync(dir, { recursive: true, force: true })
  }
  return { client: database.client, file, dir, close, [Symbol.asyncDispose]: close }
}
