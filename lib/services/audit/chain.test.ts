import { spawn } from 'node:child_process'
import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { createTestServices, type TestServices } from '../../testing/service-context.ts'
import { isOnPostgresql } from '../../testing/temp-database.ts'
import { mutate } from '../gate.ts'
import { canonicalJson } from './chain.ts'
import { type ChainReport, ChainVerifier } from './chain-verifier.ts'
import { exportAudit } from './export-audit.ts'
import { parseExportLine } from './read-export.ts'
import { sealAudit } from './seal-audit.ts'
import { verifyAuditChain } from './verify-audit-chain.ts'
import { type AuditEntryInput, writeAudit } from './write-audit.ts'

// A database on disk for each test: slow where many test files run at once.
vi.setConfig({ testTimeout: 60_000, hookTimeout: 30_000 })

let services: TestServices
beforeEach(async () => {
  services = await createTestServices()
})
afterEach(() => services.close())

const write = (entry: Partial<AuditEntryInput> = {}) => {
  const context = services.contextFor('operator')
  return writeAudit(context.db, context, { action: 'znode.set-data', outcome: 'ok', path: '/a', ...entry })
}
const writeMany = async (count: number) => {
  for (let i = 0; i < count; i++) await write({ path: `/n${i}`, after: { version: i } })
}
const verify = () => verifyAuditChain(services.contextFor('admin'))
const found = (report: ChainReport) => report.problems.map(({ code, sequence }) => [code, sequence])

const tamper = (...statements: string[]) => services.database.tamper(...statements)

/** Gives the entry a hash that fits what it says now, as whoever knows the format can. */
async function rehash(sequence: number): Promise<void> {
  const row = await services.database.client.auditEntry.findUniqueOrThrow({ where: { sequence } })
  const fields = [
    'id',
    'at',
    'actorId',
    'actorName',
    'action',
    'clusterId',
    'clusterName',
    'otherClusterId',
    'path',
    'reason',
    'before',
  ]
  const rest = ['after', 'outcome', 'message', 'ip']
  const values = [...fields, ...rest].map((name) => JSON.parse(JSON.stringify(row))[name])
  const text = canonicalJson(['arkeeper-audit-1', row.previousHash, sequence, ...values])
  const hash = createHash('sha256').update(text).digest('hex')
  await tamper(`UPDATE AuditEntry SET hash = '${hash}' WHERE sequence = ${sequence}`)
}

describe('the chain', () => {
  test('has no gap, and stands, whatever is written into it', async () => {
    await sealAudit(services.contextFor('admin'))
    const nasty = [
      '',
      ' ',
      '\0',
      'a\0b',
      '\ud800',
      'x\udc00y',
      '🙂',
      '\u2028',
      '"\\',
      '=1',
      'é',
      'e\u0301',
      '\u007f',
      '__proto__',
    ]
    for (const text of nasty) {
      await write({
        reason: text,
        path: `/${text}`,
        message: text.repeat(3),
        cluster: { id: text, name: text },
        before: { [`k${text}`]: text, b: [text, ''], A: 1 },
        after: {
          n: -0,
          f: 0.1 + 0.2,
          big: 2n ** 63n,
          large: 1e21,
          small: 5e-324,
          none: null,
          nan: Number.NaN,
          t: true,
        },
      })
    }
    await write({ message: `${'x'.repeat(1999)}🙂` })
    await write({ outcome: 'started', before: null, after: {} })
    const rows = await services.readAudit()
    expect(rows.map((row) => row.sequence)).toEqual(rows.map((_, i) => i + 1))
    expect(await verify()).toMatchObject({ ok: true, entries: rows.length, first: 1, last: rows.length, problems: [] })
  })

  test('is hashed as AUDIT.md says', async () => {
    await write({ reason: 'why', before: { b: 1, a: 'x' }, cluster: { id: 'c1', name: 'orders' } })
    const [row] = await services.readAudit()
    const text =
      `["arkeeper-audit-1","${'0'.repeat(64)}",1,1,"2026-01-02T03:04:05.000Z","operator-1","operator one","znode.set-data",` +
      `"c1","orders",null,"/a","why",{"a":"x","b":1},null,"ok",null,"192.0.2.7"]`
    expect(row?.hash).toBe(createHash('sha256').update(text).digest('hex'))
  })

  test('takes entries of several processes at once, each with its change, and loses none', async () => {
    const script = join(services.database.dir, 'append.mts')
    const source = (path: string) => JSON.stringify(new URL(path, import.meta.url).href)
    writeFileSync(
      script,
      `import { openDatabase } from ${source('../../adapters/database/open-database.ts')}
       import { mutate } from ${source('../gate.ts')}
       import { writeAudit } from ${source('./write-audit.ts')}
       const { client, close } = await openDatabase(process.argv[2])
       const actor = { kind: 'system', id: null, name: process.argv[3], role: 'admin' }
       const context = { db: client, actor, clock: { now: () => Date.now() }, log: console }
       for (let i = 0; i < 15; i++) {
         const key = actor.name + i
         await mutate(context, { action: 'backup.note', cluster: null, path: '/' + key }, async (tx) => {
           await tx.setting.count()
           await tx.setting.create({ data: { key, value: 'x' } })
         })
         await Promise.all([1, 2].map(() => writeAudit(client, context, { action: 'backup.pin', outcome: 'ok' })))
       }
       await close()`,
    )
    const children = ['a', 'b', 'c'].map((name) =>
      spawn(process.execPath, ['--import', 'tsx', script, services.database.url, name], { stdio: 'inherit' }),
    )
    for (const exit of children.map((child) => once(child, 'exit'))) expect((await exit)[0]).toBe(0)
    expect(await services.database.client.setting.count()).toBe(45)
    expect(await verify()).toMatchObject({ ok: true, entries: 135, last: 135 })
  })

  test('goes on after entries that the actor does not see', async () => {
    await write({ cluster: { id: 'hidden', name: 'hidden' } })
    const actor = { kind: 'user', id: 'ann', name: 'Ann', role: 'operator', clusterRoles: { hidden: 'none' } } as const
    const context = services.contextOf(actor)
    await writeAudit(context.db, context, { action: 'backup.pin', outcome: 'ok' })
    await mutate(context, { action: 'backup.note', cluster: null }, async () => undefined)
    expect(await verify()).toMatchObject({ ok: true, entries: 3 })
  })

  test('gives no place to a change that is rolled back', async () => {
    const context = services.contextFor('admin')
    await write()
    const refused = mutate(context, { action: 'backup.note', cluster: null }, async () =>
      Promise.reject(new Error('on purpose')),
    )
    await expect(refused).rejects.toThrow('on purpose')
    await write()
    expect((await services.readAudit()).map((row) => [row.sequence, row.outcome])).toEqual([
      [1, 'ok'],
      [2, 'failed'],
      [3, 'ok'],
    ])
    expect(await verify()).toMatchObject({ ok: true, entries: 3 })
  })

  test('is kept by the database itself from being rewritten', async () => {
    await write()
    // What Prisma makes of a trigger's refusal.
    const refused = { code: 'P2003' }
    const { auditEntry, auditHead } = services.database.client
    await expect(auditEntry.updateMany({ data: { reason: 'x' } })).rejects.toMatchObject(refused)
    await expect(auditEntry.deleteMany()).rejects.toMatchObject(refused)
    await expect(auditHead.updateMany({ data: { sequence: 0 } })).rejects.toMatchObject(refused)
    await expect(auditHead.deleteMany()).rejects.toMatchObject(refused)
    expect(await verify()).toMatchObject({ ok: true, entries: 1 })
  })
})

describe('verification names', () => {
  test.each([
    "at = '2026-01-02T03:04:06.000+00:00'",
    'actorId = NULL',
    "actorName = 'somebody else'",
    "action = 'znode.create'",
    "clusterId = 'c2'",
    "clusterName = 'x'",
    "otherClusterId = 'x'",
    "path = '/b'",
    "reason = ''",
    "before = '{}'",
    `after = '{"version":7}'`,
    "outcome = 'failed'",
    "message = ''",
    'ip = NULL',
    'id = 1000',
    "hash = ''",
    'hashVersion = 2',
  ])('an entry in which %s was set', async (change) => {
    await writeMany(5)
    await tamper(`UPDATE AuditEntry SET ${change} WHERE sequence = 3`)
    const report = await verify()
    expect(report.ok).toBe(false)
    expect(found(report)[0]).toEqual(['ENTRY_CHANGED', 3])
    expect(found(report).filter(([code]) => code !== 'ENTRY_MOVED')).toHaveLength(1)
  })

  test('an entry that was changed and given a hash that fits', async () => {
    await writeMany(5)
    await tamper(`UPDATE AuditEntry SET path = '/innocent' WHERE sequence = 3`)
    await rehash(3)
    expect(found(await verify())).toEqual([['ENTRY_REPLACED', 3]])
  })

  test('the last entry that was changed and given a hash that fits', async () => {
    await writeMany(5)
    await tamper(`UPDATE AuditEntry SET path = '/innocent' WHERE sequence = 5`)
    await rehash(5)
    expect(found(await verify())).toEqual([['END_CHANGED', 5]])
  })

  test('what an entry says of the one before, and not that one', async () => {
    await writeMany(5)
    await tamper(`UPDATE AuditEntry SET previousHash = '${'f'.repeat(64)}' WHERE sequence = 4`)
    expect(found(await verify())).toEqual([['ENTRY_CHANGED', 4]])
  })

  test('entries that were removed: in the middle, at the beginning, at the end', async () => {
    await writeMany(9)
    await tamper('DELETE FROM AuditEntry WHERE sequence IN (1, 4, 5, 9)')
    const report = await verify()
    expect(found(report).sort()).toEqual([
      ['ENTRY_MISSING', 1],
      ['ENTRY_MISSING', 4],
      ['ENTRY_MISSING', 9],
    ])
    expect(report.problems.map(({ message }) => message)).toContain('entries 4 to 5 are missing')
  })

  test('an end that was cut off although the record of the end was brought in line, by what was read before', async () => {
    await writeMany(5)
    const before = await verify()
    await tamper(
      'DELETE FROM AuditEntry WHERE sequence = 5',
      'UPDATE AuditHead SET sequence = 4, hash = (SELECT hash FROM AuditEntry WHERE sequence = 4)',
    )
    expect(await verify()).toMatchObject({ ok: true })
    const from = { sequence: before.last ?? 0, hash: before.lastHash ?? '' }
    const checkpoints = [from]
    expect(found(await verifyAuditChain(services.contextFor('admin'), { checkpoints }))).toEqual([
      ['CHECKPOINT_BEYOND_END', 5],
    ])
    expect((await verifyAuditChain(services.contextFor('admin'), { from })).ok).toBe(false)
  })

  test('entries that changed places', async () => {
    await writeMany(5)
    await tamper(
      'UPDATE AuditEntry SET sequence = 1002 WHERE sequence = 2',
      'UPDATE AuditEntry SET sequence = 2 WHERE sequence = 4',
      'UPDATE AuditEntry SET sequence = 4 WHERE sequence = 1002',
    )
    const report = await verify()
    expect(report.problems.slice(0, 1)).toMatchObject([{ code: 'ENTRY_MOVED', sequence: 2 }])
    expect(report.problems[0]?.message).toContain('written as entry 4')
  })

  // PostgreSQL takes nothing into a column that is not of its type.
  test
    .skipIf(isOnPostgresql)
    .each(["at = 'never'", 'at = 99999999999999999', "before = '{'", "actorName = x'ff00'", "hashVersion = 'x'"])(
    'an entry that cannot even be read: %s',
    async (set) => {
      await writeMany(4)
      await tamper(`UPDATE AuditEntry SET ${set} WHERE sequence = 3`)
      expect(found(await verify())).toEqual([['ENTRY_CHANGED', 3]])
    },
  )

  test
    .skipIf(isOnPostgresql)
    .each(['id = 9223372036854775807', "sequence = 'x'", 'sequence = 9223372036854775807', "hash = x'00ff'"])(
    'an entry whose place cannot be read: %s',
    async (set) => {
      await writeMany(4)
      await tamper(`UPDATE AuditEntry SET ${set} WHERE sequence = 3`)
      expect(await verify()).toMatchObject({ ok: false })
    },
  )

  test('an entry that was put in beside the chain', async () => {
    await sealAudit(services.contextFor('admin'))
    await writeMany(2)
    await tamper(
      `INSERT INTO AuditEntry (id, at, actorName, action, outcome) VALUES (4, '2026-01-01T00:00:00.000Z', 'x', 'y.z', 'ok')`,
    )
    await writeMany(1)
    expect((await verify()).problems).toMatchObject([{ code: 'ENTRY_INSERTED', id: 4, sequence: null }])
  })

  test('an entry that was put in after the end', async () => {
    await writeMany(2)
    await tamper(
      `INSERT INTO AuditEntry (id, at, actorName, action, outcome, sequence, previousHash, hash, hashVersion)
       SELECT 3, at, actorName, action, outcome, 3, hash, '', 1 FROM AuditEntry WHERE sequence = 2`,
    )
    expect(found(await verify())).toEqual([
      ['ENTRY_CHANGED', 3],
      ['END_CHANGED', 3],
    ])
  })
})

describe('entries from before the chain', () => {
  beforeEach(async () => {
    const data = Array.from({ length: 1203 }, (_, i) => ({
      at: new Date(services.clock.now()),
      actorName: 'x',
      action: 'backup.start',
      outcome: 'ok',
      path: `/${i}`,
    }))
    await services.database.client.auditEntry.createMany({ data })
  })

  test('are sealed once, whoever asks at the same time', async () => {
    const context = services.contextFor('admin')
    expect((await Promise.all([1, 2, 3].map(() => sealAudit(context)))).filter(Boolean)).toHaveLength(1)
    expect(await sealAudit(context)).toBe(false)
    const seal = (await services.readAudit()).at(-1)
    expect(seal).toMatchObject({ id: 1204, sequence: 1, action: 'audit.seal', after: { entries: 1203, lastId: 1203 } })
    await write()
    expect(await verify()).toMatchObject({ ok: true, entries: 1205, sealed: 1203, last: 2 })
  })

  test.each([
    `UPDATE AuditEntry SET path = '/x' WHERE id = 600`,
    'DELETE FROM AuditEntry WHERE id = 1',
    'DELETE FROM AuditEntry WHERE id = 1203',
    'UPDATE AuditEntry SET id = id + 10000 WHERE id = 3',
  ])('are found changed after %s', async (sql) => {
    await sealAudit(services.contextFor('admin'))
    await tamper(sql)
    expect(found(await verify())).toContainEqual(['SEALED_CHANGED', 1])
  })
})

describe('an export', () => {
  async function exportLines(filter = {}): Promise<string[]> {
    let text = ''
    const input = { format: 'jsonl', filter } as const
    for await (const chunk of exportAudit(services.contextFor('viewer'), input)) text += chunk
    return text.trimEnd().split('\n')
  }
  function verifyLines(lines: readonly string[], isPartial = false): ChainReport {
    const verifier = new ChainVerifier({ isPartial })
    for (const line of lines) {
      const record = parseExportLine(line)
      if (record) verifier.take(record)
    }
    return verifier.end(null)
  }

  test('is verified without the database, in its order and the other way round', async () => {
    await services.database.client.auditEntry.create({
      data: { at: new Date(), actorName: 'x', action: 'a.b', outcome: 'ok' },
    })
    await sealAudit(services.contextFor('admin'))
    await writeMany(6)
    const lines = await exportLines()
    expect(verifyLines(lines)).toMatchObject({ ok: true, entries: 8, sealed: 1, first: 1, last: 7 })
    const chained = lines.slice(0, -1)
    expect(verifyLines(chained).problems).toMatchObject([{ code: 'SEALED_CHANGED' }])
    expect(verifyLines([...chained.toReversed(), ...lines.slice(-1)])).toMatchObject({ ok: true })
    expect(found(verifyLines(lines.toSpliced(2, 1)))).toEqual([['ENTRY_MISSING', 5]])
    expect(found(verifyLines(lines.toSpliced(2, 2, lines[3] ?? '', lines[2] ?? '')))[0]?.[0]).toMatch(/ENTRY_/)
    const edited = lines.map((line) => line.replace('"/n3"', '"/n4"'))
    expect(found(verifyLines(edited))).toEqual([['ENTRY_CHANGED', 5]])
  })

  test('through a filter misses nothing that was left out, and finds what was changed', async () => {
    for (const path of ['/a', '/b', '/a', '/b', '/a']) await write({ path })
    const lines = await exportLines({ path: '/a' })
    expect(verifyLines(lines, true)).toMatchObject({ ok: true, entries: 3 })
    expect(verifyLines(lines).ok).toBe(false)
    expect(
      found(
        verifyLines(
          lines.map((line) => line.replace('"ok"', '"failed"')),
          true,
        ),
      ),
    ).toHaveLength(3)
  })
})
