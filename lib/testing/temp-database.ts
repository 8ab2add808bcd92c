import { randomUUID } from 'node:crypto'
import { copyFileSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import Sqlite from 'better-sqlite3'
import { databaseFileIn } from '../adapters/database/database-location.ts'
import { migrateSqlite } from '../adapters/database/migrate-sqlite.ts'
import { type Database, openDatabase } from '../adapters/database/open-database.ts'
import { runSql } from './postgresql-server.ts'

/** Set in runs of the tests on PostgreSQL (postgresql-setup.ts): the address of their server. */
export const POSTGRESQL_ENV = 'ARKEEPER_TEST_POSTGRESQL'
export const TEMPLATE = 'arkeeper_template'
export const isOnPostgresql = process.env[POSTGRESQL_ENV] !== undefined

/** A real, migrated catalog of one test's own; close() ends the connection and removes it, and the folder `dir` that goes with it. */
export interface TempDatabase extends Database, AsyncDisposable {
  readonly dir: string
  /** As DATABASE_URL. */
  readonly url: string
  /** Of SQLite; a test that asks on PostgreSQL fails. */
  readonly file: string
  /** As somebody would who has the database in hand, and knows of its triggers: they do not fire. */
  tamper(...statements: string[]): Promise<void>
  /** From now on entries of the audit, or those of one outcome, cannot be stored: "full". */
  refuseEntries(outcome?: 'ok'): Promise<void>
}

export function createTempDatabase(): Promise<TempDatabase> {
  const server = process.env[POSTGRESQL_ENV]
  return server === undefined ? createSqlite() : createPostgresql(server)
}

/** For a process that is started by its environment: an empty database where the tests run on PostgreSQL, and otherwise none. */
export async function createDatabaseEnvironment(): Promise<{ env: Record<string, string>; drop(): Promise<void> }> {
  const server = process.env[POSTGRESQL_ENV]
  if (server === undefined) return { env: {}, drop: async () => undefined }
  const { url, drop } = await createOnServer(server, 'template0')
  return { env: { DATABASE_URL: url }, drop }
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

async function createSqlite(): Promise<TempDatabase> {
  const dir = mkdtempSync(join(tmpdir(), 'arkeeper-db-'))
  const file = databaseFileIn(dir)
  copyFileSync(migratedBase(), file)
  const database = await openDatabase(file)
  const close = async () => {
    await database.close()
    rmSync(dir, { recursive: true, force: true })
  }
  const tamper = async (...statements: string[]) => {
    const db = new Sqlite(file)
    try {
      const triggers = db.prepare<[], { name: string }>(`SELECT name FROM sqlite_schema WHERE type = 'trigger'`).all()
      for (const { name } of triggers) db.exec(`DROP TRIGGER "${name}"`)
      for (const sql of statements) db.exec(sql)
    } finally {
      db.close()
    }
  }
  return {
    client: database.client,
    clock: database.clock,
    url: `file:${file}`,
    file,
    dir,
    tamper,
    refuseEntries: async (outcome) => {
      const when = outcome ? `WHEN NEW."outcome" = '${outcome}'` : ''
      await database.client.$executeRawUnsafe(
        `CREATE TRIGGER "test_refuses" BEFORE INSERT ON "AuditEntry" ${when} BEGIN SELECT RAISE(ABORT, 'full'); END`,
      )
    },
    close,
    [Symbol.asyncDispose]: close,
  }
}

/** Of this process, to be used again: to empty one is much quicker than to make one. */
const free: string[] = []

async function createOnServer(server: string, template: string): Promise<{ url: string; drop: () => Promise<void> }> {
  const name = `arkeeper_${randomUUID()}`
  await runSql(server, `CREATE DATABASE "${name}" TEMPLATE "${template}"`)
  const url = new URL(server)
  url.pathname = name
  return { url: url.href, drop: () => runSql(server, `DROP DATABASE IF EXISTS "${name}" WITH (FORCE)`) }
}

async function createPostgresql(server: string): Promise<TempDatabase> {
  const url = free.pop() ?? (await createOnServer(server, TEMPLATE)).url
  const dir = mkdtempSync(join(tmpdir(), 'arkeeper-db-'))
  const database = await openDatabase(url)
  const close = async () => {
    await database.close()
    await runSql(url, AS_IN_TEMPLATE)
    free.push(url)
    rmSync(dir, { recursive: true, force: true })
  }
  return {
    client: database.client,
    clock: database.clock,
    url,
    get file(): string {
      throw new Error('A database of PostgreSQL is no file')
    },
    dir,
    refuseEntries: async (outcome) => {
      const when = outcome ? `WHEN (NEW."outcome" = '${outcome}')` : ''
      await runSql(
        url,
        `CREATE TRIGGER "test_refuses" BEFORE INSERT ON "AuditEntry" FOR EACH ROW ${when} EXECUTE FUNCTION "arkeeper_refuse"('full')`,
      )
    },
    tamper: (...statements) => runSql(url, 'SET session_replication_role = replica', ...statements.map(quoteNames)),
    close,
    [Symbol.asyncDispose]: close,
  }
}

const ROWS = 'arkeeper_rows'

/** Run in the template: what its migrations have put into tables is kept aside. */
export const KEEP_ROWS = `DO $$ DECLARE name text; filled boolean; BEGIN
  CREATE SCHEMA ${ROWS};
  FOR name IN SELECT tablename FROM pg_tables WHERE schemaname = 'public' AND tablename <> '_prisma_migrations' LOOP
    EXECUTE format('SELECT EXISTS (SELECT 1 FROM %I)', name) INTO filled;
    IF filled THEN EXECUTE format('CREATE TABLE ${ROWS}.%I AS TABLE %I', name, name); END IF;
  END LOOP;
END $$`

/** Whoever is still connected is ended first: what it would write came too late. */
const AS_IN_TEMPLATE = `DO $$ DECLARE name text; BEGIN
  SET LOCAL session_replication_role = replica;
  PERFORM pg_terminate_backend(pid, 5000) FROM pg_stat_activity
    WHERE datname = current_database() AND pid <> pg_backend_pid() AND backend_type = 'client backend';
  DROP TRIGGER IF EXISTS "test_refuses" ON "AuditEntry";
  FOR name IN SELECT tablename FROM pg_tables WHERE schemaname = 'public' AND tablename <> '_prisma_migrations' LOOP
    EXECUTE format('DELETE FROM %I', name);
  END LOOP;
  FOR name IN SELECT tablename FROM pg_tables WHERE schemaname = '${ROWS}' LOOP
    EXECUTE format('INSERT INTO %I SELECT * FROM ${ROWS}.%I', name, name);
  END LOOP;
  FOR name IN SELECT sequencename FROM pg_sequences WHERE schemaname = 'public' LOOP
    PERFORM setval(format('%I', name), 1, false);
  END LOOP;
END $$`

/** PostgreSQL takes names in lower case unless they are quoted: those of both cases are ours. */
function quoteNames(sql: string): string {
  return sql.replaceAll(/'[^']*'|"[^"]*"|\b(?=\w*[a-z])(?=\w*[A-Z])\w+/g, (word) =>
    /^['"]/.test(word) ? word : `"${word}"`,
  )
}
