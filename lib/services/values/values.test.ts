import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { createFileArchives } from '../../adapters/archive/file-archives.ts'
import { addCataloguedBackup } from '../../testing/catalogued-backup.ts'
import { createTestServices, type TestServices } from '../../testing/service-context.ts'
import { addTestPeople, workOffJobs } from '../../testing/work-off-jobs.ts'
import type { Role, ServiceContext } from '../context.ts'
import { getChange } from '../diffs/get-change.ts'
import { startDiff } from '../diffs/start-diff.ts'
import { confirmRestore } from '../restores/confirm-restore.ts'
import { createRestore } from '../restores/create-restore.ts'
import { resumeRestore } from '../restores/resume-restore.ts'
import { getSearch } from '../searches/get-search.ts'
import { listHits } from '../searches/list-hits.ts'
import { startSearch } from '../searches/start-search.ts'
import { exportSubtree } from '../tree/export-subtree.ts'
import { getExport } from '../tree/get-export.ts'
import { getZnode } from '../tree/get-znode.ts'
import { getZnodePair } from '../tree/get-znode-pair.ts'
import { readValue } from '../tree/read-value.ts'
import { assertMaySeeAll } from './assert-may-see-all.ts'
import { addValueRule, changeValueRule, removeValueRule, switchKnownSecret } from './edit-value-rules.ts'
import { listValueRules } from './list-value-rules.ts'
import { revealValue } from './reveal-value.ts'
import { READ_AGAIN_MS } from './value-mask.ts'

vi.setConfig({ testTimeout: 60_000, hookTimeout: 60_000 })

const VALUE = 'PLANTED-of-a-secret'
const ref = { kind: 'backup', backupId: 'b1' } as const
const TREE = 'backup:b1'
const SECRET = '/app/db-password'
const PLAIN = '/app/plain'

let services: TestServices
beforeEach(async () => {
  services = await createTestServices({ archives: createFileArchives() })
  await addTestPeople(services)
  await addCataloguedBackup(services, 'b1', [
    { path: SECRET, data: VALUE },
    { path: '/app/empty-password', data: '' },
    { path: PLAIN, data: 'seen by all' },
  ])
})
afterEach(() => services.close())

const as = (role: Role) => services.contextFor(role)
const withRoleAt = (role: Role, there: Role): ServiceContext => {
  const context = as(role)
  return { ...context, actor: { ...context.actor, clusterRoles: { c1: there } } }
}
const audited = async (action: string) => (await services.readAudit()).filter((entry) => entry.action === action)

async function look(context: ServiceContext, path: string) {
  const reading = await getZnode(context, { ref, path })
  if (reading.kind !== 'found') throw new Error(`${path} is ${reading.kind}`)
  const { data, hidden, unpacked } = reading.znode
  return { text: data === null ? null : Buffer.from(data, 'base64').toString(), hidden, unpacked }
}

describe('a value that looks like a secret', () => {
  test('is hidden from everybody, and its size is not', async () => {
    for (const role of ['viewer', 'operator', 'admin'] as const) {
      const reading = await getZnode(as(role), { ref, path: SECRET })
      expect(reading).toMatchObject({
        znode: {
          data: null,
          hidden: { leastRole: 'operator', mayReveal: role !== 'viewer', because: ['Names with “password”'] },
          stat: { dataLength: VALUE.length },
        },
      })
    }
    expect(await look(as('viewer'), PLAIN)).toMatchObject({ text: 'seen by all', hidden: undefined })
    // Nothing is hidden where there is nothing.
    expect(await look(as('viewer'), '/app/empty-password')).toMatchObject({ text: '', hidden: undefined })
  })

  test('is no file, no side of a pair and no line of an export', async () => {
    const file = readValue(as('admin'), { ref, path: SECRET, unpack: false })
    await expect(file).rejects.toMatchObject({ code: 'FORBIDDEN', remedy: expect.stringContaining('reveal') })
    const pair = await getZnodePair(as('admin'), { left: TREE, right: TREE, path: SECRET })
    expect(JSON.stringify(pair)).not.toContain(Buffer.from(VALUE).toString('base64'))
    let text = ''
    for await (const piece of exportSubtree(as('operator'), { ref, path: '/app', exportId: 'e1' })) text += piece
    const lines = text
      .trimEnd()
      .split('\n')
      .map((line): Record<string, unknown> => JSON.parse(line))
    const line = lines.find(({ path }) => path === SECRET)
    expect(line).toMatchObject({ masked: true, stat: { dataLength: VALUE.length } })
    expect(line).not.toHaveProperty('data')
    expect(lines.filter(({ masked }) => masked)).toHaveLength(1)
    expect(lines.find(({ path }) => path === PLAIN)).toHaveProperty('data')
    expect(await getExport(as('operator'), 'e1')).toMatchObject({ state: 'done', masked: 1 })
  })

  test('matches no search, whoever searches', async () => {
    const { searchId } = await startSearch(as('admin'), { tree: TREE, valueForm: 'text', value: 'PLANTED' })
    await workOffJobs(services)
    expect(await getSearch(as('admin'), searchId)).toMatchObject({ state: 'ready', summary: { hits: 0, masked: 1 } })
    const named = await startSearch(as('viewer'), { tree: TREE, pathPattern: 'password' })
    await workOffJobs(services)
    expect((await listHits(as('viewer'), { searchId: named.searchId })).total).toBe(2)
  })

  test('is a difference that does not say which', async () => {
    await addCataloguedBackup(services, 'b2', [{ path: SECRET, data: 'PLANTED-of-another' }])
    const { diffId } = await startDiff(as('viewer'), { left: TREE, right: 'backup:b2', path: SECRET })
    await workOffJobs(services)
    const change = await getChange(as('viewer'), { diffId, path: SECRET })
    expect(change).toMatchObject({ fields: ['data'], before: { data: null }, after: { data: null } })
    expect(change.before?.hidden).toBeDefined()
    expect(change.after?.hidden).toBeDefined()
  })

  test('is revealed to an operator, once, with an entry that does not have it', async () => {
    const revealed = await revealValue(as('operator'), { tree: TREE, path: SECRET })
    expect(revealed).toMatchObject({ znode: { data: Buffer.from(VALUE).toString('base64') } })
    expect((await look(as('operator'), SECRET)).text).toBeNull()
    const [entry] = await audited('value.reveal')
    expect(entry).toMatchObject({
      outcome: 'ok',
      actorId: 'operator-1',
      clusterId: 'c1',
      path: SECRET,
      after: { tree: TREE, version: 0 },
    })
    const stored = JSON.stringify(await services.readAudit()) + services.logLines.join('')
    for (const form of [VALUE, Buffer.from(VALUE).toString('base64'), Buffer.from(VALUE).toString('hex')]) {
      expect(stored).not.toContain(form)
    }
  })

  test('is refused to a viewer, on record, and to whoever has less at that cluster', async () => {
    const refused = { code: 'FORBIDDEN', unaffected: 'nothing was shown' }
    await expect(revealValue(as('viewer'), { tree: TREE, path: SECRET })).rejects.toMatchObject(refused)
    const lesser = revealValue(withRoleAt('admin', 'viewer'), { tree: TREE, path: SECRET })
    await expect(lesser).rejects.toMatchObject(refused)
    expect((await audited('value.reveal')).map(({ outcome }) => outcome)).toEqual(['denied', 'denied'])
    await expect(revealValue(withRoleAt('viewer', 'operator'), { tree: TREE, path: SECRET })).resolves.toBeDefined()
  })

  test('is shown again when its rule is switched off, and only by an administrator', async () => {
    const off = { ruleId: 'name-password', enabled: false, recordsReads: false }
    await expect(switchKnownSecret(as('operator'), off)).rejects.toMatchObject({ code: 'FORBIDDEN' })
    await switchKnownSecret(as('admin'), off)
    expect(await look(as('viewer'), SECRET)).toMatchObject({ text: VALUE, hidden: undefined })
    expect((await audited('value-rule.switch')).at(-1)).toMatchObject({
      outcome: 'ok',
      before: { rule: 'name-password', enabled: true },
      after: { rule: 'name-password', enabled: false },
    })
    await switchKnownSecret(as('admin'), { ...off, enabled: true })
    expect((await look(as('viewer'), SECRET)).text).toBeNull()
  })
})

describe('a rule of one’s own', () => {
  const rule = { clusterId: null, pattern: '/APP/pl*', effect: 'forbid', leastRole: 'admin', note: 'pay data' } as const

  test('hides from those below its role, whatever was found before', async () => {
    const { searchId } = await startSearch(as('viewer'), { tree: TREE, valueForm: 'text', value: 'seen by' })
    await workOffJobs(services)
    expect((await listHits(as('viewer'), { searchId })).hits).toHaveLength(1)
    await addValueRule(as('admin'), rule)
    expect(await look(as('operator'), PLAIN)).toMatchObject({
      text: null,
      hidden: { because: ['pay data'], leastRole: 'admin', mayReveal: false },
    })
    expect(await look(as('admin'), PLAIN)).toMatchObject({ text: 'seen by all' })
    expect(await look(withRoleAt('viewer', 'admin'), PLAIN)).toMatchObject({ text: 'seen by all' })
    expect(await listHits(as('viewer'), { searchId })).toEqual({ hits: [], total: 0 })
    expect((await listHits(as('admin'), { searchId })).total).toBe(1)
  })

  test('keeps whole files from those below its role', async () => {
    const what = { action: 'backup.download', cluster: { id: 'c1', name: 'orders' } } as const
    await expect(assertMaySeeAll(as('operator'), what)).resolves.toBeUndefined()
    await addValueRule(as('admin'), rule)
    await expect(assertMaySeeAll(as('operator'), what)).rejects.toMatchObject({ code: 'FORBIDDEN' })
    await expect(assertMaySeeAll(as('admin'), what)).resolves.toBeUndefined()
    expect((await audited('backup.download')).at(-1)).toMatchObject({ outcome: 'denied', clusterId: 'c1' })
  })

  test('keeps what it hides from being planned to where it is shown', async () => {
    const at = { connectString: 'z:2181', sessionTimeoutMs: 1, environment: 'production' }
    for (const id of ['c1', 'c2']) await as('admin').db.cluster.create({ data: { id, name: id, ...at } })
    await addValueRule(as('admin'), rule)
    const selection = { kind: 'subtree', path: '/app' } as const
    const plan = (clusterId: string, targetPath: string | null) =>
      createRestore(as('operator'), { clusterId, source: TREE, selection, targetPath })
    await expect(plan('c2', null)).rejects.toMatchObject({ code: 'FORBIDDEN' })
    await expect(plan('c1', '/elsewhere')).rejects.toMatchObject({ code: 'FORBIDDEN' })
    await expect(plan('c1', '/app')).resolves.toBeDefined()
    await expect(plan('c1', null)).resolves.toBeDefined()
  })

  test('made after a plan that copies keeps it from being confirmed by whoever it hides from', async () => {
    const at = { connectString: 'z:2181', sessionTimeoutMs: 1, environment: 'production' }
    const { db } = as('admin')
    for (const id of ['c1', 'c2']) await db.cluster.create({ data: { id, name: id, ...at } })
    const selection = { kind: 'subtree', path: '/app' } as const
    const plan = async (clusterId: string, targetPath: string | null) =>
      (await createRestore(as('operator'), { clusterId, source: TREE, selection, targetPath })).restoreId
    const [across, moved, same] = [await plan('c2', null), await plan('c1', '/elsewhere'), await plan('c1', '/app')]
    const rest = await plan('c1', null)
    await db.restore.update({
      where: { id: rest },
      data: { scope: { kind: 'rest', of: moved, label: '', path: null } },
    })
    await addValueRule(as('admin'), rule)
    const confirm = (by: 'operator' | 'admin', restoreId: string) =>
      confirmRestore(as(by), { restoreId, planHash: 'sha256:x', typedName: 'c1', reason: 'test' })
    for (const restoreId of [across, moved, rest]) {
      await expect(confirm('operator', restoreId)).rejects.toMatchObject({ code: 'FORBIDDEN' })
      await expect(resumeRestore(as('operator'), restoreId)).rejects.toMatchObject({ code: 'FORBIDDEN' })
      await expect(confirm('admin', restoreId)).rejects.toMatchObject({ code: 'WRONG_STATE' })
    }
    expect(await audited('restore.confirm')).toContainEqual(
      expect.objectContaining({ outcome: 'denied', clusterId: 'c1' }),
    )
    await expect(confirm('operator', same)).rejects.toMatchObject({ code: 'WRONG_STATE' })
  })

  test('holds at its cluster only', async () => {
    const context = as('admin')
    const at = { name: 'other', connectString: 'z:2181', sessionTimeoutMs: 1, environment: 'production' }
    for (const id of ['c1', 'c2']) await context.db.cluster.create({ data: { id, ...at, name: id } })
    await addValueRule(as('admin'), { ...rule, clusterId: 'c2' })
    expect((await look(as('viewer'), PLAIN)).text).toBe('seen by all')
    await addValueRule(as('admin'), { ...rule, clusterId: 'c1' })
    expect((await look(as('viewer'), PLAIN)).text).toBeNull()
  })

  test('is meant below the chroot as people see it, and as the ensemble has it', async () => {
    const at = { name: 'c1', sessionTimeoutMs: 1, environment: 'production' }
    await as('admin').db.cluster.create({ data: { id: 'c1', connectString: 'z:2181/inner', ...at } })
    await addValueRule(as('admin'), { ...rule, pattern: '/inner/app/plain' })
    expect((await look(as('viewer'), PLAIN)).text).toBeNull()
  })

  test('is made, changed and removed by administrators, with before and after on record', async () => {
    await expect(addValueRule(as('operator'), rule)).rejects.toMatchObject({ code: 'FORBIDDEN' })
    const { ruleId } = await addValueRule(as('admin'), rule)
    await expect(addValueRule(as('admin'), rule)).rejects.toMatchObject({ code: 'INVALID_INPUT' })
    await expect(addValueRule(as('admin'), { ...rule, pattern: 'app' })).rejects.toMatchObject({
      code: 'INVALID_INPUT',
    })
    await expect(changeValueRule(as('operator'), { ...rule, ruleId })).rejects.toMatchObject({ code: 'FORBIDDEN' })
    await changeValueRule(as('admin'), { ...rule, ruleId, effect: 'record', recordsReads: false })
    expect((await audited('value-rule.change')).at(-1)).toMatchObject({
      before: { pattern: '/APP/pl*', effect: 'forbid', leastRole: 'admin' },
      after: { pattern: '/APP/pl*', effect: 'record', recordsReads: true },
    })
    expect((await listValueRules(as('viewer'))).rules).toMatchObject([{ id: ruleId, effect: 'record' }])
    await expect(removeValueRule(as('operator'), { ruleId })).rejects.toMatchObject({ code: 'FORBIDDEN' })
    await removeValueRule(as('admin'), { ruleId })
    expect((await listValueRules(as('viewer'))).rules).toEqual([])
    expect((await audited('value-rule.remove')).at(-1)).toMatchObject({ before: { rule: ruleId }, outcome: 'ok' })
  })

  test('that only records has one entry a person and znode in ten minutes', async () => {
    await addValueRule(as('admin'), { ...rule, effect: 'record' })
    for (const role of ['viewer', 'viewer', 'operator', 'viewer'] as const) await look(as(role), PLAIN)
    await look(as('viewer'), SECRET)
    expect((await audited('value.read')).map(({ actorId, path, after }) => [actorId, path, after])).toEqual([
      ['viewer-1', PLAIN, { tree: TREE }],
      ['operator-1', PLAIN, { tree: TREE }],
    ])
    services.clock.advance(READ_AGAIN_MS + 1)
    await readValue(as('viewer'), { ref, path: PLAIN, unpack: false })
    expect(await audited('value.read')).toHaveLength(3)
  })
})
