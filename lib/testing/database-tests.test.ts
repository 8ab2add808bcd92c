import { existsSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { expect, it } from 'vitest'
import { findDatabaseTests, INTEGRATION_TOO, SQLITE_ONLY } from './database-tests.ts'

const ROOT = fileURLToPath(new URL('../..', import.meta.url))

it('whatever comes to a database by its imports runs on PostgreSQL too, and nothing else', () => {
  const found = findDatabaseTests(ROOT)
  // By createTempDatabase itself, and by way of the services of the tests.
  expect(found).toEqual(
    expect.arrayContaining(['lib/jobs/queue.test.ts', 'lib/services/gate.test.ts', ...INTEGRATION_TOO]),
  )
  expect(found).not.toContain('lib/domain/diff/diff.test.ts')
  for (const path of SQLITE_ONLY) expect(found).not.toContain(path)
})

it('what is left out or named by hand is there', () => {
  expect([...SQLITE_ONLY, ...INTEGRATION_TOO].filter((path) => !existsSync(`${ROOT}/${path}`))).toEqual([])
})
