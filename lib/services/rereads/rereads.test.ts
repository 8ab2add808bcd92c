import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { createFileArchives } from '../../adapters/archive/file-archives.ts'
import { addCataloguedBackup } from '../../testing/catalogued-backup.ts'
import { createTestServices, type TestServices } from '../../testing/service-context.ts'
import { addTestPeople, workOffJobs } from '../../testing/work-off-jobs.ts'
import { addCluster } from '../clusters/add-cluster.ts'
import type { ServiceContext } from '../context.ts'
import { getProofState } from './get-proof-state.ts'
import { runDueRereads } from './run-due-rereads.ts'
import { setRereads } from './set-rereads.ts'

vi.setConfig({ testTimeout: 30_000, hookTimeout: 30_000 })

const HOUR_MS = 3_600_000
const DAY_MS = 24 * HOUR_MS

let services: TestServices
let admin: ServiceContext
let clusterId: string

beforeEach(async () => {
  services = await createTestServices({ archives: createFileArchives() })
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

async function add(id: string): Promise<string> {
  const storedAt = new Date(admin.clock.now())
  const dir = await addCataloguedBackup(services, id, ['/', '/a', `/${id}`], { clusterId })
  await admin.db.backup.update({ where: { id }, data: { createdAt: storedAt } })
  return dir
}
const state = () => getProofState(admin, clusterId)
const system = () => ({ ...admin, actor: { kind: 'system', id: null, name: 'schedule', role: 'admin' } as const })
/** All turns that are due now, and the jobs that come of them. Gives the backups that were read. */
async function turn(): Promise<string[]> {
  const before = await admin.db.job.count()
  while (await runDueRereads(system(), 'w1'));
  await workOffJobs(services)
  const jobs = await admin.db.job.findMany({
    orderBy: [{ createdAt: 'asc' }, { id: 'asc' }],
    select: { subjectId: true },
  })
  return jobs.slice(before).map(({ subjectId }) => subjectId ?? '')
}
/** Turn after turn for a day. */
async function day(): Promise<string[]> {
  const read: string[] = []
  for (let hour = 0; hour < 24; hour += 4) {
    read.push(...(await turn()))
    services.clock.advance(4 * HOUR_MS)
  }
  return read
}

test('nobody has to switch it on: a share a day, until everything was read', async () => {
  for (let i = 1; i <= 4; i++) await add(`b${i}`)
  await setRereads(admin, { clusterId, enabled: true, everyDays: 4 })
  await admin.db.rereadSchedule.deleteMany()
  expect(await turn()).toEqual([])
  expect(await state()).toMatchObject({ places: 4, neverReadAgain: 4, readWithin: { days: 30, places: 4, share: 1 } })
  await setRereads(admin, { clusterId, enabled: true, everyDays: 4 })
  services.clock.advance(DAY_MS)
  const read = [await day(), await day(), await day(), await day()]
  expect(read.flat().toSorted()).toEqual(['b1', 'b2', 'b3', 'b4'])
  expect(read.every((each) => each.length <= 2)).toBe(true)
  expect(await state()).toMatchObject({
    neverReadAgain: 0,
    damaged: [],
    oldest: { backupId: read[0]?.[0] },
    readWithin: { places: 4, share: 1 },
  })
  const audit = (await services.readAudit()).filter(({ action }) => action === 'backup.verify')
  expect(audit[0]).toMatchObject({
    actorName: 'schedule',
    outcome: 'ok',
    after: { backup: read[0]?.[0], store: 'default' },
  })
})

test('a damaged archive is told with what there is instead, and is no good one any more', async () => {
  const dir = await add('b1')
  await add('b2')
  await writeFile(join(dir, 'snapshot.1a.gz'), 'torn')
  services.clock.advance(2 * DAY_MS)
  await setRereads(admin, { clusterId, enabled: true, everyDays: 1 })
  await day()
  expect((await state()).damaged).toMatchObject([
    { backupId: 'b1', isCopy: false, storeName: 'Built-in folder', soundIn: null, nearest: { backupId: 'b2' } },
  ])
})

test('it gives way to whatever waits in the queue, and to a reading that is at work', async () => {
  await add('b1')
  services.clock.advance(2 * DAY_MS)
  await setRereads(admin, { clusterId, enabled: true })
  const job = { clusterId, payload: {}, actorId: 'system', actorName: 'x', attemptsMax: 1, runAfter: new Date(0) }
  await admin.db.job.create({ data: { ...job, id: 'j1', kind: 'backup' } })
  expect(await runDueRereads(system(), 'w1')).toBe(true)
  expect(await state()).toMatchObject({ schedule: { lastTurn: 'busy' } })
  await admin.db.job.update({ where: { id: 'j1' }, data: { kind: 'verify', state: 'running' } })
  services.clock.advance(60_000)
  await runDueRereads(system(), 'w1')
  expect(await state()).toMatchObject({ schedule: { lastTurn: 'at-work' } })
  await admin.db.job.deleteMany()
  services.clock.advance(60_000)
  await Promise.all(['w1', 'w2', 'w3'].map((owner) => runDueRereads({ ...system() }, owner)))
  expect(await admin.db.job.count({ where: { kind: 'verify' } })).toBe(1)
})

test('it keeps to its hours, and is off when it is switched off', async () => {
  await add('b1')
  services.clock.advance(2 * DAY_MS)
  // It is 03:04 UTC.
  await setRereads(admin, { clusterId, enabled: true, fromHour: 22, toHour: 2 })
  expect(await turn()).toEqual([])
  const { schedule } = await state()
  expect(schedule).toMatchObject({ lastTurn: 'not-now', nextRunAt: expect.stringContaining('T22:00:00.000Z') })
  await setRereads(admin, { clusterId, enabled: false })
  services.clock.advance(DAY_MS)
  expect(await turn()).toEqual([])
  const operator = services.contextFor('operator')
  await expect(setRereads(operator, { clusterId, enabled: true })).rejects.toMatchObject({ code: 'FORBIDDEN' })
})

test('each copy is read by itself', async () => {
  await add('b1')
  const { archiveBytes } = await admin.db.backup.findUniqueOrThrow({ where: { id: 'b1' } })
  const copied = await add('b2')
  await admin.db.store.create({
    data: { id: 's1', name: 'Second', kind: 'folder', settings: { path: admin.paths.storeDir } },
  })
  await admin.db.backup.delete({ where: { id: 'b2' } })
  await admin.db.backupCopy.create({
    data: {
      id: 'c1',
      backupId: 'b1',
      storeId: 's1',
      dir: copied.slice(admin.paths.storeDir.length + 1),
      state: 'present',
      archiveBytes,
      copiedAt: new Date(admin.clock.now()),
      createdAt: new Date(admin.clock.now()),
    },
  })
  await writeFile(join(copied, 'snapshot.1a.gz'), 'torn')
  services.clock.advance(2 * DAY_MS)
  await setRereads(admin, { clusterId, enabled: true, everyDays: 1 })
  await day()
  expect((await state()).damaged).toMatchObject([
    { backupId: 'b1', isCopy: true, storeName: 'Second', soundIn: { storeName: 'Built-in folder', isRead: true } },
  ])
})
