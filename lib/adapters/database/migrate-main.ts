import { formatErrorLine } from '../../base/errors.ts'
import { migrateDatabase } from './migrate.ts'

// A process of its own, so that the starter needs no package: brings the database named by its one argument up to date.
try {
  for (const name of await migrateDatabase(process.argv[2] ?? '')) process.stdout.write(`${name}\n`)
} catch (error) {
  process.stderr.write(`${formatErrorLine(error)}\n`)
  process.exitCode = 1
}
