import { migrateDatabase } from '../adapters/database/migrate.ts'
import { formatErrorLine } from '../base/errors.ts'
import { readEnv } from './env.ts'

// A process of its own, so that the starter needs no package: brings the database of the environment up to date. Its address is no
// argument, which everybody on the host could read.
try {
  for (const name of await migrateDatabase(readEnv().databaseUrl)) process.stdout.write(`${name}\n`)
} catch (error) {
  process.stderr.write(`${formatErrorLine(error)}\n`)
  process.exitCode = 1
}
