import { cp, mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { createFileArchives } from '../../adapters/archive/file-archives.ts'
import { addCataloguedBackup } from '../../testing/catalogued-backup.ts'
import { appendLog, createOf, hostOf, readLog, zxidRange } from '../../testing/kept-logs.ts'
import { encodeLog } from '../../testing/log-builder.ts'
import { createTestServices, type TestServices } from '../../testing/service-context.ts'
import { addTestPeople } from '../../testing/work-off-jobs.ts'
import { addCluster } from '../clusters/add-cluster.ts'
import type { ServiceContext } from '../context.ts'
import { archiveMemberLogs } from '../engine/archive-member-logs.ts'
import { getTimeTravel } from '../moments/get-time-travel.ts'
import { momentReadersOf } from '../moments/open-moment.ts'
import { setClusterStores } from '../stores/cluster-stores.ts'
import { addStore } from '../stores/edit-store.ts'
import { getZnode } from '../tree/get-znode.ts'
import { catchUpLogs } from './catch-up.ts'
import { openLogs } from './cluster-logs.ts'
import { getWriteRate } from './get-write-rate.ts'
import { keepLogs } from './keep-logs.ts'
import { listZnodeTransactions } from './list-znode-transactions.ts'
import { logFolder } from './log-folder.ts'
import { withPiecePlace } from './place-pieces.ts'
import { toPieceColumns } from './placed-pieces.ts'
import { runDueLogMirrors } from './run-due-log-mirrors.ts'

vi.setConfig({ testTimeout: 60_000, hookTimeout: 60_000 })

/** The tree of the base; the log begins right behind it. */
const BASE = 0x1an

let services: TestServices
let one: ServiceContext
let two: ServiceContext
let clusterId: string
let storeId: string
let shelf: string
const hosts: ServiceContext[] = []

function host(name: string): ServiceContext {
  const made = hostOf(services.contextFor('admin'), name)
  hosts.push(made)
  return made
}

beforeEach(async () => {
  services = await createTestServices({ archives: createFileArchives() })
  await addTestPeople(services)
  one = services.contextFor('admin')
  two = host('two')
  clusterId = (await addCluster(one, { name: 'orders', connectString: '127.0.0.1:1' })).id
  shelf = join(one.paths.dataDir, 'shelf')
  await mkdir(shelf)
  storeId = (await addStore(one, { kind: 'folder', name: 'shelf', settings: { path: shelf } })).storeId
  await setClusterStores(one, { clusterId, storeId, copies: [] })
  await one.db.logKeeping.create({
    data: { clusterId, enabled: false, everySeconds: 60, nextRunAt: new Date(one.clock.now()) },
  })
})
afterEach(async () => {
  for (const { archives } of hosts.splice(0)) await momentReadersOf(archives).dropAll()
  await services.close()
})

const range = zxidRange
const append = (context: ServiceContext, zxids: readonly bigint[]) =>
  appendLog(context, { id: clusterId, name: 'orders' }, zxids)

/** Every mirror that is due now, by a worker of that host; then its interval goes by. */
async function mirror(context: ServiceContext): Promise<void> {
  while (await runDueLogMirrors(context, 'w1'));
  services.clock.advance(2 * 60_000)
}
const rowsIn = (store: string) => one.db.logMirror.findFirstOrThrow({ where: { clusterId, storeId: store } })
const filesOnShelf = async () => (await readdir(join(shelf, 'orders', 'logs'))).sort()

async function zxidsOf(context: ServiceContext): Promise<bigint[]> {
  const { zxids, ...rest } = await readLog(context, { id: clusterId, name: 'orders' })
  expect(rest).toEqual({ gaps: [], problems: [] })
  return zxids
}

test('pieces go to the store of the cluster, the newest again when it has grown, and are read on any host', async () => {
  // The base is where both hosts see it.
  const archive = await addCataloguedBackup(services, 'b1', ['/', '/a'], { clusterId, zxid: BASE })
  await cp(archive, join(shelf, 'orders', basename(archive)), { recursive: true })
  const manifest = JSON.parse(await readFile(join(archive, 'manifest.json'), 'utf8'))
  await one.db.backup.update({ where: { id: 'b1' }, data: { storeId, manifest } })
  await append(one, range(0x1bn, 0x30n))
  await mirror(one)
  expect(await filesOnShelf()).toEqual(['log.1b.gz', 'log.1b.idx', 'log.1b.json'])
  expect(await rowsIn(storeId)).toMatchObject({ lastZxid: 0x30n, missing: 0, error: null })
  await append(one, range(0x31n, 0x40n))
  await mirror(one)
  expect(await filesOnShelf()).toHaveLength(3)
  expect(await rowsIn(storeId)).toMatchObject({ lastZxid: 0x40n, missing: 0 })
  const inStore = await readFile(join(shelf, 'orders', 'logs', 'log.1b.gz'))
  expect(inStore).toEqual(await readFile(join(logFolder(one, 'orders'), 'log.1b.gz')))

  expect(await zxidsOf(two)).toEqual(range(0x1bn, 0x40n))
  const moment = await getTimeTravel(two, { clusterId, at: '', zxid: '0x35' })
  expect(moment).toMatchObject({ line: { faults: [] }, moment: { kind: 'ready', proof: { applied: 0x35 - 0x1a } } })
  expect(await getWriteRate(two, { clusterId })).toMatchObject({ transactions: 0x40 - 0x1a, gaps: [] })
  const history = await listZnodeTransactions(two, { ref: { kind: 'live', clusterId }, path: '/z33' })
  expect(history).toMatchObject({ transactions: [{ zxid: '0x33' }], breaks: [], reach: { last: '0x40' } })
})

test('a host that takes the keeping over goes on where the store ends: no gap, nothing twice', async () => {
  await append(one, range(1n, 20n))
  await mirror(one)
  // The members hold everything; the host that kept it is gone.
  const dataLogDir = join(one.paths.dataDir, 'member')
  await mkdir(join(dataLogDir, 'version-2'), { recursive: true })
  const log = encodeLog(range(1n, 30n).map(createOf))
  await writeFile(join(dataLogDir, 'version-2', 'log.1'), log)
  const keep = async (context: ServiceContext, upTo: bigint) => {
    const after = await catchUpLogs(context, { id: clusterId, name: 'orders' })
    const dir = logFolder(context, 'orders')
    return archiveMemberLogs(context, { members: [{ name: 'zk1', dataLogDir }], dir, upTo, after })
  }
  expect(await keep(two, 25n)).toMatchObject({ transactions: 5, last: 25n, gaps: [] })
  await mirror(two)
  expect(await zxidsOf(two)).toEqual(range(1n, 25n))
  expect(await rowsIn(storeId)).toMatchObject({ lastZxid: 25n })
  // The first one is back, with less than the store has by now.
  expect(await zxidsOf(one)).toEqual(range(1n, 25n))
  expect(await keep(one, 30n)).toMatchObject({ transactions: 5, last: 30n, gaps: [] })
  await mirror(one)
  expect(await zxidsOf(one)).toEqual(range(1n, 30n))
  expect(await zxidsOf(host('three'))).toEqual(range(1n, 30n))
})

test('where the store does not answer its end is known all the same, and nothing is archived twice', async () => {
  await append(one, range(1n, 20n))
  await mirror(one)
  await one.db.store.update({ where: { id: storeId }, data: { settings: { path: join(shelf, 'not mounted') } } })
  expect(await catchUpLogs(two, { id: clusterId, name: 'orders' })).toBe(20n)
  const failed = openLogs(two, { id: clusterId, name: 'orders' }).then(({ locate, archived }) =>
    locate.call(undefined, archived.segments[0]!),
  )
  await expect(failed).rejects.toBeTruthy()
  await append(one, [21n])
  await mirror(one)
  expect(await rowsIn(storeId)).toMatchObject({ lastZxid: 20n, error: expect.any(String) })
  await one.db.store.update({ where: { id: storeId }, data: { settings: { path: shelf } } })
  await mirror(one)
  expect(await rowsIn(storeId)).toMatchObject({ lastZxid: 21n, error: null, missing: 0 })
})

test('of a folder that is lost, and was mirrored nowhere, the members give again what they hold', async () => {
  await setClusterStores(one, { clusterId, storeId: 'default', copies: [] })
  await append(one, range(1n, 20n))
  await mirror(one)
  await rm(logFolder(one, 'orders'), { recursive: true })
  expect(await catchUpLogs(one, { id: clusterId, name: 'orders' })).toBeNull()
  await append(one, range(1n, 10n))
  expect(await zxidsOf(one)).toEqual(range(1n, 10n))
})

test('while nothing is archived the store is looked at once an hour', async () => {
  await append(one, range(1n, 20n))
  await one.db.logKeeping.updateMany({ data: { lastZxid: 20n } })
  await mirror(one)
  const { lastOkAt } = await rowsIn(storeId)
  await one.db.store.update({ where: { id: storeId }, data: { kind: 'gone' } })
  await mirror(one)
  const idle = await rowsIn(storeId)
  expect(idle).toMatchObject({ error: null })
  expect(idle.lastOkAt!.getTime()).toBeGreaterThan(lastOkAt!.getTime())
  services.clock.advance(60 * 60_000)
  await mirror(one)
  expect(await rowsIn(storeId)).toMatchObject({ error: expect.stringContaining('NOT_FOUND') })
})

test('of two workers one has its turn, and a writer that was stopped for long takes nothing back', async () => {
  await append(one, range(1n, 20n))
  await Promise.all(['w1', 'w2', 'w3'].map((owner) => runDueLogMirrors({ ...one }, owner)))
  await mirror(one)
  const row = { clusterId, storeId, first: 1n }
  await append(one, [21n])
  const { segments } = await one.archives.logs.list(logFolder(one, 'orders'))
  const slow = withPiecePlace(one, row, null, async (there) => {
    services.clock.advance(11 * 60_000)
    expect(await withPiecePlace(one, row, null, async () => null)).toBe(true)
    return { ...toPieceColumns(there!.segment, there!.dir, 0), indexBytes: null, indexSha256: null }
  })
  expect(await slow).toBe(true)
  expect(await one.db.logPiece.findFirst({ where: row })).toMatchObject({ sha256: '' })
  await mirror(one)
  expect(await one.db.logPiece.findFirst({ where: row })).toMatchObject({ sha256: segments[0]!.sha256, last: 21n })
})

test('the keeping that is switched off leaves what is there, which is mirrored all the same', async () => {
  await append(one, [1n, 2n])
  await expect(keepLogs(one, { clusterId, enabled: true })).rejects.toMatchObject({ code: 'INVALID_INPUT' })
  await mirror(one)
  expect(await filesOnShelf()).toContain('log.1.json')
  await rm(join(logFolder(one, 'orders')), { recursive: true })
  const found = await getZnode(one, { ref: { kind: 'moment', clusterId, zxid: '0x2' }, path: '/' }).catch(
    ({ code }: { code: string }) => code,
  )
  // No base is as old as this; the log itself is found.
  expect(found).toBe('NO_HISTORY')
  expect(await zxidsOf(one)).toEqual([1n, 2n])
})
