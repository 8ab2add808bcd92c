import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { createFileArchives } from '../../adapters/archive/file-archives.ts'
import { addCataloguedBackup } from '../../testing/catalogued-backup.ts'
import { createTestServices, type TestServices } from '../../testing/service-context.ts'
import { addTestPeople, workOffJobs } from '../../testing/work-off-jobs.ts'
import { getBackup } from '../backups/get-backup.ts'
import { listBackups } from '../backups/list-backups.ts'
import { startVerify } from '../backups/start-verify.ts'
import { addCluster } from '../clusters/add-cluster.ts'
import { startDrill } from '../drills/start-drill.ts'
import { createRestore } from '../restores/create-restore.ts'
import { openTree } from '../tree/open-tree.ts'
import { startCopy } from './copy-backup.ts'
import { addStore } from './edit-store.ts'
import { listPlaces } from './list-places.ts'
import { listStoreViews } from './list-store-views.ts'
import { lookAtBuiltIn, runDueStores } from './run-due-stores.ts'
import { startRescan } from './start-rescan.ts'

// A database on disk for each test: slow where many test files run at once.
vi.setConfig({ testTimeout: 30_000, hookTimeout: 30_000 })

let services: TestServices
let clusterId: string
let far: { storeId: string; path: string }

const admin = () => services.contextFor('admin')
const operator = () => services.contextFor('operator')
const db = () => services.database.client
const rowOf = (id = 'b1') => db().backup.findUniqueOrThrow({ where: { id }, include: { copies: true } })
const firstDir = async () => join(admin().paths.storeDir, (await rowOf()).dir)
const lookAfterStores = async () => {
  while (await runDueStores(services.contextFor('admin'), 'w1'));
}

beforeEach(async () => {
  services = await createTestServices({ archives: createFileArchives() })
  await addTestPeople(services)
  clusterId = (
    await addCluster(admin(), {
      name: 'orders',
      connectString: '127.0.0.1:1',
      environment: 'development',
      auth: { kind: 'none' },
    })
  ).id
  await addCataloguedBackup(services, 'b1', [{ path: '/a', data: 'hello' }], { clusterId })
  const path = join(admin().paths.dataDir, 'far')
  await mkdir(path)
  far = { path, ...(await addStore(admin(), { kind: 'folder', name: 'far', settings: { path } })) }
})
afterEach(() => services.close())

async function copy(storeId = far.storeId) {
  const { jobId } = await startCopy(operator(), { backupId: 'b1', storeId })
  await workOffJobs(services)
  return db().job.findUniqueOrThrow({ where: { id: jobId } })
}

/** One byte of the snapshot is another: the sizes are right. */
async function damage(dir: string): Promise<void> {
  const name = (await readdir(dir)).find((each) => each.startsWith('snapshot')) ?? ''
  const bytes = await readFile(join(dir, name))
  bytes[bytes.length >> 1] = (bytes[bytes.length >> 1] ?? 0) ^ 0xff
  await writeFile(join(dir, name), bytes)
}

async function verify(storeId: string | null = null): Promise<void> {
  await startVerify(operator(), 'b1', storeId)
  await workOffJobs(services)
}

describe('a backup that is damaged where it was put first', () => {
  it('is mended from a copy that verifies; the damaged one goes only when the good one is in place', async () => {
    await expect(copy('default')).rejects.toMatchObject({ code: 'WRONG_STATE' })
    await copy()
    const damaged = await firstDir()
    await damage(damaged)
    await verify()
    expect(await rowOf()).toMatchObject({ verifyOk: false })
    const { backups } = await listBackups(admin())
    expect(backups[0]?.places).toMatchObject([
      { store: 'Built-in folder', state: 'damaged' },
      { store: 'far', state: 'there' },
    ])

    expect(await copy('default')).toMatchObject({ state: 'succeeded', error: null })
    const mended = await rowOf()
    expect(mended).toMatchObject({ storeId: 'default', verifyOk: true, missingAt: null, storedProof: 'read-back' })
    expect(await firstDir()).not.toBe(damaged)
    expect(await admin().archives.verify(await firstDir())).toMatchObject({ ok: true })
    expect(await readdir(damaged)).toContain('manifest.json')
    expect(await readFile(join(await firstDir(), 'catalog.json'), 'utf8')).toContain('"copy": false')
    expect((await services.readAudit()).filter(({ action }) => action === 'backup.copy').at(-1)).toMatchObject({
      outcome: 'ok',
      after: { backup: 'b1', from: 'far' },
    })

    await lookAtBuiltIn(admin())
    await lookAfterStores()
    await expect(readdir(damaged)).rejects.toThrow('ENOENT')
    expect(await db().formerCopy.count()).toBe(0)
    expect(await db().backup.count()).toBe(1)
  })

  it('stays as it is when no copy verifies, and the job says so', async () => {
    await copy()
    const [there] = (await rowOf()).copies
    await damage(join(far.path, there?.dir ?? ''))
    await damage(await firstDir())
    await verify()
    const before = await rowOf()
    expect(await copy('default')).toMatchObject({ state: 'failed', error: { code: 'ARCHIVE_DAMAGED' } })
    expect(await rowOf()).toMatchObject({ dir: before.dir, verifyOk: false })
  })
})

it('a copy that is damaged is made again, and is not taken for the one that it replaces', async () => {
  await copy()
  const [before] = (await rowOf()).copies
  await expect(copy()).rejects.toMatchObject({ code: 'WRONG_STATE' })
  await damage(join(far.path, before?.dir ?? ''))
  await verify(far.storeId)
  const { backups } = await listBackups(admin())
  expect(backups[0]?.places.at(-1)).toMatchObject({ store: 'far', state: 'damaged' })
  await copy()
  const [after] = (await rowOf()).copies
  expect(after).toMatchObject({ state: 'present', verifyOk: null })
  expect(after?.dir).not.toBe(before?.dir)
  await lookAfterStores()
  expect(await readdir(join(far.path, 'orders'))).toHaveLength(1)
  await verify(far.storeId)
  expect((await rowOf()).copies[0]).toMatchObject({ verifyOk: true, verifyReport: { readFrom: { store: 'far' } } })
})

it('a rescan gives an archive that it finds damaged its verdict, wherever it lies', async () => {
  await copy()
  const [there] = (await rowOf()).copies
  for (const dir of [await firstDir(), join(far.path, there?.dir ?? '')]) {
    const name = (await readdir(dir)).find((each) => each.startsWith('snapshot')) ?? ''
    await writeFile(join(dir, name), 'cut short')
  }
  await startRescan(admin(), null)
  await workOffJobs(services)
  expect(await rowOf()).toMatchObject({ verifyOk: false, verifyFailures: 2, copies: [{ verifyOk: false }] })
  expect((await getBackup(admin(), 'b1')).verifyReport?.problems).not.toEqual([])
})

it('an archive that lies in a store and in no row is found by the clock, once nothing is at work that may be about to enter it', async () => {
  const dir = await firstDir()
  const { id: jobId } = await db().job.create({
    data: {
      ...{ id: 'j1', kind: 'backup', state: 'running', payload: {}, clusterId, attemptsMax: 1 },
      ...{ actorId: 'admin-1', actorName: 'admin one', runAfter: new Date(services.clock.now()) },
    },
  })
  await db().backup.deleteMany()
  await lookAtBuiltIn(admin())
  await lookAfterStores()
  expect(await db().backup.count()).toBe(0)
  await db().job.delete({ where: { id: jobId } })
  services.clock.advance(10 * 60_000)
  await lookAfterStores()
  expect(await db().backup.findMany()).toMatchObject([{ clusterId, dir: dir.split('/').slice(-2).join('/') }])
  expect((await services.readAudit()).at(-1)).toMatchObject({ action: 'backup.rescan', after: { added: 1 } })
  services.clock.advance(24 * 3_600_000)
  await lookAfterStores()
  expect(await db().backup.count()).toBe(1)
})

it('what is read is the store that was chosen, and no other; what was read is told', async () => {
  const ref = { kind: 'backup', backupId: 'b1' } as const
  const readFrom = async (from: string | null) => {
    const tree = await openTree(operator(), ref, { from })
    await tree.release()
    return tree.readFrom
  }
  await expect(readFrom(far.storeId)).rejects.toMatchObject({ code: 'NOT_FOUND' })
  await expect(startDrill(operator(), 'b1', far.storeId)).rejects.toMatchObject({ code: 'NOT_FOUND' })
  const asked = { clusterId, source: 'backup:b1', selection: { kind: 'all' as const }, sourceStoreId: far.storeId }
  await expect(createRestore(operator(), asked)).rejects.toMatchObject({ code: 'NOT_FOUND' })
  await copy()
  await createRestore(operator(), asked)
  expect(await readFrom(null)).toMatchObject({ store: 'Built-in folder', isChosen: false, note: null })
  expect(await readFrom(far.storeId)).toMatchObject({ store: 'far', isChosen: true, note: null })
  await db().backup.update({ where: { id: 'b1' }, data: { dir: 'orders/20200101T000000Z-1' } })
  expect(await readFrom(null)).toMatchObject({ store: 'far', isChosen: false, note: expect.stringContaining('copy') })
  await expect(readFrom('default')).rejects.toMatchObject({ code: 'NOT_FOUND' })
})

it('where an archive lies is told to those who see the stores, and to others by the name of its store', async () => {
  await copy()
  for (const viewer of [services.contextFor('viewer'), operator()]) {
    expect((await getBackup(viewer, 'b1')).archiveDir).toBeNull()
    const places = await listPlaces(viewer, 'b1')
    expect(places.map(({ storeName, where }) => [storeName, where])).toEqual([
      ['Built-in folder', ''],
      ['far', ''],
    ])
  }
  expect((await getBackup(admin(), 'b1')).archiveDir).toBe(await firstDir())
  expect((await listPlaces(admin(), 'b1')).every(({ where }) => where !== '')).toBe(true)
  expect((await listStoreViews(admin())).map(({ copies }) => copies)).toEqual([0, 1])
})
