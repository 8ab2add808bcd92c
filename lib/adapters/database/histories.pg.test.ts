import { execFile } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { promisify } from 'node:util'
import { expect, test } from 'vitest'
import { createDatabaseEnvironment } from '../../testing/temp-database.ts'
import { databaseFileIn } from './database-location.ts'
import { migrateDatabase } from './migrate.ts'

/** What Prisma would have to change in the database so that it is as the schema says; empty when nothing. */
async function differences(url: string, schema: string): Promise<string> {
  const args = ['migrate', 'diff', '--from-config-datasource', '--to-schema', schema, '--script']
  const env = {
    ...process.env,
    DATABASE_URL: url,
    PRISMA_SCHEMA_ENGINE_BINARY: resolve('bin/schema-engine.mjs'),
    CHECKPOINT_DISABLE: '1',
    PRISMA_HIDE_UPDATE_MESSAGE: '1',
  }
  const { stdout } = await promisify(execFile)(process.execPath, ['node_modules/prisma/build/index.js', ...args], {
    env,
  })
  return stdout
}

test('the migrations for PostgreSQL make what the schema says', async () => {
  const { env, drop } = await createDatabaseEnvironment()
  const url = env.DATABASE_URL ?? ''
  try {
    await migrateDatabase(url)
    expect(await differences(url, 'prisma/.postgresql/schema.prisma')).toMatch(/This is an empty migration/)
  } finally {
    await drop()
  }
})

test('the migrations for SQLite make what the schema says', async () => {
  const dir = mkdtempSync(join(tmpdir(), 'arkeeper-histories-'))
  const url = `file:${databaseFileIn(dir)}`
  try {
    await migrateDatabase(url)
    expect(await differences(url, 'prisma/schema.prisma')).toMatch(/This is an empty migration/)
  } finally {
    rmSync(dir, { recursive: true })
  }
})
