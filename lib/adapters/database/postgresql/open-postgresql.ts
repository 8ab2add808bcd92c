import { PrismaPg } from '@prisma/adapter-pg'
import pg from 'pg'
import type { Clock } from '../../../base/clock.ts'
// Both clients are made of one schema; the one for SQLite takes the smaller set of questions, and so is the type of either.
import type { PrismaClient } from '../generated/client.ts'
import { describeOpenFailure } from './failures.ts'
import { PrismaClient as PostgresqlClient } from './generated/client.ts'
import { assertServer } from './migrate-postgresql.ts'
import { gatePostgresql } from './postgresql-gate.ts'
import { startServerClock } from './server-clock.ts'
import { readPostgresqlUrl } from './settings.ts'

export async function openPostgresql(
  url: string,
  transactionOptions: { readonly maxWait: number; readonly timeout: number },
): Promise<{ client: PrismaClient; clock: Clock; close: () => Promise<void> }> {
  const settings = readPostgresqlUrl(url)
  const pool = new pg.Pool(settings.pool)
  // A connection that breaks while nobody uses it is replaced; without a listener it would end the process.
  pool.on('error', () => undefined)
  try {
    await assertServer(pool)
    const factory = new PrismaPg(pool, {
      schema: settings.schema ?? undefined,
      onPoolError: () => undefined,
      onConnectionError: () => undefined,
    })
    const client = new PostgresqlClient({ adapter: gatePostgresql(factory), transactionOptions })
    await client.$connect()
    const clock = await startServerClock(async () => {
      const { rows } = await pool.query<{ ms: string }>('SELECT extract(epoch FROM clock_timestamp()) * 1000 AS ms')
      return Number(rows[0]?.ms)
    })
    return {
      client: client as unknown as PrismaClient,
      clock,
      close: async () => {
        clock.stop()
        await client.$disconnect()
        await pool.end()
      },
    }
  } catch (cause) {
    await pool.end().catch(() => undefined)
    throw describeOpenFailure(cause, settings)
  }
}
