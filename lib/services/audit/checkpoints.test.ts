import { readdirSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { createAuditKey, loadAuditKey } from '../../adapters/secrets/audit-key.ts'
import { createTestServices, type TestServices } from '../../testing/service-context.ts'
import { setCheckpointFiles } from './audit-settings.ts'
import { getAuditState } from './get-audit-state.ts'
import { requestAuditVerification, runDueAuditWatch } from './run-audit-watch.ts'
import { runDueCheckpoint } from './run-checkpoint.ts'
import { parseCheckpointFile, TrustedKeys, toAnchors } from './signatures.ts'
import { verifyAuditChain } from './verify-audit-chain.ts'
import { writeAudit } from './write-audit.ts'

vi.setConfig({ testTimeout: 30_000, hookTimeout: 30_000 })

const HOUR_MS = 3_600_000
let services: TestServices
beforeEach(async () => {
  services = await createTestServices()
})
afterEach(() => services.close())

const context = () => services.contextFor('admin')
const write = async (count: number) => {
  for (let i = 0; i < count; i++) {
    await writeAudit(context().db, context(), { action: 'backup.pin', outcome: 'ok', path: `/${i}` })
  }
}
const codes = async () => (await verifyAuditChain(context())).problems.map(({ code, sequence }) => [code, sequence])
const tamper = (...statements: string[]) => services.database.tamper(...statements)

const NONE_GIVEN = { auditKey: null, secretKey: null }

describe('the key', () => {
  test('is made once, for its owner only, with its public half beside it; a lost one leaves its public half known', () => {
    const { dir } = services.database
    const key = loadAuditKey(dir, NONE_GIVEN)
    expect(loadAuditKey(dir, NONE_GIVEN)).toMatchObject({ keyId: key.keyId, publicKeys: [key.publicKey] })
    expect(statSync(join(dir, 'audit.key')).mode & 0o777).toBe(0o600)
    expect(readFileSync(join(dir, 'audit.pub'), 'utf8')).toBe(key.publicKey)
    expect(readFileSync(join(dir, 'audit.key'), 'utf8')).toContain('PRIVATE KEY')
    const other = createAuditKey()
    expect(other.keyId).not.toBe(key.keyId)
  })
})

describe('a checkpoint', () => {
  test('is made each hour when something came, at the end of a worker at once, and by one of several only', async () => {
    expect(await runDueCheckpoint(context())).toBe(false)
    await write(2)
    const both = await Promise.all([runDueCheckpoint(context()), runDueCheckpoint(context())])
    expect(both.filter(Boolean)).toHaveLength(1)
    services.clock.advance(HOUR_MS)
    expect(await runDueCheckpoint(context())).toBe(false)
    await write(1)
    expect(await runDueCheckpoint(context())).toBe(true)
    await write(1)
    expect(await runDueCheckpoint(context())).toBe(false)
    expect(await runDueCheckpoint(context(), { now: true })).toBe(true)
    const rows = await services.database.client.auditCheckpoint.findMany()
    expect(rows.map(({ sequence }) => sequence)).toEqual([2, 3, 4])
    expect(await verifyAuditChain(context())).toMatchObject({ ok: true, checkpoints: 3 })
  })

  test('finds a chain that was written anew, and one that was cut off', async () => {
    await write(3)
    await runDueCheckpoint(context())
    const [row] = await services.readAudit()
    await tamper('DELETE FROM AuditEntry', `UPDATE AuditHead SET sequence = 0, hash = '${row?.previousHash}'`)
    expect(await codes()).toEqual([['CHECKPOINT_BEYOND_END', 3]])
    services.clock.advance(1)
    await write(4)
    expect(await codes()).toEqual([['CHECKPOINT_MISMATCH', 3]])
  })

  test.each(["hash = ''", "at = '2026-01-02T03:04:05.001Z'", "signature = ''", "keyId = 'ffffffffffffffff'"])(
    'in which %s was set is not believed',
    async (change) => {
      await write(2)
      await runDueCheckpoint(context())
      await tamper(`UPDATE AuditCheckpoint SET ${change}`)
      expect(await codes()).toEqual([['CHECKPOINT_FORGED', 2]])
    },
  )

  test('is put into the store when an admin wants it, and says there the same', async () => {
    await setCheckpointFiles(context(), { on: true })
    await runDueCheckpoint(context())
    const dir = join(context().paths.storeDir, 'audit')
    expect(readdirSync(dir)).toEqual(['checkpoint-1.json'])
    const checkpoint = parseCheckpointFile(readFileSync(join(dir, 'checkpoint-1.json'), 'utf8'))
    if (!checkpoint) throw new Error('no checkpoint')
    const keys = new TrustedKeys([context().auditKey.publicKey])
    expect(toAnchors({ checkpoints: [checkpoint], removals: [] }, keys)).toMatchObject({ problems: [] })
    const foreign = new TrustedKeys([createAuditKey().publicKey])
    expect(toAnchors({ checkpoints: [checkpoint], removals: [] }, foreign).problems).toHaveLength(1)
  })
})

describe('the watch', () => {
  const watch = () => runDueAuditWatch(context(), 'worker')
  const state = () => getAuditState(context())

  test('reads what is new by the clock, and tells how far it has come', async () => {
    await write(3)
    expect((await state()).verified).toBeNull()
    await watch()
    expect(await state()).toMatchObject({ head: 3, verified: { sequence: 3 }, problems: [], readingEntries: null })
    await write(2)
    await watch()
    expect(await state()).toMatchObject({ head: 5, verified: { sequence: 3 } })
    services.clock.advance(60_000)
    await watch()
    expect(await state()).toMatchObject({ verified: { sequence: 5, wholeAt: '2026-01-02T03:04:05.000Z' } })
  })

  test('finds what was changed in what it has read when somebody asks, or a day later, and does not forget it', async () => {
    await write(5)
    await watch()
    await tamper(`UPDATE AuditEntry SET path = '/x' WHERE sequence = 2`)
    services.clock.advance(60_000)
    await watch()
    expect(await state()).toMatchObject({ problemCount: 0 })
    await requestAuditVerification(context())
    expect(await state()).toMatchObject({ isRequested: true })
    await watch()
    const found = [{ code: 'ENTRY_CHANGED', sequence: 2 }]
    expect(await state()).toMatchObject({ isRequested: false, problemCount: 1, problems: found })
    await tamper(`UPDATE AuditEntry SET path = '/1' WHERE sequence = 2`)
    services.clock.advance(25 * HOUR_MS)
    await watch()
    expect(await state()).toMatchObject({ problemCount: 1, problems: found })
    await requestAuditVerification(context())
    await watch()
    expect(await state()).toMatchObject({ problemCount: 0, verified: { sequence: 7 } })
  })

  test('finds a chain that was written anew below what it has read', async () => {
    await write(3)
    await watch()
    const [row] = await services.readAudit()
    await tamper('DELETE FROM AuditEntry', `UPDATE AuditHead SET sequence = 0, hash = '${row?.previousHash}'`)
    services.clock.advance(60_000)
    await write(4)
    await watch()
    expect(await state()).toMatchObject({ problemCount: 1, problems: [{ code: 'ENTRY_REPLACED', sequence: 3 }] })
  })

  test('goes on when the clock was set ahead for a while', async () => {
    const yearMs = 365 * 24 * HOUR_MS
    services.clock.advance(yearMs)
    await write(2)
    await watch()
    expect(await runDueCheckpoint(context())).toBe(true)
    services.clock.advance(-yearMs)
    await write(2)
    expect(await runDueCheckpoint(context())).toBe(true)
    await watch()
    expect(await state()).toMatchObject({ verified: { sequence: 4, wholeAt: '2026-01-02T03:04:05.000Z' } })
  })

  test('is asked for by an operator, not by a viewer', async () => {
    await expect(requestAuditVerification(services.contextFor('viewer'))).rejects.toMatchObject({ code: 'FORBIDDEN' })
  })
})
