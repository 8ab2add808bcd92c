import { randomUUID } from 'node:crypto'
import pg from 'pg'
import { assertNodeVersion } from '../assert-node-version.ts'
import { DatabaseError } from '../errors.ts'
import {
  BUSY_TIMEOUT_MS,
  defaultMigrationsDir,
  findPending,
  type MigrateOptions,
  type Migration,
  migrationFailed,
  readMigrations,
} from '../migrations.ts'
import { clientOf } from './client-of.ts'
import { assertVersion, describeOpenFailure } from './failures.ts'
import { readPostgresqlUrl } from './settings.ts'

/** The key that Prisma's own command line locks with, so that it and we wait for each other. */
const MIGRATE_LOCK = 72707369
const LOCK_NOT_AVAILABLE = '55P03'

/** migrateDatabase for PostgreSQL. */
export async function migratePostgresql(url: string, options: MigrateOptions = {}): Promise<string[]> {
  assertNodeVersion()
  const settings = readPostgresqlUrl(url)
  const migrations = readMigrations(options.migrationsDir ?? defaultMigrationsDir('postgresql'))
  const client = clientOf(settings)
  try {
    await client.connect()
    await assertServer(client)
    await client.query('BEGIN')
    await lock(client, options.busyTimeoutMs ?? BUSY_TIMEOUT_MS)
    const applied = await applyPending(client, migrations)
    await client.query('COMMIT')
    return applied
  } catch (error) {
    throw describeOpenFailure(error, settings)
  } finally {
    // What was begun and not committed goes with the connection.
    await client.end().catch(() => undefined)
  }
}

export async function assertServer(client: Pick<pg.Client, 'query'>): Promise<void> {
  const { rows } = await client.query<{ number: string; text: string }>(
    `SELECT current_setting('server_version_num') AS number, current_setting('server_version') AS text`,
  )
  assertVersion(Number(rows[0]?.number), rows[0]?.text ?? '')
}

/** Until the end of the transaction, also through a pooler that gives a connection away between transactions. */
async function lock(client: pg.Client, waitMs: number): Promise<void> {
  await client.query(`SET LOCAL lock_timeout = ${Math.round(waitMs)}`)
  try {
    await client.query('SELECT pg_advisory_xact_lock($1)', [MIGRATE_LOCK])
  } catch (cause) {
    if (!(cause instanceof pg.DatabaseError) || cause.code !== LOCK_NOT_AVAILABLE) throw cause
    throw new DatabaseError('MIGRATION_FAILED', 'Another process has been migrating the database for too long', {
      cause,
      unaffected: 'nothing was changed',
      remedy: 'see pg_stat_activity for it, then start again',
    })
  }
}

async function applyPending(client: pg.Client, migrations: readonly Migration[]): Promise<string[]> {
  await client.query(HISTORY_TABLE)
  const { rows } = await client.query<{ name: string; checksum: string }>(
    `SELECT "migration_name" AS "name", "checksum" FROM "_prisma_migrations"
     WHERE "finished_at" IS NOT NULL AND "rolled_back_at" IS NULL ORDER BY "migration_name"`,
  )
  const pending = findPending(migrations, rows)
  for (const migration of pending) await apply(client, migration)
  return pending.map((migration) => migration.name)
}

async function apply(client: pg.Client, migration: Migration): Promise<void> {
  try {
    await client.query(migration.sql)
  } catch (cause) {
    throw migrationFailed(migration, cause)
  }
  await client.query(
    `INSERT INTO "_prisma_migrations" ("id", "checksum", "finished_at", "migration_name", "started_at", "applied_steps_count")
     VALUES ($1, $2, clock_timestamp(), $3, clock_timestamp(), 1)`,
    [randomUUID(), migration.checksum, migration.name],
  )
}

/** Exactly the table that Prisma's own command line makes, so that `prisma migrate status` and `deploy` agree with us. */
const HISTORY_TABLE = `CREATE TABLE IF NOT EXISTS "_prisma_migrations" (
    "id"                    VARCHAR(36) PRIMARY KEY NOT NULL,
    "checksum"              VARCHAR(64) NOT NULL,
    "finished_at"           TIMESTAMPTZ,
    "migration_name"        VARCHAR(255) NOT NULL,
    "logs"                  TEXT,
    "rolled_back_at"        TIMESTAMPTZ,
    "started_at"            TIMESTAMPTZ NOT NULL DEFAULT now(),
    "applied_steps_count"   INTEGER NOT NULL DEFAULT 0
)`
