import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { createFileArchives } from '../../adapters/archive/file-archives.ts'
import type { ArchivePort } from '../../adapters/archive/store.ts'
import { formatHex64 } from '../../base/hex64.ts'
import type { TxnEntry } from '../../domain/txnlog/entry.ts'
import { LogReader } from '../../domain/txnlog/read-log.ts'
import { createTestServices, type TestServices } from '../../testing/service-context.ts'
import { addTestPeople, workOffJobs } from '../../testing/work-off-jobs.ts'
import { deleteBackup } from '../backups/delete-backup.ts'
import { setBackupPinned } from '../backups/set-backup-pinned.ts'
import { addCluster } from '../clusters/add-cluster.ts'
import type { ServiceContext } from '../context.ts'
import { getTimeTravel } from '../moments/get-time-travel.ts'
import { applyKeepRules } from './apply-keep-rules.ts'
import { getKeepRules } from './get-keep-rules.ts'
import { keepMarked } from './keep-marked.ts'
import { liftHold } from './lift-hold.ts'
import { listHolds } from './list-holds.ts'
import { placeHold } from './place-hold.ts'
import { previewKeepRules } from './preview-keep-rules.ts'
import { runDueKeepRules } from './run-due-keep-rules.ts'
import { type KeepRules, SUGGESTED_RULES } from './schemas.ts'
import { dropKeepRules, setKeepRules } from './set-keep-rules.ts'

vi.setConfig({ testTimeout: 30_000, hookTimeout: 30_000 })

const DAY_MS = 86_400_000
const RULES: KeepRules = {
  ...SUGGESTED_RULES,
  last: 3,
  hourly: 0,
  daily: 0,
  weekly: 0,
  monthly: 0,
  yearly: 0,
  atLeast: 1,
  minAgeDays: 0,
  graceDays: 3,
}

let services: TestServices
let admin: ServiceContext
let clusterId: string
/** Archives whose removal the store refuses. */
let refused: Set<string>

beforeEach(async () => {
  refused = new Set()
  const files = createFileArchives()
  const archives: ArchivePort = {
    ...files,
    remove: async (dir) => {
      if ([...refused].some((id) => dir.includes(id))) throw Object.assign(await refusal(), {})
      await files.remove(dir)
    },
  }
  services = await createTestServices({ archives })
  admin = services.contextFor('admin')
  await addTestPeople(services)
  const cluster = await addCluster(admin, {
    name: 'orders',
    connectString: 'zk1:2181',
    environment: 'production',
    auth: { kind: 'none' },
  })
  clusterId = cluster.id
})
afterEach(() => services.close())

/** The file system's own error, as an archive error. */
async function refusal(): Promise<Error> {
  const { ArchiveError } = await import('../../adapters/archive/errors.ts')
  return new ArchiveError('DENIED', 'the store refuses it')
}

async function addBackup(id: string, ageDays: number, more: object = {}): Promise<string> {
  const name = `orders/20260101T000000Z-${id}`
  const folder = join(admin.paths.storeDir, name)
  await mkdir(folder, { recursive: true })
  await writeFile(join(folder, 'manifest.json'), '{}')
  await admin.db.backup.create({
    data: {
      id,
      clusterId,
      clusterName: 'orders',
      source: 'client',
      purpose: 'manual',
      status: 'complete',
      zxid: 1n,
      zxidFrom: 1n,
      zxidTo: 1n,
      consistency: 'fuzzy',
      scopePaths: ['/'],
      znodes: 1,
      dataBytes: 1n,
      archiveBytes: 1000n,
      dir: name,
      manifest: {},
      takenAt: new Date(admin.clock.now() - ageDays * DAY_MS),
      durationMs: 1,
      ...more,
    },
  })
  return folder
}

const addFew = async (count = 5) => {
  for (let i = 1; i <= count; i++) await addBackup(`b${i}`, i)
}
const set = (rules: Partial<KeepRules> = {}, more: object = {}) =>
  setKeepRules(admin, { clusterId, enabled: true, rules: { ...RULES, ...rules }, ...more })
const view = () => getKeepRules(admin, clusterId)
const marked = async () => (await view()).marked.map(({ backupId }) => backupId).sort()
const there = async () =>
  (await admin.db.backup.findMany({ where: { deletedAt: null }, select: { id: true }, orderBy: { id: 'asc' } })).map(
    ({ id }) => id,
  )
const exists = (folder: string) =>
  import('node:fs/promises').then(({ stat }) =>
    stat(folder).then(
      () => true,
      () => false,
    ),
  )
/** All that is due now, and the jobs that come of it. */
async function turn(): Promise<void> {
  const system = { ...admin, actor: { kind: 'system', id: null, name: 'keep rules', role: 'admin' } as const }
  while (await runDueKeepRules(system, 'w1'));
  await workOffJobs(services)
}

describe('a removal', () => {
  test('marks what no rule keeps, with its reason, and removes it when the grace is over', async () => {
    await addFew()
    const folder = join(admin.paths.storeDir, 'orders/20260101T000000Z-b5')
    await set()
    await turn()
    expect(await marked()).toEqual(['b4', 'b5'])
    expect((await view()).marked[0]).toMatchObject({
      reason: 'no rule keeps it',
      removeAfter: new Date(admin.clock.now() + 3 * DAY_MS).toISOString(),
    })
    expect(await there()).toHaveLength(5)
    services.clock.advance(3 * DAY_MS - 1)
    await turn()
    expect(await there()).toHaveLength(5)
    expect(await exists(folder)).toBe(true)
    services.clock.advance(1)
    await turn()
    expect(await there()).toEqual(['b1', 'b2', 'b3'])
    expect(await exists(folder)).toBe(false)
    const audit = await services.readAudit()
    expect(audit.filter(({ action }) => action === 'backup.apply-keep-rules')).toMatchObject([
      { outcome: 'ok', actorName: 'keep rules', after: { marked: 2, bytes: 2000, markedBackups: ['b4', 'b5'] } },
    ])
    expect(audit.filter(({ action }) => action === 'backup.remove').map(({ message }) => message)).toEqual([
      'Out of the catalog; its files are removed next',
      'Out of the catalog; its files are removed next',
      'Its files are gone from every store',
      'Its files are gone from every store',
    ])
  })

  test('that the store refuses is tried again, and is not called done before it is', async () => {
    await addFew(4)
    await set()
    refused.add('b4')
    await turn()
    services.clock.advance(3 * DAY_MS)
    await turn()
    expect((await view()).unfinished).toMatchObject([{ backupId: 'b4', error: 'the store refuses it' }])
    const failed = await admin.db.job.findMany({ where: { kind: 'remove-backups', state: 'failed' } })
    expect(failed).toMatchObject([{ error: { code: 'REMOVAL_UNFINISHED' } }])
    expect(
      (await services.readAudit()).filter(({ message }) => message === 'Its files are gone from every store'),
    ).toEqual([])
    refused.clear()
    services.clock.advance(60 * 60_000)
    await turn()
    expect((await view()).unfinished).toEqual([])
    expect(await there()).toEqual(['b1', 'b2', 'b3'])
  })

  test('does not come to one that was kept, held or has become the last good one in its grace', async () => {
    await addFew(8)
    await set({ last: 4 })
    await turn()
    expect(await marked()).toEqual(['b5', 'b6', 'b7', 'b8'])
    await keepMarked(services.contextFor('operator'), 'b5')
    await placeHold(services.contextFor('operator'), { backupId: 'b6', reason: 'a court wants it' })
    await admin.db.backup.updateMany({
      where: { id: { in: ['b1', 'b2', 'b3', 'b4', 'b5', 'b6'] } },
      data: { verifyOk: false },
    })
    await admin.db.keepRun.updateMany({ data: { nextRunAt: new Date(admin.clock.now() + 30 * DAY_MS) } })
    services.clock.advance(3 * DAY_MS)
    // The job alone weighs anew, though no run of the rules came between.
    await admin.db.job.create({
      data: {
        id: 'j1',
        kind: 'remove-backups',
        clusterId,
        payload: { clusterId },
        actorId: 'system',
        actorName: 'keep rules',
        attemptsMax: 1,
        runAfter: new Date(admin.clock.now()),
      },
    })
    await workOffJobs(services)
    expect(await there()).toHaveLength(8)
    expect(await marked()).toEqual([])
  })

  test('is taken back when the rules change or are switched off', async () => {
    await addFew()
    await set()
    await turn()
    await set({ last: 4 })
    expect(await marked()).toEqual([])
    await turn()
    expect(await marked()).toEqual(['b5'])
    await setKeepRules(admin, { clusterId, enabled: false, rules: RULES })
    await turn()
    expect(await marked()).toEqual([])
    services.clock.advance(10 * DAY_MS)
    await turn()
    expect(await there()).toHaveLength(5)
  })
})

describe('what a clock or a slip of the hand must not do', () => {
  test('rules that keep nothing, or that would take more than half at once, are refused', async () => {
    await addFew(9)
    await expect(set({ last: 0 })).rejects.toMatchObject({ code: 'INVALID_INPUT' })
    await expect(set()).rejects.toMatchObject({
      code: 'CONFIRMATION_MISMATCH',
      message: expect.stringContaining('6 backups'),
    })
    await expect(set({}, { confirm: 'order' })).rejects.toMatchObject({ code: 'CONFIRMATION_MISMATCH' })
    expect((await view()).of).toBe('none')
    await set({}, { confirm: 'orders' })
    await turn()
    expect(await marked()).toHaveLength(6)
  })

  test('a run stops where more than half would go and nobody has said so, and says so itself', async () => {
    await addFew(3)
    await set()
    await turn()
    await admin.db.backup.updateMany({ data: { pinned: false } })
    for (let i = 4; i <= 9; i++) await addBackup(`b${i}`, i)
    services.clock.advance(DAY_MS)
    await turn()
    expect(await view()).toMatchObject({ marked: [], lastReport: { kind: 'stopped', good: 9, goodGoing: 6 } })
    expect((await services.readAudit()).at(-1)).toMatchObject({
      action: 'backup.apply-keep-rules',
      outcome: 'failed',
      message: expect.stringContaining('6 of 9 good backups'),
    })
    await expect(applyKeepRules(admin, { clusterId })).rejects.toMatchObject({ code: 'CONFIRMATION_MISMATCH' })
    expect(await applyKeepRules(admin, { clusterId, confirm: 'orders' })).toMatchObject({ kind: 'done', marked: 6 })
  })

  test('only an administrator sets rules and lifts holds', async () => {
    await addFew(1)
    const operator = services.contextFor('operator')
    const forbidden = { code: 'FORBIDDEN' }
    await expect(setKeepRules(operator, { clusterId, enabled: true, rules: RULES })).rejects.toMatchObject(forbidden)
    await expect(applyKeepRules(operator, { clusterId })).rejects.toMatchObject(forbidden)
    const { holdId } = await placeHold(operator, { backupId: 'b1', reason: 'look at it', until: '2027-01-31' })
    await expect(liftHold(operator, { backupId: 'b1', holdId, reason: 'done' })).rejects.toMatchObject(forbidden)
    await expect(placeHold(services.contextFor('viewer'), { backupId: 'b1', reason: 'no' })).rejects.toThrow()
    await liftHold(admin, { backupId: 'b1', holdId, reason: 'done with it' })
    expect(await listHolds(admin, 'b1')).toMatchObject([
      { reason: 'look at it', stands: false, liftedByName: 'admin one', liftReason: 'done with it' },
    ])
  })
})

describe('by hand', () => {
  test('a backup that is held or in work is not deleted', async () => {
    await addFew(2)
    await placeHold(admin, { backupId: 'b2', reason: 'a court wants it' })
    await expect(deleteBackup(admin, { backupId: 'b2' })).rejects.toMatchObject({
      code: 'BACKUP_HELD',
      message: 'The backup is held by admin one: a court wants it',
    })
    await liftHold(admin, { backupId: 'b2', reason: 'over' })
    await admin.db.restore.create({
      data: {
        id: 'r1',
        clusterId: 'another',
        source: 'backup:b2',
        sourceLabel: 'b2',
        scope: {},
        mode: 'mirror',
        onConflict: 'stop',
        state: 'planned',
        dir: 'restores/r1',
        createdById: 'admin-1',
      },
    })
    await expect(deleteBackup(admin, { backupId: 'b2' })).rejects.toMatchObject({
      code: 'WRONG_STATE',
      message: 'The backup is needed: a restore that is planned or at work reads it',
    })
    await admin.db.restore.updateMany({ data: { state: 'cancelled' } })
    await deleteBackup(admin, { backupId: 'b2' })
    expect(await there()).toEqual(['b1'])
  })

  test('a removal that the store refuses is told as unfinished and goes on by itself', async () => {
    await addFew(2)
    refused.add('b2')
    await expect(deleteBackup(admin, { backupId: 'b2' })).rejects.toMatchObject({ code: 'REMOVAL_UNFINISHED' })
    expect((await view()).unfinished).toHaveLength(1)
    refused.clear()
    await turn()
    expect((await view()).unfinished).toEqual([])
  })

  test('a pin takes the mark away', async () => {
    await addFew()
    await set()
    await turn()
    await setBackupPinned(admin, { backupId: 'b5', pinned: true })
    expect(await marked()).toEqual(['b4'])
  })
})

test('what restores and migrations need stays, in words that name nothing', async () => {
  await addFew(5)
  const restore = {
    clusterId,
    sourceLabel: 'x',
    scope: {},
    mode: 'mirror',
    onConflict: 'stop',
    createdById: 'admin-1',
  }
  await admin.db.restore.create({
    data: { ...restore, id: 'r1', source: 'backup:b5', state: 'planned', dir: 'restores/r1' },
  })
  await addBackup('s1', 90, { purpose: 'safety' })
  await addBackup('s2', 90, { purpose: 'safety' })
  await admin.db.restore.create({
    data: { ...restore, id: 'r2', source: 'x', state: 'conflict', dir: 'restores/r2', safetyBackupId: 's1' },
  })
  await admin.db.restore.create({
    data: { ...restore, id: 'r3', source: 'x', state: 'succeeded', dir: 'restores/r3', safetyBackupId: 's2' },
  })
  const { lines, goes, bytesFreed } = await previewKeepRules(admin, { clusterId, rules: RULES })
  expect(lines.filter(({ stays }) => !stays).map(({ backupId }) => backupId)).toEqual(['b4', 's2'])
  expect({ goes, bytesFreed }).toEqual({ goes: 2, bytesFreed: 2000 })
  expect(lines.find(({ backupId }) => backupId === 'b5')?.reasons).toEqual([
    'needed: a restore that is planned or at work reads it',
  ])
  expect(lines.find(({ backupId }) => backupId === 's1')?.reasons).toEqual([
    'needed: a restore that was cut short can go on or be taken back from it',
  ])
})

test('rules of all clusters hold where there are no others', async () => {
  await addFew()
  await setKeepRules(admin, { clusterId: null, enabled: true, rules: RULES })
  await turn()
  expect(await view()).toMatchObject({ of: 'default', words: 'the last 3' })
  expect(await marked()).toEqual(['b4', 'b5'])
  await setKeepRules(admin, { clusterId, enabled: false, rules: RULES })
  await turn()
  expect(await marked()).toEqual([])
  await dropKeepRules(admin, clusterId)
  const [entry] = (await services.readAudit()).filter(({ action }) => action === 'backup.set-keep-rules').slice(-1)
  expect(entry?.before).toMatchObject({ enabled: false, keeps: expect.any(String) })
  await turn()
  expect(await marked()).toEqual(['b4', 'b5'])
})

test('two workers that ask at once mark a backup once', async () => {
  await addFew()
  await set()
  await Promise.all(['w1', 'w2', 'w3'].map((owner) => runDueKeepRules(admin, owner)))
  const runs = (await services.readAudit()).filter(({ action }) => action === 'backup.apply-keep-rules')
  expect(runs).toHaveLength(1)
})

test('rules that are set after each backup are looked at when one was taken', async () => {
  await addFew()
  await set({ when: 'after-backup' })
  await turn()
  const { noticeNewBackup } = await import('./run-due-keep-rules.ts')
  await addBackup('b0', 0)
  await turn()
  expect(await marked()).toEqual(['b4', 'b5'])
  await noticeNewBackup(admin.db, clusterId, admin.clock.now())
  await turn()
  expect(await marked()).toEqual(['b3', 'b4', 'b5'])
})

const LOG_CORPUS = join(import.meta.dirname, '../../domain/txnlog/corpus/3.9.6')

/** A real server's history, in order. */
async function readLogCorpus(): Promise<TxnEntry[]> {
  const entries: TxnEntry[] = []
  const zxid = (name: string) => Number.parseInt(name.slice(4), 16)
  const names = (await readdir(LOG_CORPUS)).filter((name) => name.startsWith('log.'))
  for (const name of names.toSorted((a, b) => zxid(a) - zxid(b))) {
    const bytes = await readFile(join(LOG_CORPUS, name))
    const reader = new LogReader(
      (async function* () {
        yield bytes
      })(),
    )
    for await (const batch of reader.readEntries()) entries.push(...batch)
  }
  return entries
}

test('archived logs stay as far back as the oldest backup that is told from them, and so long as the rules say', async () => {
  const dir = join(admin.paths.storeDir, 'orders', 'logs')
  const entries = await readLogCorpus()
  const parts = [entries.slice(0, 50), entries.slice(60, 100), entries.slice(110)]
  for (const part of parts) {
    const source = (async function* () {
      yield part
    })()
    await admin.archives.logs.append(dir, { entries: source, members: ['zk1'] })
  }
  const { segments } = await admin.archives.logs.list(dir)
  const pieces = async () => (await admin.archives.logs.list(dir)).segments.map(({ first }) => first)
  services.clock.advance((segments.at(-1)?.maxTimeMs ?? 0) + 40 * DAY_MS - admin.clock.now())
  const at = (part: number, more: object = {}) => {
    const zxid = parts[part]?.[5]?.zxid ?? 0n
    return { zxid, zxidFrom: zxid, zxidTo: zxid, consistency: 'exact', ...more }
  }
  await addBackup('new', 1, at(2))
  await addBackup('middle', 20, at(1))
  await addBackup('old', 39, at(0))
  await set({ last: 2, logDays: 60 })
  await turn()
  // Everything is younger than 60 days: the first part is told from the oldest backup, which no rule keeps.
  expect((await view()).marked).toEqual([])
  expect(await pieces()).toHaveLength(3)
  await set({ last: 2, logDays: 10 })
  await turn()
  expect(await marked()).toEqual(['old'])
  // It is still there, and so is what is told from it.
  expect(await pieces()).toHaveLength(3)
  services.clock.advance(3 * DAY_MS)
  await turn()
  services.clock.advance(DAY_MS)
  await turn()
  expect(await there()).toEqual(['middle', 'new'])
  expect(await pieces()).toEqual(segments.slice(1).map(({ first }) => first))
  expect((await services.readAudit()).filter(({ action }) => action === 'logs.remove')).toMatchObject([
    { outcome: 'ok', after: { pieces: 1 } },
  ])
  // Whoever asks for it is told that it was removed, and not that it was missed.
  const gone = formatHex64(segments[0]!.last)
  await admin.db.followGap.create({
    data: { id: 'g1', clusterId, fromZxid: 1n, toZxid: 2n, toAt: new Date(0), why: 'nobody listened' },
  })
  const { line, missed, pickError } = await getTimeTravel(admin, { clusterId, at: '', zxid: '0x3' })
  expect(line.removed).toEqual({ through: gone, at: new Date(admin.clock.now() - DAY_MS).toISOString() })
  expect(missed).toEqual([])
  const day = line.removed?.at?.slice(0, 10)
  expect(pickError?.message).toContain(`transactions up to ${gone} were removed by the keep rule on ${day}`)
  expect(line.ranges[0]?.unreachable).toContain('removed by the keep rule')
})

test('a backup that is out of sight is no good one, and goes by no rule', async () => {
  const missing = { missingAt: new Date(admin.clock.now() - DAY_MS) }
  await addBackup('gone', 400, missing)
  await addBackup('bad', 400, { ...missing, verifyOk: false })
  await addBackup('new', 10)
  await set({ last: 1 })
  await applyKeepRules(admin, { clusterId })
  const marked = await admin.db.backup.findMany({ where: { removeAfter: { not: null } }, select: { id: true } })
  expect(marked.map(({ id }) => id)).toEqual(['bad'])
  await expect(deleteBackup(admin, { backupId: 'new' })).rejects.toMatchObject({ code: 'LAST_GOOD_BACKUP' })
})

test('the newest that was read stays beside a newer one whose sums alone were looked at', async () => {
  await addBackup('read', 30, { verifyOk: true })
  for (const [id, age] of [
    ['sums', 20],
    ['newest', 1],
  ] as const)
    await addBackup(id, age, { verifyOk: true, verifyDepth: 'sums' })
  await set({ last: 1 })
  await applyKeepRules(admin, { clusterId, confirm: 'orders' })
  const marked = await admin.db.backup.findMany({ where: { removeAfter: { not: null } }, select: { id: true } })
  expect(marked.map(({ id }) => id)).toEqual(['sums'])
})
