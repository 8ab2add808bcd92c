import { mkdirSync } from 'node:fs'
import { dirname } from 'node:path'
import { PrismaBetterSqlite3 } from '@prisma/adapter-better-sqlite3'
import { type Clock, systemClock } from '../../base/clock.ts'
import { assertNodeVersion } from './assert-node-version.ts'
import { parseDatabaseUrl } from './database-location.ts'
import { DatabaseError } from './errors.ts'
import { PrismaClient } from './generated/client.ts'
import { BLOCKING_BUSY_TIMEOUT_MS, gateSqlite } from './sqlite-gate.ts'

/** An open catalog. Inside `client.$transaction(async (tx) => …)` use only `tx`, and await nothing but the database: it holds the write lock. */
export interface Database {
  readonly client: PrismaClient
  /** That all processes at this database go by: its own, or the host's where the database is a file there. */
  readonly clock: Clock
  close(): Promise<void>
}

/** Others may write for a while before a transaction begins; a change and its audit entry are not given up for that. */
const TRANSACTION_LIMITS = { maxWait: 15_000, timeout: 10_000 }

/** Opens the catalog at a path or address, which migrateDatabase has brought up to date before; a folder is made (0700) when missing. */
export async function openDatabase(url: string): Promise<Database> {
  assertNodeVersion()
  const location = parseDatabaseUrl(url)
  if (location.kind === 'sqlite') return openSqlite(location.file)
  // Not loaded where it is not used: its query compiler is a few megabytes of its own.
  const { openPostgresql } = await import('./postgresql/open-postgresql.ts')
  return openPostgresql(location.url, TRANSACTION_LIMITS)
}

async function openSqlite(file: string): Promise<Database> {
  try {
    mkdirSync(dirname(file), { recursive: true, mode: 0o700 })
    const factory = new PrismaBetterSqlite3({ url: file, timeout: BLOCKING_BUSY_TIMEOUT_MS })
    const client = new PrismaClient({ adapter: gateSqlite(factory), transactionOptions: TRANSACTION_LIMITS })
    await client.$connect()
    return { client, clock: systemClock, close: () => client.$disconnect() }
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause)
    throw new DatabaseError('DATABASE_OPEN_FAILED', `The database ${file} cannot be opened: ${why}`, { cause })
  }
}
