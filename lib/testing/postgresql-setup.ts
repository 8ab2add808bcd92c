import { migrateDatabase } from '../adapters/database/migrate.ts'
import { runSql, startPostgresql } from './postgresql-server.ts'
import { KEEP_ROWS, POSTGRESQL_ENV, TEMPLATE } from './temp-database.ts'

/** One server a run of the tests, with a migrated database that each test gets a copy of. */
export async function setup(): Promise<() => Promise<void>> {
  const server = await startPostgresql()
  try {
    await runSql(server.urlOf('postgres'), `CREATE DATABASE "${TEMPLATE}"`)
    await migrateDatabase(server.urlOf(TEMPLATE))
    await runSql(server.urlOf(TEMPLATE), KEEP_ROWS)
  } catch (error) {
    await server.stop()
    throw error
  }
  process.env[POSTGRESQL_ENV] = server.urlOf('postgres')
  return () => server.stop()
}
