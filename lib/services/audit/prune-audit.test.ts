import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { createTestServices, type TestServices } from '../../testing/service-context.ts'
import { setAuditRetention } from './audit-settings.ts'
import { exportAudit } from './export-audit.ts'
import { previewAuditRetention, runDueAuditPrune } from './prune-audit.ts'
import { runDueAuditWatch } from './run-audit-watch.ts'
import { runDueCheckpoint } from './run-checkpoint.ts'
import { sealAudit } from './seal-audit.ts'
import { verifyAuditChain } from './verify-audit-chain.ts'
import { writeAudit } from './write-audit.ts'

vi.setConfig({ testTimeout: 30_000, hookTimeout: 30_000 })

const DAY_MS = 24 * 3_600_000
let services: TestServices
beforeEach(async () => {
  services = await createTestServices()
})
afterEach(() => services.close())

const context = () => services.contextFor('admin')
const write = () => writeAudit(context().db, context(), { action: 'backup.pin', outcome: 'ok' })
const verify = () => verifyAuditChain(context())
const sequences = async () => (await services.readAudit()).map(({ sequence }) => sequence)

/** An entry from before the chain, its seal, and one entry a day for 80 days. */
async function fill(): Promise<void> {
  const { client } = services.database
  await client.auditEntry.create({ data: { at: new Date(0), actorName: 'x', action: 'a.b', outcome: 'ok' } })
  await sealAudit(context())
  for (let day = 0; day < 80; day++) {
    services.clock.advance(DAY_MS)
    await write()
  }
}

test('nothing is removed as long as no admin says so', async () => {
  await fill()
  expect(await runDueAuditPrune(context())).toBe(false)
  expect(await sequences()).toHaveLength(82)
  await expect(setAuditRetention(services.contextFor('operator'), { months: 1 })).rejects.toMatchObject({
    code: 'FORBIDDEN',
  })
  await expect(setAuditRetention(context(), { months: 0 })).rejects.toMatchObject({ code: 'INVALID_INPUT' })
})

test('the oldest go, as foreseen and on record, and the rest is verified as before', async () => {
  await fill()
  await runDueCheckpoint(context())
  await runDueAuditWatch(context(), 'w')
  const foreseen = await previewAuditRetention(context(), { months: 1 })
  // 23 March at the clock, so what is from before 23 February: the seal, and the entries of 51 days; one is from before the chain.
  expect(foreseen).toMatchObject({ entries: 53, throughSequence: 52, before: '2026-02-23T03:04:05.000Z' })
  await setAuditRetention(context(), { months: 1 })
  expect(await runDueAuditPrune(context())).toBe(true)
  expect((await sequences())[0]).toBe(53)
  const [entry] = (await services.readAudit()).filter(({ action }) => action === 'audit.prune')
  expect(entry).toMatchObject({ outcome: 'ok', after: { entries: 53, throughSequence: 52, throughId: 53 } })
  expect(await verify()).toMatchObject({ ok: true, first: 53, problems: [] })
  services.clock.advance(60_000)
  await runDueAuditWatch(context(), 'w')
  expect(await services.database.client.auditWatch.findFirst()).toMatchObject({ problemCount: 0 })
  expect(await runDueAuditPrune(context())).toBe(false)

  for (let day = 0; day < 3; day++) {
    services.clock.advance(DAY_MS)
    await write()
  }
  expect(await runDueAuditPrune(context())).toBe(true)
  expect(await verify()).toMatchObject({ ok: true })
  let exported = ''
  for await (const chunk of exportAudit(context(), { format: 'jsonl' })) exported += chunk
  expect(exported).toContain('"audit.prune"')
})

test('a removal that was interrupted is gone on with, and stands for nothing wrong meanwhile', async () => {
  await fill()
  await setAuditRetention(context(), { months: 1 })
  const stopped = { ...context(), signal: AbortSignal.abort() }
  await expect(runDueAuditPrune(stopped)).rejects.toMatchObject({ code: 'CANCELLED' })
  expect(await sequences()).toHaveLength(84)
  expect(await verify()).toMatchObject({ ok: true, first: 53 })
  expect(await runDueAuditPrune(context())).toBe(true)
  expect((await sequences())[0]).toBe(53)
  expect(await verify()).toMatchObject({ ok: true, first: 53 })
})

test.each([null, 20])('a removal while another worker reads breaks nothing: from %s on', async (sequence) => {
  await fill()
  await setAuditRetention(context(), { months: 1 })
  const { db, ...rest } = context()
  const start = (await services.readAudit()).find((entry) => entry.sequence === sequence)
  let removals = 0
  const auditHead = {
    findUnique: async (query: { where: { id: number } }) => {
      if (removals++ === 0) expect(await runDueAuditPrune(context())).toBe(true)
      return db.auditHead.findUnique(query)
    },
  }
  const meanwhile = new Proxy(db, {
    get: (target, key) => (key === 'auditHead' ? auditHead : Reflect.get(target, key)),
  })
  const from = start ? { sequence: Number(start.sequence), hash: String(start.hash) } : null
  expect(await verifyAuditChain({ ...rest, db: meanwhile }, { from })).toMatchObject({ ok: true, problems: [] })
  expect(removals).toBe(2)
})

test.each([
  'UPDATE AuditPrune SET throughSequence = 60',
  "UPDATE AuditPrune SET hash = ''",
  'DELETE FROM AuditPrune',
  'DELETE FROM AuditEntry WHERE sequence < 60',
])('what was removed beyond the record of it is missed: %s', async (sql) => {
  await fill()
  await setAuditRetention(context(), { months: 1 })
  await runDueAuditPrune(context())
  await services.database.tamper(sql)
  expect(await verify()).toMatchObject({ ok: false })
})
