import { readSourceFiles } from './import-graph.ts'

const TEMP_DATABASE = 'lib/testing/temp-database.ts'

/** Speak of SQLite itself, or of its file. */
export const SQLITE_ONLY = ['lib/adapters/database/open-database.test.ts', 'lib/cli/audit.int.test.ts']

/**
 * Of those with real ZooKeeper servers, the ones whose point is what several processes or people do to the database; what the others
 * prove about clusters does not depend on it.
 */
export const INTEGRATION_TOO = [
  'lib/worker/worker-process.int.test.ts',
  'lib/services/approvals/approval-journey.int.test.ts',
  'lib/worker/simulated-week.int.test.ts',
]

/** The test files that run on PostgreSQL as well: all unit tests that come to a database by what they import. */
export function findDatabaseTests(root: string): string[] {
  const files = readSourceFiles(root, ['lib', 'app', 'bin'])
  const importers = new Map<string, string[]>()
  for (const { path, imports } of files) {
    for (const { to, typeOnly } of imports) {
      if (to !== null && !typeOnly) importers.set(to, [...(importers.get(to) ?? []), path])
    }
  }
  const reached = new Set([TEMP_DATABASE])
  for (const path of reached) for (const importer of importers.get(path) ?? []) reached.add(importer)
  return [...reached]
    .filter((path) => /\.test\.tsx?$/.test(path) && !SQLITE_ONLY.includes(path))
    .filter((path) => !path.includes('.int.test.') || INTEGRATION_TOO.includes(path))
    .sort()
}
