import { mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { generateIdentity, identityToRecipient } from 'age-encryption'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { createFileArchives } from '../../adapters/archive/file-archives.ts'
import { addStreamBase, appendLog, hostOf, type KeptCluster, readLog, zxidRange } from '../../testing/kept-logs.ts'
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
import { toBaseColumns, withBasePlace } from './base-places.ts'
import { listClusterBases } from './cluster-bases.ts'
import { getLogKeeping } from './get-log-keeping.ts'
import { layLogAside } from './lay-aside.ts'
import { logFolder } from './log-folder.ts'
import { mendPiece } from './mend-piece.ts'
import { pruneBases, rollBackBases } from './prune-bases.ts'
import { rollBackPieces } from './remove-pieces.ts'
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

const append = (...range: [bigint, bigint]) => appendLog(admin, cluster, zxidRange(...range))
const view = () => getLogKeeping(admin, cluster.id)
const onShelf = () => join(shelf, 'orders', 'logs', 'bases')
const shelved = async () => (await admin.archives.logs.bases(join(shelf, 'orders', 'logs'))).map(({ zxid }) => zxid)
const kept = async () => (await admin.archives.logs.bases(logFolder(admin, 'orders'))).map(({ zxid }) => zxid)

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

async function spoil(dir: string): Promise<void> {
  const name = (await readdir(dir)).find((one) => one.startsWith('snapshot.')) ?? ''
  const bytes = await readFile(join(dir, name))
  bytes[bytes.length >> 1]! ^= 1
  await writeFile(join(dir, name), bytes)
}

/** As another host sees it that has nothing but the database and the stores. */
async function travel(zxid: string, context = hostOf(admin, 'anew')) {
  const { moment } = await getTimeTravel(context, { clusterId: cluster.id, at: '', zxid })
  await momentReadersOf(context.archives).dropAll()
  return moment
}

test('a host with nothing but the store travels to all that the log tells; what is damaged is told and mended', async () => {
  await addStreamBase(admin, cluster, 0x1an)
  await append(0x1bn, 0x30n)
  await mirror()
  expect(await view()).toMatchObject({
    damaged: [],
    stores: [
      { isBuiltIn: true, bases: 1, lastBase: '0x1a', missing: 0 },
      { storeName: 'shelf', bases: 1, lastBase: '0x1a', last: '0x30', behindMs: 0, missing: 0, error: null },
    ],
  })
  expect(await travel('0x2a')).toMatchObject({ kind: 'ready', proof: { base: { zxid: '0x1a' }, applied: 0x10 } })
  const [name = ''] = await readdir(onShelf())
  await spoil(join(onShelf(), name))
  await reread()
  expect((await view()).damaged).toMatchObject([
    { kind: 'base', storeName: 'shelf', first: '0x1a', soundIn: 'Built-in folder', isAsked: false },
  ])
  expect((await view()).stores).toMatchObject([{ bases: 1 }, { bases: 0 }])
  await runDueAlerts(system, 'w1')
  expect((await listAlerts(admin)).open.map(({ rule }) => rule)).toContain('logs-damaged')
  const base = { clusterId: cluster.id, storeId, first: '0x1a', kind: 'base' } as const
  await expect(mendPiece(services.contextFor('viewer'), base)).rejects.toMatchObject({ code: 'FORBIDDEN' })
  await mendPiece(services.contextFor('operator'), base)
  await mirror()
  expect((await view()).damaged).toEqual([])
  expect(await readdir(onShelf()), 'the damaged one is gone').toEqual([`${name}-2`])
  // The same in the folder of this host, from the store.
  const here = admin.archives.logs.basesDir(logFolder(admin, 'orders'))
  await spoil(join(here, name))
  await reread()
  expect((await view()).damaged).toMatchObject([{ kind: 'base', storeName: 'Built-in folder', soundIn: 'shelf' }])
  expect(await travel('0x2a', admin), 'the sound one is read').toMatchObject({ kind: 'ready' })
  await mendPiece(admin, { ...base, storeId: 'default' })
  await mirror()
  expect((await view()).damaged).toEqual([])
  expect(await kept()).toEqual([0x1an])
})

test('what an ensemble has no more is laid aside before it is taken out of the stores, where a host has nothing else', async () => {
  await addStreamBase(admin, cluster, 0x1an)
  await append(0x1bn, 0x30n)
  await addStreamBase(admin, cluster, 0x2cn)
  await mirror()
  const anew = hostOf(admin, 'anew')
  await layLogAside(anew, cluster, 0x20n)
  await rollBackPieces(anew, cluster.id, 0x20n)
  await rollBackBases(anew, cluster.id, 0x20n)
  expect(await readLog(anew, cluster)).toMatchObject({ zxids: zxidRange(0x1bn, 0x20n), gaps: [], problems: [] })
  expect(await shelved()).toEqual([0x1an])
  const aside = join(logFolder(anew, 'orders'), 'aside')
  const { segments } = await anew.archives.logs.list(join(aside, '20'))
  expect(segments).toMatchObject([{ first: 0x1bn, last: 0x30n }])
  const [base = ''] = (await readdir(join(aside, '20'))).filter((name) => !name.startsWith('log.'))
  expect((await anew.archives.verify(join(aside, '20', base))).ok).toBe(true)
})

test('a base that is being sent while the stream is rolled back does not come back', async () => {
  await addStreamBase(admin, cluster, 0x1an)
  await append(0x1bn, 0x30n)
  await mirror()
  const key = { clusterId: cluster.id, storeId, zxid: 0x1an }
  await withBasePlace(system, key, null, async (there) => {
    await rollBackBases(system, cluster.id, null)
    if (there === null) throw new Error('nothing was mirrored')
    return toBaseColumns(there.manifest, there.dir, admin.clock.now())
  })
  expect(await admin.db.logBase.findFirst({ where: key })).toMatchObject({ sha256: '' })
})

test('with an empty catalog a rescan finds bases, and tells which are gone', async () => {
  await addStreamBase(admin, cluster, 0x1an)
  await append(0x1bn, 0x30n)
  await mirror()
  for (const table of [admin.db.logPiece, admin.db.logBase, admin.db.logMirror]) {
    await (table as typeof admin.db.logPiece).deleteMany()
  }
  await startRescan(admin, storeId)
  await workOffJobs(services)
  expect(await travel('0x2a')).toMatchObject({ kind: 'ready', proof: { base: { zxid: '0x1a' } } })
  await rm(onShelf(), { recursive: true })
  await admin.db.job.deleteMany()
  await startRescan(admin, storeId)
  await workOffJobs(services)
  expect((await view()).damaged).toMatchObject([{ kind: 'base', fault: 'It is not there any more' }])
  await mirror()
  expect(await shelved()).toEqual([0x1an])
  expect((await view()).damaged).toEqual([])
})

test('each place keeps what it needs itself, and nothing for ever', async () => {
  await addStreamBase(admin, cluster, 0x1an)
  await append(0x1bn, 0x20n)
  services.clock.advance(1000)
  await addStreamBase(admin, cluster, 0x20n)
  await append(0x21n, 0x30n)
  services.clock.advance(1000)
  await addStreamBase(admin, cluster, 0x30n)
  await append(0x31n, 0x40n)
  await mirror()
  // Of one day the oldest stays, and the newest.
  expect(await kept()).toEqual([0x30n, 0x1an])
  expect(await shelved()).toEqual([0x30n, 0x1an])
  // The oldest was lost here: the next older than the logs is the store's alone, which keeps it.
  await rm(logFolder(admin, 'orders'), { recursive: true })
  await pruneBases(admin, cluster)
  expect(await shelved()).toEqual([0x30n, 0x1an])
  expect(await travel('0x1c')).toMatchObject({ kind: 'ready', proof: { base: { zxid: '0x1a' } } })
  // The logs before 0x31 are removed: nothing is told from the older base.
  await admin.db.logPiece.deleteMany()
  await appendLog(admin, cluster, zxidRange(0x31n, 0x40n))
  await mirror()
  expect(await shelved()).toEqual([0x30n])
  expect(await admin.db.logBase.findMany({ where: { storeId } })).toHaveLength(1)
  await rollBackBases(admin, cluster.id, 0x2fn)
  expect(await shelved()).toEqual([])
  expect(await listClusterBases(admin, cluster)).toEqual([])
})

test('bases are encrypted anew with the rest, and replaced in the stores', async () => {
  const [old, next] = [await generateIdentity(), await generateIdentity()]
  const recipient = await identityToRecipient(next)
  await addStreamBase(admin, cluster, 0x1an, [await identityToRecipient(old)])
  await append(0x1bn, 0x30n)
  await mirror()
  const of = { clusterId: cluster.id }
  await addRecipient(admin, { ...of, recipient, label: 'next' })
  await setEncryption(admin, { ...of, mode: 'own' })
  expect(await getEncryption(admin, cluster.id)).toMatchObject({ stalePieces: 2 })
  for (const identity of [old, next]) await unlock(admin, { ...of, identity })
  await startReencrypt(admin, of)
  await workOffJobs(services)
  expect(await getEncryption(admin, cluster.id)).toMatchObject({ stalePieces: 0 })
  await mirror()
  for (const dir of [logFolder(admin, 'orders'), join(shelf, 'orders', 'logs')]) {
    const bases = await admin.archives.logs.bases(dir)
    expect(bases.map(({ zxid, manifest }) => [zxid, manifest.encryption?.recipients])).toEqual([[0x1an, [recipient]]])
  }
  expect(await travel('0x2a', { ...hostOf(admin, 'two'), archives: admin.archives })).toMatchObject({ kind: 'ready' })
})
