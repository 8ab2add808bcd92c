import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import Sqlite from 'better-sqlite3'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { createTempDatabase, type TempDatabase } from '../../testing/temp-database.ts'
import { assertNodeVersion } from './assert-node-version.ts'
import { isDatabaseAway } from './errors.ts'
import { openDatabase } from './open-database.ts'

let db: TempDatabase

beforeEach(async () => {
  db = await createTempDatabase()
})

afterEach(async () => {
  await db.close()
})

const setting = (key: string, value = 'x') => ({ data: { key, value } })

function job(id: string) {
  return {
    id,
    kind: 'backup',
    payload: {},
    actorId: 'a',
    actorName: 'Ada',
    attemptsMax: 1,
    runAfter: new Date('2026-01-01T00:00:00Z'),
  }
}

describe('the gate', () => {
  // Prisma sends nothing before a promise is asked for its answer: without the then() there would be nothing to keep apart.
  it('keeps a write from outside when a transaction of the same process rolls back', async () => {
    let outside: Promise<unknown> = Promise.resolve()
    const rolledBack = db.client.$transaction(async (tx) => {
      await tx.setting.create(setting('inside'))
      outside = db.client.setting.create(setting('outside')).then(() => undefined)
      await tx.setting.count()
      throw new Error('on purpose')
    })
    await expect(rolledBack).rejects.toThrow('on purpose')
    await outside
    expect(await db.client.setting.findMany({ select: { key: true } })).toEqual([{ key: 'outside' }])
  })

  it('shows nothing of an open transaction to a reader from outside', async () => {
    let outside: Promise<number> = Promise.resolve(-1)
    await db.client
      .$transaction(async (tx) => {
        await tx.setting.create(setting('inside'))
        outside = db.client.setting.count().then((count) => count)
        await tx.setting.count()
        throw new Error('on purpose')
      })
      .catch(() => undefined)
    expect(await outside).toBe(0)
  })

  it('goes on after a transaction that failed inside the database', async () => {
    const refused = db.client.$transaction(async (tx) => {
      await tx.setting.create(setting('twice'))
      await tx.setting.create(setting('twice'))
    })
    await expect(refused).rejects.toMatchObject({ code: 'P2002' })
    await db.client.setting.create(setting('after'))
    expect(await db.client.setting.findMany({ select: { key: true } })).toEqual([{ key: 'after' }])
  })

  it('rolls back alone what a transaction that ran too long had written, and serves whoever waited', async () => {
    const tooLong = db.client.$transaction(
      async (tx) => {
        await tx.setting.create(setting('slow'))
        // Waits for the transaction itself, as the outer client must not be used in here: the limit ends it.
        await db.client.setting.count()
        await tx.setting.create(setting('slower'))
      },
      { timeout: 100 },
    )
    await expect(tooLong).rejects.toMatchObject({ code: 'P2028' })
    expect(await db.client.setting.count()).toBe(0)
  })

  it('loses no increment of two processes that read and then write', async () => {
    await db.client.setting.create(setting('counter', '0'))
    const script = join(mkdtempSync(join(db.dir, 'increment-')), 'increment.mts')
    const source = new URL('./open-database.ts', import.meta.url).href
    writeFileSync(
      script,
      `import { openDatabase } from ${JSON.stringify(source)}
       const { client, close } = await openDatabase(process.argv[2])
       for (let i = 0; i < 50; i++) await client.$transaction(async (tx) => {
         const { value } = await tx.setting.findUniqueOrThrow({ where: { key: 'counter' } })
         await tx.setting.update({ where: { key: 'counter' }, data: { value: String(Number(value) + 1) } })
       }, { maxWait: 20000, timeout: 20000 })
       await close()`,
    )
    const children = [1, 2].map(() =>
      spawn(process.execPath, ['--import', 'tsx', script, db.file], { stdio: 'inherit' }),
    )
    for (const exit of children.map((child) => once(child, 'exit'))) expect((await exit)[0]).toBe(0)
    expect((await db.client.setting.findUniqueOrThrow({ where: { key: 'counter' } })).value).toBe('100')
  }, 60_000)
})

describe('an open database', () => {
  it('gives back the largest and the smallest 64-bit number as they were', async () => {
    const zxid = 2n ** 63n - 1n
    const dataBytes = -(2n ** 63n)
    await db.client.backup.create({
      data: {
        id: 'b',
        clusterId: 'c',
        clusterName: 'C',
        source: 'client',
        purpose: 'manual',
        status: 'complete',
        zxid,
        zxidFrom: 2n ** 53n + 1n,
        zxidTo: zxid,
        consistency: 'exact',
        scopePaths: ['/'],
        znodes: 1,
        dataBytes,
        archiveBytes: 0n,
        dir: 'd',
        manifest: { deep: { list: [1, null, 'ä'] } },
        takenAt: new Date('2026-01-02T03:04:05.678Z'),
        durationMs: 1,
      },
    })
    expect(await db.client.backup.findUniqueOrThrow({ where: { id: 'b' } })).toMatchObject({
      zxid,
      zxidFrom: 2n ** 53n + 1n,
      dataBytes,
      scopePaths: ['/'],
      manifest: { deep: { list: [1, null, 'ä'] } },
      takenAt: new Date('2026-01-02T03:04:05.678Z'),
    })
  })

  it('keeps bytes as they are', async () => {
    const authSecret = Uint8Array.from({ length: 256 }, (_, i) => i)
    const data = { id: 'c', name: 'C', connectString: 'h:1', sessionTimeoutMs: 1, environment: 'staging', authSecret }
    await db.client.cluster.create({ data })
    const read = await db.client.cluster.findUniqueOrThrow({ where: { id: 'c' } })
    expect(Array.from(read.authSecret ?? [])).toEqual(Array.from(authSecret))
  })

  it('refuses a child without a parent, and removes children with their parent', async () => {
    const line = { jobId: 'j', at: new Date(), level: 'info', message: 'm' }
    await expect(db.client.jobLog.create({ data: line })).rejects.toMatchObject({ code: 'P2003' })
    await db.client.job.create({
      data: { ...job('j'), logs: { create: { at: new Date(), level: 'info', message: 'm' } } },
    })
    await db.client.job.delete({ where: { id: 'j' } })
    expect(await db.client.jobLog.count()).toBe(0)
  })

  it('lets one of two claims of the same job win', async () => {
    await db.client.job.create({ data: job('j') })
    const second = await openDatabase(db.file)
    const claim = (client: typeof db.client) =>
      client.job.updateMany({ where: { id: 'j', state: 'queued' }, data: { state: 'running' } })
    const claims = await Promise.all([claim(db.client), claim(second.client)])
    await second.close()
    expect(claims.map(({ count }) => count).sort()).toEqual([0, 1])
  })

  it('says which file it could not open', async () => {
    const file = join(mkdtempSync(join(tmpdir(), 'arkeeper-bad-')), 'x.db')
    writeFileSync(file, 'this is not a database, and long enough to be sure of it')
    await expect(openDatabase(file)).rejects.toMatchObject({ code: 'DATABASE_OPEN_FAILED' })
    expect(readFileSync(file, 'utf8')).toMatch(/^this is not/)
  })

  it('refuses an address of a database that it cannot use', async () => {
    const url = 'mysql://u@127.0.0.1/x'
    await expect(openDatabase(url)).rejects.toMatchObject({ code: 'DATABASE_URL_UNSUPPORTED' })
  })

  it.each([
    ['in quotes', '"postgresql://u:planted-password@127.0.0.1/x"'],
    ['without its colon', 'postgresql//u:planted-password@127.0.0.1/x'],
    ['with a slash in its password', 'postgresql://u:1/planted-password@127.0.0.1/x'],
  ])('refuses an address %s without telling its password', async (_, url) => {
    const error: unknown = await openDatabase(url).catch((failure: unknown) => failure)
    expect(error).toMatchObject({ code: 'DATABASE_URL_INVALID', message: expect.not.stringContaining('planted') })
  })

  it('refuses a Node.js on which the driver would end the process', () => {
    expect(() => assertNodeVersion('20.20.2')).toThrow(/20\.20\.2 cannot open/)
    expect(() => assertNodeVersion('22.14.9')).toThrow()
    for (const good of ['22.15.0', '24.0.0', '26.1.0']) expect(() => assertNodeVersion(good)).not.toThrow()
  })
})

it('a database that another program keeps locked is told from a question that is wrong', async () => {
  const other = new Sqlite(db.file)
  try {
    other.exec('BEGIN EXCLUSIVE')
    expect(isDatabaseAway(await db.client.setting.create(setting('a')).catch((error: unknown) => error))).toBe(true)
    other.exec('ROLLBACK')
    await db.client.setting.create(setting('a'))
    expect(isDatabaseAway(await db.client.setting.create(setting('a')).catch((error: unknown) => error))).toBe(false)
  } finally {
    other.close()
  }
})
