import { availableParallelism } from 'node:os'
import { fileURLToPath } from 'node:url'
import { defineConfig } from 'vitest/config'
import { BaseSequencer, type TestSpecification } from 'vitest/node'
import { findDatabaseTests } from './lib/testing/database-tests.ts'

// Three projects: `unit` needs nothing but Node; `integration` (*.int.test.ts) starts real ZooKeeper servers on 127.0.0.1; `postgresql`
// runs what uses a database once more, on a PostgreSQL of its own.
const alias = { '@': fileURLToPath(new URL('.', import.meta.url)) }

/** A fresh checkout knows no durations, and would begin with the largest files: a slow small one would run alone at the end. */
const SLOWEST_FIRST = [
  'lib/runtime/auth.test.ts',
  'lib/worker/many-workers.test.ts',
  'lib/services/alerts/alerts.test.ts',
  'lib/adapters/database/open-database.test.ts',
  'bin/internal/failures.test.ts',
  'lib/cli/cli.int.test.ts',
  'e2e/chaos/chaos.int.test.ts',
  'lib/services/engine/limits.int.test.ts',
  'lib/worker/simulated-week.int.test.ts',
  'lib/worker/worker-process.int.test.ts',
  'lib/services/engine/lost-session.int.test.ts',
  'lib/services/physical/standalone.int.test.ts',
  'lib/services/physical/admin-way.int.test.ts',
  'lib/adapters/archive/every-version.int.test.ts',
]

class SlowestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const sorted = await super.sort(files)
    const rank = ({ moduleId }: TestSpecification) => {
      const at = SLOWEST_FIRST.findIndex((file) => moduleId.endsWith(`/${file}`))
      return at === -1 ? SLOWEST_FIRST.length : at
    }
    return sorted.toSorted((a, b) => rank(a) - rank(b))
  }
}

export default defineConfig({
  resolve: { alias },
  test: {
    sequence: { sequencer: SlowestFirst },
    projects: [
      {
        resolve: { alias },
        test: {
          name: 'unit',
          include: ['{lib,app,bin}/**/*.test.{ts,tsx}', 'e2e/{fuzz,chaos,follow}/*.test.ts'],
          exclude: ['**/*.int.test.ts', '**/*.pg.test.ts', '**/node_modules/**'],
          // For a machine that is busy with other things: no test waits for it to pass.
          testTimeout: 60_000,
          hookTimeout: 60_000,
          // All cores; the default leaves one to vitest itself, which needs little. A process takes one file after the other, because to
          // load everything anew for each took as long as the tests: what a test changes for its process, it puts back.
          maxWorkers: availableParallelism(),
          isolate: false,
        },
      },
      {
        resolve: { alias },
        test: {
          name: 'integration',
          include: ['{lib,app,bin}/**/*.int.test.ts', 'e2e/chaos/*.int.test.ts'],
          testTimeout: 120_000,
          hookTimeout: 120_000,
          // Twice the cores that it is made for: much of it waits for servers, sessions and leases to end.
          maxWorkers: 4,
          isolate: false,
          sequence: { groupOrder: 1 },
        },
      },
      {
        resolve: { alias },
        test: {
          name: 'postgresql',
          // Found by reading every source file, which a run of the others need not wait for.
          include: [
            '{lib,bin}/**/*.pg.test.ts',
            ...(process.argv.includes('postgresql')
              ? findDatabaseTests(fileURLToPath(new URL('.', import.meta.url)))
              : []),
          ],
          globalSetup: ['lib/testing/postgresql-setup.ts'],
          sequence: { groupOrder: 2 },
          testTimeout: 120_000,
          hookTimeout: 120_000,
          maxWorkers: 3,
          // As above; and a process that goes on uses its emptied databases again.
          isolate: false,
        },
      },
    ],
  },
})
