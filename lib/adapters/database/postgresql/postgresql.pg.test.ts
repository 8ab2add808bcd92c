import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { appendFileSync, cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import pg from 'pg'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { createTestAuthority } from '../../../testing/certificates.ts'
import { runSql, startPostgresql } from '../../../testing/postgresql-server.ts'
import { createDatabaseEnvironment, createTempDatabase, POSTGRESQL_ENV } from '../../../testing/temp-database.ts'
import { isDatabaseAway } from '../errors.ts'
import { migrateDatabase } from '../migrate.ts'
import { defaultMigrationsDir } from '../migrations.ts'
import { openDatabase } from '../open-database.ts'
import { assertVersion } from './failures.ts'

const SERVER = process.env[POSTGRESQL_ENV] ?? ''
const urlOf = (change: (url: URL) => void) => {
  const url = new URL(SERVER)
  change(url)
  return url.href
}

describe('migrations', () => {
  let empty: Awaited<ReturnType<typeof createDatabaseEnvironment>>
  let url: string
  let migrationsDir: string
  beforeEach(async () => {
    empty = await createDatabaseEnvironment()
    url = empty.env.DATABASE_URL ?? ''
    migrationsDir = mkdtempSync(join(tmpdir(), 'arkeeper-migrate-'))
    cpSync(defaultMigrationsDir('postgresql'), migrationsDir, { recursive: true })
  })
  afterEach(async () => {
    await empty.drop()
    rmSync(migrationsDir, { recursive: true })
  })

  const addMigration = (name: string, sql: string) => {
    mkdirSync(join(migrationsDir, name))
    writeFileSync(join(migrationsDir, name, 'migration.sql'), sql)
  }
  const migrate = () => migrateDatabase(url, { migrationsDir })
  const tables = async () => {
    const client = new pg.Client(url)
    await client.connect()
    const { rows } = await client.query<{ name: string }>(
      `SELECT tablename AS name FROM pg_tables WHERE schemaname = 'public'`,
    )
    await client.end()
    return rows.map(({ name }) => name)
  }

  test('apply what is missing once, and nothing the second time', async () => {
    expect(await migrate()).toContain('0001_baseline')
    expect(await migrate()).toEqual([])
    addMigration('9000_more', 'CREATE TABLE "more" ("id" TEXT PRIMARY KEY);')
    expect(await migrate()).toEqual(['9000_more'])
  })

  test('are applied by exactly one of those that start at once', async () => {
    const applied = await Promise.all([1, 2, 3, 4].map(migrate))
    expect(applied.filter((names) => names.length > 0)).toHaveLength(1)
  })

  test('change nothing at all when the second of two new ones fails', async () => {
    addMigration('9000_good', 'CREATE TABLE "good" ("id" TEXT);')
    addMigration('9001_bad', 'CREATE TABLE "bad" ("id" TEXT); SELECT no_such_function();')
    await expect(migrate()).rejects.toMatchObject({
      code: 'MIGRATION_FAILED',
      message: expect.stringContaining('9001_bad'),
    })
    expect(await tables()).toEqual([])
  })

  test('of a newer version, or edited afterwards, are refused', async () => {
    addMigration('9000_future', 'CREATE TABLE "future" ("id" TEXT);')
    await migrate()
    rmSync(join(migrationsDir, '9000_future'), { recursive: true })
    await expect(migrate()).rejects.toMatchObject({ code: 'MIGRATION_UNKNOWN' })
    addMigration('9000_future', 'CREATE TABLE "future" ("id" TEXT);')
    expect(await migrate()).toEqual([])
    appendFileSync(join(migrationsDir, '0001_baseline', 'migration.sql'), '-- edited\n')
    await expect(migrate()).rejects.toMatchObject({ code: 'MIGRATION_EDITED' })
  })

  test('wait for nobody for ever', async () => {
    const other = new pg.Client(url)
    await other.connect()
    await other.query('SELECT pg_advisory_lock(72707369)')
    await expect(migrateDatabase(url, { migrationsDir, busyTimeoutMs: 50 })).rejects.toMatchObject({
      code: 'MIGRATION_FAILED',
      message: expect.stringContaining('Another process'),
    })
    await other.end()
    expect(await migrate()).not.toEqual([])
  })

  test('a schema of its own takes them, and leaves the others alone', async () => {
    await runSql(url, 'CREATE SCHEMA "Ark"')
    expect(await migrateDatabase(`${url}?schema=Ark`, { migrationsDir })).not.toEqual([])
    expect(await tables()).toEqual([])
    const { client, close } = await openDatabase(`${url}?schema=Ark`)
    await client.setting.create({ data: { key: 'a', value: 'b' } })
    expect(await client.setting.count()).toBe(1)
    await close()
  })
})

describe('an address that leads nowhere is told from a wrong one, without its password', () => {
  test.each([
    [
      'DATABASE_MISSING',
      (url: URL) => {
        url.pathname = 'no_such'
      },
      /CREATE DATABASE "no_such";/,
    ],
    [
      'DATABASE_LOGIN_REFUSED',
      (url: URL) => {
        url.username = 'nobody'
      },
      /user and password/,
    ],
    [
      'DATABASE_UNREACHABLE',
      (url: URL) => {
        url.port = '1'
      },
      /server runs/,
    ],
    [
      'DATABASE_UNREACHABLE',
      (url: URL) => {
        url.searchParams.set('sslmode', 'require')
      },
      /TLS/,
    ],
    [
      'DATABASE_URL_INVALID',
      (url: URL) => {
        url.pathname = ''
      },
      /postgresql:/,
    ],
    [
      'DATABASE_URL_INVALID',
      (url: URL) => {
        url.searchParams.set('connection_limit', 'many')
      },
      /postgresql:/,
    ],
  ] as const)('%s', async (code, change, remedy) => {
    const url = urlOf((each) => {
      each.password = 'planted-password'
      change(each)
    })
    for (const use of [migrateDatabase, openDatabase]) {
      const error: unknown = await use(url).catch((failure: unknown) => failure)
      expect(error).toMatchObject({ code, remedy: expect.stringMatching(remedy) })
      expect(String(error)).not.toContain('planted-password')
    }
  })

  test('a server that never answers is given up', async () => {
    const silent = createServer()
    silent.listen(0, '127.0.0.1')
    await once(silent, 'listening')
    const address = silent.address()
    const port = typeof address === 'object' ? address?.port : 0
    await expect(openDatabase(`postgresql://u@127.0.0.1:${port}/d?connect_timeout=1`)).rejects.toMatchObject({
      code: 'DATABASE_UNREACHABLE',
    })
    silent.close()
  })

  test('a server that is too old is refused', () => {
    expect(() => assertVersion(120_022, '12.22')).toThrow(/12\.22 is too old/)
    expect(() => assertVersion(130_000, '13.0')).not.toThrow()
  })
})

describe('TLS', () => {
  const authority = createTestAuthority('CN=of the database')
  const dir = mkdtempSync(join(tmpdir(), 'arkeeper-pg-tls-'))
  const write = (name: string, pem: string) => {
    writeFileSync(join(dir, name), pem)
    return encodeURIComponent(join(dir, name))
  }
  const files = {
    ours: write('ours.pem', authority.cert),
    others: write('others.pem', createTestAuthority('CN=of somebody else').cert),
    nowhere: encodeURIComponent('/nowhere.pem'),
  }
  // Shown for 127.0.0.1, and not for localhost.
  let server: Awaited<ReturnType<typeof startPostgresql>>
  beforeAll(async () => {
    server = await startPostgresql(authority.issue('CN=db', { names: ['127.0.0.1'] }))
  })
  afterAll(async () => {
    await server?.stop()
    rmSync(dir, { recursive: true })
  })

  const urlOfHost = (host: string, mode: string, ca: keyof typeof files | null) =>
    `${server.urlOf('postgres').replace('127.0.0.1', host)}?sslmode=${mode}${ca ? `&sslrootcert=${files[ca]}` : ''}`
  const isEncrypted = async (url: string): Promise<boolean> => {
    const { client, close } = await openDatabase(url)
    try {
      const rows = await client.$queryRawUnsafe<{ ssl: boolean }[]>(
        'SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()',
      )
      return rows[0]?.ssl ?? false
    } finally {
      await close()
    }
  }

  test.each([
    ['127.0.0.1', 'verify-full', 'ours', true],
    ['localhost', 'verify-ca', 'ours', true],
    ['localhost', 'verify-full', 'ours', /localhost/],
    ['127.0.0.1', 'verify-full', 'others', /certificate/],
    ['127.0.0.1', 'verify-full', 'nowhere', /nowhere\.pem/],
    ['127.0.0.1', 'verify-ca', 'others', /certificate/],
    ['127.0.0.1', 'verify-full', null, /certificate/],
    ['127.0.0.1', 'require', 'others', /certificate/],
    ['127.0.0.1', 'require', null, true],
    ['127.0.0.1', 'disable', null, false],
  ] as const)('at %s with sslmode %s and the authority of %s: %s', async (host, mode, ca, expected) => {
    const asked = isEncrypted(urlOfHost(host, mode, ca))
    if (typeof expected === 'boolean') expect(await asked).toBe(expected)
    else
      await expect(asked).rejects.toMatchObject({
        code: 'DATABASE_UNREACHABLE',
        message: expect.stringMatching(expected),
      })
  })

  test('is the same for the tables that are made at the start', async () => {
    for (const ca of ['others', 'nowhere'] as const) {
      const url = urlOfHost('127.0.0.1', 'verify-full', ca)
      await expect(migrateDatabase(url)).rejects.toMatchObject({ code: 'DATABASE_UNREACHABLE' })
    }
    expect(await migrateDatabase(urlOfHost('127.0.0.1', 'verify-full', 'ours'))).not.toEqual([])
  })
})

const setting = (key: string, value = 'x') => ({ data: { key, value } })

describe('an open database', () => {
  test('writes one transaction after the other, so that none loses what another has counted', async () => {
    await using database = await createTempDatabase()
    await database.client.setting.create(setting('counter', '0'))
    const script = join(database.dir, 'increment.mts')
    const source = new URL('../open-database.ts', import.meta.url).href
    writeFileSync(
      script,
      `import { openDatabase } from ${JSON.stringify(source)}
       const { client, close } = await openDatabase(process.argv[2])
       await Promise.all(Array.from({ length: 25 }, () => client.$transaction(async (tx) => {
         const { value } = await tx.setting.findUniqueOrThrow({ where: { key: 'counter' } })
         await tx.setting.update({ where: { key: 'counter' }, data: { value: String(Number(value) + 1) } })
       }, { maxWait: 60000, timeout: 60000 })))
       await close()`,
    )
    const children = [1, 2, 3].map(() =>
      spawn(process.execPath, ['--import', 'tsx', script, database.url], { stdio: ['ignore', 'ignore', 'pipe'] }),
    )
    const errors = children.map((child) => text(child.stderr))
    for (const exit of children.map((child) => once(child, 'exit'))) expect((await exit)[0]).toBe(0)
    expect((await Promise.all(errors)).join('')).toBe('')
    expect(await database.client.setting.findUnique({ where: { key: 'counter' } })).toMatchObject({ value: '75' })
  })

  test('shows nothing of an open transaction, and keeps nothing of one that failed', async () => {
    await using database = await createTempDatabase()
    const { client } = database
    const refused = client.$transaction(async (tx) => {
      await tx.setting.create(setting('a'))
      expect(await client.setting.count()).toBe(0)
      await tx.setting.create(setting('a'))
    })
    await expect(refused).rejects.toMatchObject({ code: 'P2002' })
    await client.$transaction((tx) => tx.setting.create(setting('b')))
    expect(await client.setting.findMany({ select: { key: true } })).toEqual([{ key: 'b' }])
  })

  test('gives times in UTC, whatever the zone of the server', async () => {
    await using database = await createTempDatabase()
    const name = new URL(database.url).pathname.slice(1)
    await runSql(database.url, `ALTER DATABASE "${name}" SET timezone = 'Asia/Tokyo'`)
    const { client, close } = await openDatabase(database.url)
    const data = { name: 'n', email: 'e', role: 'viewer' }
    const takenAt = new Date('2026-03-29T01:30:00.123Z')
    await client.user.create({ data: { id: 'u', ...data, deactivatedAt: takenAt } })
    const user = await client.user.findUniqueOrThrow({ where: { id: 'u' } })
    expect(user.deactivatedAt).toEqual(takenAt)
    expect(await client.user.count({ where: { deactivatedAt: { lte: takenAt } } })).toBe(1)
    expect(await client.user.count({ where: { deactivatedAt: { lt: takenAt } } })).toBe(0)
    // Of the database itself, where nobody says when.
    await client.$executeRawUnsafe(
      `INSERT INTO "user" ("id", "name", "email", "updatedAt") VALUES ('v', 'n', 'f', '2026-01-01')`,
    )
    const { createdAt } = await client.user.findUniqueOrThrow({ where: { id: 'v' } })
    expect(Math.abs(createdAt.getTime() - Date.now())).toBeLessThan(3_600_000)
    await close()
    await runSql(database.url, `ALTER DATABASE "${name}" RESET timezone`)
  })

  test('keeps 0x00 in text as its picture, and JSON with order, 0x00 and half surrogates as it was', async () => {
    await using database = await createTempDatabase()
    const { client } = database
    await client.setting.create(setting('a\0b', 'x\0'))
    expect(await client.setting.findUnique({ where: { key: 'a\0b' } })).toEqual({ key: 'a\u2400b', value: 'x\u2400' })
    const payload = { z: 1, a: ['\0', '\ud800', 'ä', 1e21, -0.5], 'k\0': null }
    await client.job.create({
      data: {
        id: 'j',
        kind: 'k',
        payload,
        actorId: 'a',
        actorName: 'n',
        attemptsMax: 1,
        runAfter: new Date(),
        logs: { create: { at: new Date(), level: 'info', message: 'line\0' } },
      },
    })
    const job = await client.job.findUniqueOrThrow({ where: { id: 'j' }, include: { logs: true } })
    expect(JSON.stringify(job.payload)).toBe(JSON.stringify(payload))
    expect(job.logs[0]?.message).toBe('line\u2400')
    expect(job.result).toBeNull()
  })

  test('finds a part of a text in upper and lower case, as SQLite does', async () => {
    await using database = await createTempDatabase()
    await database.client.setting.createMany({ data: ['Anna', 'HANNES', 'Bob'].map((key) => ({ key, value: 'x' })) })
    const keysOf = async (key: object) =>
      (await database.client.setting.findMany({ where: { key }, orderBy: { key: 'asc' } })).map((row) => row.key)
    expect(await keysOf({ contains: 'ann' })).toEqual(['Anna', 'HANNES'])
    expect(await keysOf({ startsWith: 'h' })).toEqual(['HANNES'])
    expect(await keysOf({ not: { contains: 'ANN' } })).toEqual(['Bob'])
  })

  test('that loses its server is away, and works again when it is back', async () => {
    await using database = await createTempDatabase()
    const { client } = database
    const { close, ...other } = await openDatabase(`${database.url}?application_name=cut`)
    const cut = `SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE application_name = 'cut'`
    const broken = other.client.$transaction(async (tx) => {
      await tx.setting.create(setting('lost'))
      await client.$queryRawUnsafe(cut)
      await tx.setting.create(setting('lost-too'))
    })
    expect(isDatabaseAway(await broken.catch((error: unknown) => error))).toBe(true)
    await other.client.$transaction((tx) => tx.setting.create(setting('kept')))
    expect(await client.setting.findMany({ select: { key: true } })).toEqual([{ key: 'kept' }])
    const refused = await client.setting.create(setting('kept')).catch((error: unknown) => error)
    expect(isDatabaseAway(refused)).toBe(false)
    await close()
  })

  test('a process that is cut off inside of a transaction keeps the others waiting no longer than it may', async () => {
    await using database = await createTempDatabase()
    // The default limit is longer than a test should wait.
    const { client, close } = await openDatabase(
      `${database.url}?options=${encodeURIComponent('-c idle_in_transaction_session_timeout=100')}`,
    )
    const [inside, resumed] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()]
    const cutOff = client.$transaction(async (tx) => {
      await tx.setting.create(setting('cut-off')).finally(inside.resolve)
      await resumed.promise
      await tx.setting.create(setting('too-late'))
    })
    cutOff.catch(inside.resolve)
    await inside.promise
    await database.client.$transaction((tx) => tx.setting.create(setting('next')), { maxWait: 60_000 })
    resumed.resolve()
    expect(isDatabaseAway(await cutOff.catch((error: unknown) => error))).toBe(true)
    expect(await database.client.setting.findMany({ select: { key: true } })).toEqual([{ key: 'next' }])
    await close()
  })
})
