import { cp, mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { generateIdentity, identityToRecipient } from 'age-encryption'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { createFileArchives } from '../../adapters/archive/file-archives.ts'
import { addCataloguedBackup } from '../../testing/catalogued-backup.ts'
import { appendLog, hostOf, type KeptCluster, readLog, zxidRange } from '../../testing/kept-logs.ts'
import { createTestServices, type TestServices } from '../../testing/service-context.ts'
import { addTestPeople, workOffJobs } from '../../testing/work-off-jobs.ts'
import { listAlerts } from '../alerts/list-alerts.ts'
import { runDueAlerts } from '../alerts/run-due-alerts.ts'
import { addCluster } from '../clusters/add-cluster.ts'
import type { ServiceContext } from '../context.ts'
import { addRecipient } from '../encryption/change-recipients.ts'
import { getEncryption } from '../encryption/get-encryption.ts'
import { setEncryption } from '../encryption/set-encryption.ts'
import { startReencrypt } from '../encryption/start-reencrypt.ts'
import { unlock } from '../encryption/unlock.ts'
import { getTimeTravel } from '../moments/get-time-travel.ts'
import { momentReadersOf } from '../moments/open-moment.ts'
import { runDueRereads } from '../rereads/run-due-rereads.ts'
import { setRereads } from '../rereads/set-rereads.ts'
import { setClusterStores } from '../stores/cluster-stores.ts'
import { addStore } from '../stores/edit-store.ts'
import { startRescan } from '../stores/start-rescan.ts'
import { getLogKeeping } from './get-log-keeping.ts'
import { logFolder } from './log-folder.ts'
import { mendPiece } from './mend-piece.ts'
import { withPiecePlace } from './place-pieces.ts'
import { toPieceColumns } from './placed-pieces.ts'
import { removeOldestPieces, rollBackPieces } from './remove-pieces.ts'
import { runDueLogMirrors } from './run-due-log-mirrors.ts'

vi.setConfig({ testTimeout: 60_000, hookTimeout: 60_000 })

const DAY_MS = 24 * 3_600_000

let services: TestServices
let admin: ServiceContext
let system: ServiceContext
let cluster: KeptCluster
let storeId: string
let shelf: string

beforeEach(async () => {
  services = await createTestServices({ archives: (keys) => createFileArchives({ keys }) })
  await addTestPeople(services)
  admin = services.contextFor('admin')
  system = services.contextOf({ kind: 'system', id: null, name: 'worker', role: 'admin' })
  cluster = await addCluster(admin, { name: 'orders', connectString: '127.0.0.1:1' })
  shelf = join(admin.paths.dataDir, 'shelf')
  await mkdir(shelf)
  storeId = (await addStore(admin, { kind: 'folder', name: 'shelf', settings: { path: shelf } })).storeId
  await setClusterStores(admin, { clusterId: cluster.id, storeId, copies: [] })
  const nextRunAt = new Date(admin.clock.now())
  await admin.db.logKeeping.create({ data: { clusterId: cluster.id, enabled: false, everySeconds: 60, nextRunAt } })
})
afterEach(() => services.close())

const onShelf = (...names: string[]) => join(shelf, 'orders', 'logs', ...names)
const append = (...range: [bigint, bigint]) => appendLog(admin, cluster, zxidRange(...range))
const view = () => getLogKeeping(admin, cluster.id)

async function mirror(context = system): Promise<void> {
  while (await runDueLogMirrors(context, 'w1'));
  services.clock.advance(2 * 60_000)
}

async function reread(): Promise<void> {
  services.clock.advance(2 * DAY_MS)
  await setRereads(admin, { clusterId: cluster.id, enabled: true, everyDays: 1 })
  for (let turn = 0; turn < 6; turn++) {
    await runDueRereads(system, 'w1')
    services.clock.advance(60_000)
  }
}

async function spoil(path: string): Promise<void> {
  const bytes = await readFile(path)
  bytes[bytes.length >> 1]! ^= 1
  await writeFile(path, bytes)
}

test('a piece that is damaged in one store is found, told, read elsewhere, and put back from where it is sound', async () => {
  await append(1n, 20n)
  await append(25n, 30n)
  await mirror()
  const sound = await readFile(onShelf('log.1.gz'))
  await spoil(onShelf('log.1.gz'))
  await reread()
  const { damaged, stores } = await view()
  expect(damaged).toMatchObject([{ storeName: 'shelf', first: '0x1', last: '0x14', soundIn: 'Built-in folder' }])
  expect(stores).toMatchObject([
    { isBuiltIn: true, pieces: 2, missing: 0 },
    { storeName: 'shelf', pieces: 2, last: '0x1e', missing: 0, error: null },
  ])
  await runDueAlerts(system, 'w1')
  expect((await listAlerts(admin)).open.map(({ rule }) => rule)).toContain('logs-damaged')
  const piece = { clusterId: cluster.id, storeId, first: '0x1' }
  await expect(mendPiece(services.contextFor('viewer'), piece)).rejects.toMatchObject({ code: 'FORBIDDEN' })
  await mendPiece(services.contextFor('operator'), piece)
  expect((await view()).damaged).toMatchObject([{ isAsked: true }])
  await mirror()
  expect((await view()).damaged).toEqual([])
  expect(await readFile(onShelf('log.1.gz'))).toEqual(sound)
  await expect(mendPiece(admin, piece)).rejects.toMatchObject({ code: 'WRONG_STATE' })
  const actions = (await services.readAudit()).filter(({ action }) => action.startsWith('logs.'))
  expect(actions.map(({ action, outcome }) => [action, outcome])).toEqual([
    ['logs.verify', 'failed'],
    ['logs.mend', 'denied'],
    ['logs.mend', 'ok'],
    ['logs.mend', 'failed'],
  ])
})

test('a piece that is damaged in the built-in folder is not read there, and comes back from the store', async () => {
  await append(1n, 20n)
  await mirror()
  const here = join(logFolder(admin, 'orders'), 'log.1.gz')
  const sound = await readFile(here)
  await spoil(here)
  await reread()
  expect((await view()).damaged).toMatchObject([{ storeName: 'Built-in folder', soundIn: 'shelf' }])
  expect(await readLog(admin, cluster)).toMatchObject({ zxids: zxidRange(1n, 20n) })
  await mendPiece(admin, { clusterId: cluster.id, storeId: 'default', first: '0x1' })
  await mirror()
  expect(await readFile(here)).toEqual(sound)
  expect((await view()).damaged).toEqual([])
  await rm(onShelf(), { recursive: true })
  await spoil(here)
  await reread()
  expect((await view()).damaged).toHaveLength(2)
  const nowhere = mendPiece(admin, { clusterId: cluster.id, storeId: 'default', first: '0x1' })
  await expect(nowhere).rejects.toMatchObject({ code: 'WRONG_STATE' })
})

test('what is removed is removed in every store, and on another host when it hears of it', async () => {
  const two = hostOf(system, 'two')
  await append(1n, 20n)
  await append(25n, 30n)
  await appendLog(two, cluster, zxidRange(1n, 20n))
  await appendLog(two, cluster, zxidRange(25n, 30n))
  await mirror()
  const [spent] = (await admin.archives.logs.list(logFolder(admin, 'orders'))).segments
  const moved = join(admin.paths.dataDir, 'shelf, not mounted')
  await admin.db.store.update({ where: { id: storeId }, data: { settings: { path: moved } } })
  await admin.db.store.update({ where: { id: storeId }, data: { kind: 'gone' } })
  const first = await removeOldestPieces(admin, cluster, [spent!])
  expect(first).toMatchObject({ pieces: 0, faults: [expect.any(String)] })
  await admin.db.store.update({ where: { id: storeId }, data: { kind: 'folder', settings: { path: shelf } } })
  await admin.db.logKeeping.updateMany({ data: { removedThrough: 20n } })
  expect(await removeOldestPieces(admin, cluster, [spent!])).toMatchObject({ pieces: 1, faults: [] })
  expect((await readdir(onShelf())).filter((name) => name.startsWith('log.1.'))).toEqual([])
  expect(await readLog(admin, cluster)).toMatchObject({ zxids: zxidRange(25n, 30n) })
  // Whichever store comes first, it is not sent there again.
  await admin.db.logMirror.updateMany({ where: { storeId }, data: { nextRunAt: new Date(0) } })
  await mirror(two)
  expect(await readdir(onShelf())).not.toContain('log.1.json')
  expect(await readLog(two, cluster)).toMatchObject({ zxids: zxidRange(25n, 30n) })
})

test('what an ensemble has no more is given back by no store', async () => {
  await append(1n, 20n)
  await append(25n, 30n)
  await mirror()
  await admin.archives.logs.rollBack(logFolder(admin, 'orders'), 20n)
  // The store does not even answer.
  await admin.db.store.update({ where: { id: storeId }, data: { kind: 'gone' } })
  await rollBackPieces(admin, cluster.id, 20n)
  expect(await readLog(admin, cluster)).toMatchObject({ zxids: zxidRange(1n, 20n) })
  await admin.db.store.update({ where: { id: storeId }, data: { kind: 'folder' } })
  await mirror()
  expect(await readLog(hostOf(admin, 'two'), cluster)).toMatchObject({ zxids: zxidRange(1n, 20n) })
})

test('with an empty database a rescan finds the log again: the same time travel after', async () => {
  const archive = await addCataloguedBackup(services, 'b1', ['/', '/a'], { clusterId: cluster.id, zxid: 0x1an })
  await cp(archive, join(shelf, 'orders', basename(archive)), { recursive: true })
  await append(0x1bn, 0x30n)
  await mirror()
  const travel = async (clusterId: string) => {
    const context = hostOf(admin, 'anew')
    const { line, moment } = await getTimeTravel(context, { clusterId, at: '', zxid: '0x2a' })
    await momentReadersOf(context.archives).dropAll()
    return { ranges: line.ranges, stops: line.stops, proof: moment?.kind === 'ready' ? moment.proof : moment }
  }
  const { db } = admin
  const manifest = JSON.parse(await readFile(join(archive, 'manifest.json'), 'utf8'))
  await db.backup.update({ where: { id: 'b1' }, data: { storeId, manifest } })
  const before = await travel(cluster.id)
  expect(before).toMatchObject({ proof: { zxid: '0x2a', applied: 0x10 } })
  for (const table of [db.backup, db.logPiece, db.logMirror, db.logKeeping, db.job]) {
    await (table as typeof db.logPiece).deleteMany()
  }
  await db.cluster.deleteMany()
  await rm(admin.paths.storeDir, { recursive: true })
  await mkdir(admin.paths.storeDir)
  const again = await addCluster(admin, { name: 'orders', connectString: '127.0.0.1:1' })
  await startRescan(admin, storeId)
  await workOffJobs(services)
  expect(await db.job.findFirst({ where: { kind: 'rescan' } })).toMatchObject({
    state: 'succeeded',
    result: { logPieces: 1, added: 1 },
  })
  expect(await travel(again.id)).toEqual(before)
  // What is gone is told, and put there anew as soon as somebody has it.
  await setClusterStores(admin, { clusterId: again.id, storeId, copies: [] })
  await rm(onShelf('log.1b.gz'))
  await appendLog(admin, cluster, zxidRange(0x1bn, 0x30n))
  await db.job.deleteMany()
  await startRescan(admin, storeId)
  await workOffJobs(services)
  expect((await getLogKeeping(admin, again.id)).damaged).toMatchObject([{ fault: 'It is not there any more' }])
  await mirror()
  expect(await readdir(onShelf())).toContain('log.1b.gz')
  expect((await getLogKeeping(admin, again.id)).damaged).toEqual([])
})

test('after a change of keys pieces are encrypted anew, plain ones too, and replaced in the stores', async () => {
  const [old, next] = [await generateIdentity(), await generateIdentity()]
  const recipient = await identityToRecipient(next)
  await append(1n, 20n)
  await appendLog(admin, cluster, zxidRange(25n, 30n), [await identityToRecipient(old)])
  await mirror()
  expect((await readdir(onShelf())).filter((name) => name.endsWith('.gz') || name.endsWith('.gz.age'))).toEqual([
    'log.1.gz',
    'log.19.gz.age',
  ])
  const of = { clusterId: cluster.id }
  await addRecipient(admin, { ...of, recipient, label: 'next' })
  await setEncryption(admin, { ...of, mode: 'own' })
  expect(await getEncryption(admin, cluster.id)).toMatchObject({ stalePieces: 2 })
  await startReencrypt(admin, of)
  await workOffJobs(services)
  expect(await getEncryption(admin, cluster.id), 'the key of one is missing').toMatchObject({ stalePieces: 1 })
  for (const identity of [old, next]) await unlock(admin, { ...of, identity })
  await startReencrypt(admin, of)
  await workOffJobs(services)
  expect(await getEncryption(admin, cluster.id)).toMatchObject({ stalePieces: 0 })
  for (const dir of [onShelf(), logFolder(admin, 'orders')]) {
    const files = (await readdir(dir)).filter((name) => name.includes('.gz') || name.includes('.idx')).sort()
    expect(files).toEqual(['log.1.gz.age', 'log.1.idx.age', 'log.19.gz.age', 'log.19.idx.age'])
    for (const name of ['log.1.json', 'log.19.json']) {
      expect(JSON.parse(await readFile(join(dir, name), 'utf8'))).toMatchObject({ sealed: { recipients: [recipient] } })
    }
  }
  await mirror()
  expect(await view()).toMatchObject({ stores: [{ missing: 0 }, { missing: 0, error: null }] })
  const zxids = [...zxidRange(1n, 20n), ...zxidRange(25n, 30n)]
  expect(await readLog({ ...hostOf(admin, 'two'), archives: admin.archives }, cluster)).toMatchObject({ zxids })
})

test('a piece that is being sent while the log is rolled back does not come back', async () => {
  await append(1n, 20n)
  await mirror()
  const key = { clusterId: cluster.id, storeId, first: 1n }
  const { dir, sha256 } = await admin.db.logPiece.findFirstOrThrow({ where: key })
  await withPiecePlace(system, key, null, async (there) => {
    await rollBackPieces(system, cluster.id, null)
    if (there === null) throw new Error('nothing was mirrored')
    return { ...toPieceColumns(there.segment, dir, admin.clock.now()), sha256, indexBytes: null, indexSha256: null }
  })
  expect(await admin.db.logPiece.findFirst({ where: key })).toMatchObject({ sha256: '' })
})
