import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { appendFileSync, cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import Sqlite from 'better-sqlite3'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { migrateSqlite } from './migrate-sqlite.ts'
import { defaultMigrationsDir } from './migrations.ts'

let dir: string
let file: string
let migrationsDir: string

beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'arkeeper-migrate-'))
  file = join(dir, 'data', 'arkeeper.db')
  migrationsDir = join(dir, 'migrations')
  cpSync(defaultMigrationsDir('sqlite'), migrationsDir, { recursive: true })
})

afterEach(() => rmSync(dir, { recursive: true, force: true }))

function addMigration(name: string, sql: string): void {
  mkdirSync(join(migrationsDir, name))
  writeFileSync(join(migrationsDir, name, 'migration.sql'), sql)
}

function query<T>(sql: string): T[] {
  const db = new Sqlite(file)
  try {
    return db.prepare<[], T>(sql).all()
  } finally {
    db.close()
  }
}

const countOf = (table: string) => query<{ n: number }>(`SELECT count(*) AS n FROM "${table}"`)[0]?.n

describe('migrateSqlite', () => {
  it('applies what is missing once, and nothing the second time', () => {
    expect(migrateSqlite(file, { migrationsDir })).toContain('0001_init')
    expect(migrateSqlite(file, { migrationsDir })).toEqual([])
    addMigration('9000_more', 'CREATE TABLE "more" ("id" TEXT PRIMARY KEY);')
    expect(migrateSqlite(file, { migrationsDir })).toEqual(['9000_more'])
  })

  it('is applied by exactly one of three processes that start at once', async () => {
    const script = join(dir, 'migrate-now.mts')
    const source = new URL('./migrate-sqlite.ts', import.meta.url).href
    writeFileSync(
      script,
      `import { existsSync } from 'node:fs'
       import { migrateSqlite } from ${JSON.stringify(source)}
       process.stdout.write('ready\\n')
       while (!existsSync(process.argv[3]));
       process.stdout.write(JSON.stringify(migrateSqlite(process.argv[2])))`,
    )
    const go = join(dir, 'go')
    const runs = [1, 2, 3].map(() => {
      const child = spawn(process.execPath, ['--import', 'tsx', script, file, go], {
        stdio: ['ignore', 'pipe', 'pipe'],
      })
      return {
        ready: once(child.stdout, 'data'),
        ended: once(child, 'close'),
        output: text(child.stdout),
        errors: text(child.stderr),
      }
    })
    await Promise.all(runs.map((run) => run.ready))
    writeFileSync(go, '')
    const applied: string[][] = []
    for (const run of runs) {
      await run.ended
      expect(await run.errors).toBe('')
      applied.push(JSON.parse((await run.output).replace('ready\n', '')))
    }
    expect(applied.filter((names) => names.length > 0)).toHaveLength(1)
    expect(countOf('_prisma_migrations')).toBe(applied.flat().length)
  }, 60_000)

  it('keeps the children of a table that a migration rebuilds', () => {
    migrateSqlite(file, { migrationsDir })
    const db = new Sqlite(file)
    db.exec(`INSERT INTO "user" ("id", "name", "email", "updatedAt") VALUES ('u', 'n', 'e', 0);
             INSERT INTO "session" ("id", "token", "userId", "expiresAt", "updatedAt") VALUES ('s', 't', 'u', 0, 0);`)
    db.close()
    addMigration(
      '9000_rebuild',
      `PRAGMA foreign_keys=OFF;
       CREATE TABLE "new_user" ("id" TEXT NOT NULL PRIMARY KEY, "name" TEXT, "email" TEXT, "updatedAt" DATETIME);
       INSERT INTO "new_user" SELECT "id", "name", "email", "updatedAt" FROM "user";
       DROP TABLE "user";
       ALTER TABLE "new_user" RENAME TO "user";
       PRAGMA foreign_keys=ON;`,
    )
    expect(migrateSqlite(file, { migrationsDir })).toEqual(['9000_rebuild'])
    expect(countOf('session')).toBe(1)
  })

  it('changes nothing at all when the second of two new migrations fails', () => {
    migrateSqlite(file, { migrationsDir })
    addMigration('9000_good', 'CREATE TABLE "good" ("id" TEXT);')
    addMigration('9001_bad', 'CREATE TABLE "bad" ("id" TEXT); SELECT no_such_function();')
    expect(() => migrateSqlite(file, { migrationsDir })).toThrow(
      expect.objectContaining({ code: 'MIGRATION_FAILED', message: expect.stringContaining('9001_bad') }),
    )
    expect(query(`SELECT name FROM sqlite_schema WHERE name IN ('good', 'bad')`)).toEqual([])
  })

  it('refuses a migration that would leave rows without their parent', () => {
    migrateSqlite(file, { migrationsDir })
    addMigration(
      '9000_orphan',
      `INSERT INTO "session" ("id", "token", "userId", "expiresAt", "updatedAt") VALUES ('s', 't', 'nobody', 0, 0);`,
    )
    expect(() => migrateSqlite(file, { migrationsDir })).toThrow(expect.objectContaining({ code: 'MIGRATION_FAILED' }))
    expect(countOf('session')).toBe(0)
  })

  it('refuses a database that a newer version has used', () => {
    addMigration('9000_future', 'CREATE TABLE "future" ("id" TEXT);')
    migrateSqlite(file, { migrationsDir })
    rmSync(join(migrationsDir, '9000_future'), { recursive: true })
    expect(() => migrateSqlite(file, { migrationsDir })).toThrow(expect.objectContaining({ code: 'MIGRATION_UNKNOWN' }))
  })

  it('refuses a migration that was edited after it was applied', () => {
    migrateSqlite(file, { migrationsDir })
    appendFileSync(join(migrationsDir, '0001_init', 'migration.sql'), '-- edited\n')
    expect(() => migrateSqlite(file, { migrationsDir })).toThrow(expect.objectContaining({ code: 'MIGRATION_EDITED' }))
  })
})
