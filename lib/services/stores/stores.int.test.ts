import { createHash, randomBytes } from 'node:crypto'
import { cp, mkdir, readdir, rename, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { buffer } from 'node:stream/consumers'
import { CreateMultipartUploadCommand, PutObjectCommand, UploadPartCommand } from '@aws-sdk/client-s3'
import { generateIdentity, identityToRecipient } from 'age-encryption'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { createFileArchives } from '../../adapters/archive/file-archives.ts'
import { createObjectStores } from '../../adapters/s3/create-object-stores.ts'
import { addStreamBase, appendLog, hostOf, readLog, zxidRange } from '../../testing/kept-logs.ts'
import {
  type CuttingProxy,
  hasS3Server,
  type S3Server,
  startCuttingProxy,
  startS3Server,
} from '../../testing/s3-server.ts'
import { createTestServices, type TestServices } from '../../testing/service-context.ts'
import { addTestPeople, workOffJobs } from '../../testing/work-off-jobs.ts'
import { deleteBackup } from '../backups/delete-backup.ts'
import { listBackups } from '../backups/list-backups.ts'
import { openBackupFile } from '../backups/open-backup-file.ts'
import { setBackupNote } from '../backups/set-backup-note.ts'
import { setBackupPinned } from '../backups/set-backup-pinned.ts'
import { startVerify } from '../backups/start-verify.ts'
import { addCluster } from '../clusters/add-cluster.ts'
import { addRecipient } from '../encryption/change-recipients.ts'
import { setEncryption } from '../encryption/set-encryption.ts'
import { startReencrypt } from '../encryption/start-reencrypt.ts'
import { startImport } from '../imports/start-import.ts'
import { listJobs } from '../jobs/list-jobs.ts'
import { retryJob } from '../jobs/retry-job.ts'
import { placeHold } from '../keep-rules/place-hold.ts'
import { listClusterBases, withClusterBase } from '../logs/cluster-bases.ts'
import { logFolder } from '../logs/log-folder.ts'
import { mendPiece } from '../logs/mend-piece.ts'
import { rollBackBases } from '../logs/prune-bases.ts'
import { removeOldestPieces } from '../logs/remove-pieces.ts'
import { rereadBase } from '../logs/reread-base.ts'
import { rereadPiece } from '../logs/reread-piece.ts'
import { runDueLogMirrors } from '../logs/run-due-log-mirrors.ts'
import { archiveReadersOf } from '../tree/archive-readers.ts'
import { getZnode } from '../tree/get-znode.ts'
import { openArchiveFolder, withArchive } from './archive-folder.ts'
import { setClusterStores } from './cluster-stores.ts'
import { runCopy, startCopy } from './copy-backup.ts'
import { addStore, changeStore, removeStore } from './edit-store.ts'
import { listPlaces } from './list-places.ts'
import { listStoreViews } from './list-store-views.ts'
import { runDueStores } from './run-due-stores.ts'
import { startRescan } from './start-rescan.ts'
import { testStore } from './test-store.ts'

const OPEN = [{ perms: 31, id: { scheme: 'world', id: 'anyone' } }]
const IMPORTED = JSON.stringify({ '/svc': { content: '', acls: OPEN }, '/svc/a': { content: 'YQ==', acls: OPEN } })

let server: S3Server
let wire: CuttingProxy
let services: TestServices
let clusterId: string
/** Of each test its own, so that they do not meet in the bucket. */
let prefix: string

beforeAll(async () => {
  if (!hasS3Server('s3proxy')) return
  server = await startS3Server('s3proxy')
  wire = await startCuttingProxy(server.port)
})
afterAll(async () => {
  await wire?.stop()
  await server?.stop()
})
beforeEach(async () => {
  prefix = `t-${randomBytes(4).toString('hex')}/`
  services = await createTestServices({ archives: (keys) => createFileArchives({ keys }) })
  await addTestPeople(services)
  clusterId = (
    await addCluster(services.contextFor('admin'), {
      name: 'shelf',
      connectString: '127.0.0.1:1',
      environment: 'development',
      auth: { kind: 'none' },
    })
  ).id
})
afterEach(() => services.close())

const admin = () => services.contextFor('admin')

function bucketInput(endpoint = server.endpoint, name = 'off-site') {
  return {
    kind: 's3' as const,
    name,
    settings: { endpoint, bucket: server.bucket, prefix },
    accessKeyId: server.keys.accessKeyId,
    secretAccessKey: server.keys.secretAccessKey,
  }
}

const addBucket = async (endpoint?: string, name?: string) =>
  (await addStore(admin(), bucketInput(endpoint, name))).storeId

async function addFolder(name = 'second disk'): Promise<{ storeId: string; path: string }> {
  const path = join(admin().paths.dataDir, name)
  await mkdir(path)
  const { storeId } = await addStore(admin(), { kind: 'folder', name, settings: { path } })
  return { storeId, path }
}

async function takeBackup(note = ''): Promise<string> {
  const bytes = (async function* () {
    yield Buffer.from(IMPORTED)
  })()
  await startImport(services.contextFor('operator'), {
    facts: { clusterId, fileName: 'tree.json', form: 'zk-shell', note },
    bytes,
  })
  await workOffJobs(services)
  services.clock.advance(60_000)
  const [newest] = (await listBackups(admin(), { clusterId, limit: 1 })).backups
  return newest?.id ?? ''
}

const readA = (backupId: string, context = admin()) =>
  getZnode(context, { ref: { kind: 'backup', backupId }, path: '/svc/a' })
const rowOf = (id: string) => services.database.client.backup.findUniqueOrThrow({ where: { id } })

async function keysIn(): Promise<string[]> {
  const store = await createObjectStores().open(server.settings({ prefix }), server.keys)
  const keys: string[] = []
  for await (const { key } of store.list('')) keys.push(key)
  store.close()
  return keys
}

/** As another host sees it: nothing of what was read before is here. */
async function forgetCache(): Promise<void> {
  await archiveReadersOf(admin().archives).dropAll()
  await rm(join(admin().paths.workDir, 'archives'), { recursive: true, force: true })
}

describe.skipIf(!hasS3Server('s3proxy'))('a bucket as first store', () => {
  it('holds the whole archive, which is read through a checked cache, verified where it lies, mended, and removed', async () => {
    const storeId = await addBucket()
    await setClusterStores(admin(), { clusterId, storeId })
    const id = await takeBackup('first')
    const row = await rowOf(id)
    expect(row).toMatchObject({ storeId, storedProof: 'read-back' })
    const aside = join(admin().paths.dataDir, 'aside')
    await withArchive(admin(), row, (dir) => cp(dir, aside, { recursive: true }))
    expect(await keysIn()).toContain(`${row.dir}/manifest.json`)
    expect(await readdir(join(admin().paths.workDir, 'staging'))).toEqual([])
    await forgetCache()
    expect(await readA(id)).toMatchObject({ kind: 'found' })
    const file = await openBackupFile(admin(), { backupId: id, name: 'manifest.json' })
    expect(JSON.parse((await buffer(file.stream)).toString())).toMatchObject({ id: row.archiveId })

    await startVerify(admin(), id)
    await workOffJobs(services)
    expect((await rowOf(id)).verifyOk).toBe(true)
    const snapshot = (await keysIn()).find((key) => key.includes('/snapshot.')) ?? ''
    const broken = { Bucket: server.bucket, Key: `${prefix}${snapshot}`, Body: 'not what it was' }
    await server.client.send(new PutObjectCommand(broken))
    // The cache here is sound: a verification asks the store.
    await startVerify(admin(), id)
    await workOffJobs(services)
    expect((await rowOf(id)).verifyOk).toBe(false)
    // So does a drill, whatever the cache has.
    const cached = await openArchiveFolder(admin(), row)
    expect(cached.readFrom).toMatchObject({ store: 'off-site', how: 'cache' })
    await cached.release()
    await expect(openArchiveFolder(admin(), row, { afresh: true })).rejects.toMatchObject({ code: 'OBJECT_DAMAGED' })
    await forgetCache()
    await expect(readA(id)).rejects.toMatchObject({ code: 'OBJECT_DAMAGED' })

    const store = (await addFolder()).storeId
    const good = { id: 'k1', backupId: id, storeId: store, dir: row.dir, state: 'present' }
    await services.database.client.backupCopy.create({ data: good })
    await cp(aside, join(admin().paths.dataDir, 'second disk', row.dir), { recursive: true })
    await startCopy(admin(), { backupId: id, storeId })
    await workOffJobs(services)
    expect(await rowOf(id)).toMatchObject({ storeId, verifyOk: true, dir: expect.stringMatching(/-2$/) })
    await forgetCache()
    expect(await readA(id)).toMatchObject({ kind: 'found' })
    expect(await keysIn()).toContain(`${row.dir}/manifest.json`)

    await deleteBackup(admin(), { backupId: id, acknowledgeLastGood: true })
    expect(await keysIn()).toEqual([])
  })

  it('gets what was read already when it did not answer: the cluster is not read again', async () => {
    const storeId = await addBucket(wire.endpoint)
    await setClusterStores(admin(), { clusterId, storeId })
    wire.cutAfter({ up: 0 })
    await takeBackup()
    const [failed] = await listJobs(admin(), {})
    expect(failed).toMatchObject({ kind: 'import', state: 'failed', error: { code: 'STORE_UNREACHABLE' } })
    expect(await services.database.client.backup.count()).toBe(0)
    wire.mend()
    // What it was made of is gone: only the archive is left.
    await rm(join(admin().paths.workDir, 'imports'), { recursive: true })
    await retryJob(admin(), failed?.id ?? '')
    await workOffJobs(services)
    const backup = await services.database.client.backup.findFirstOrThrow()
    expect(await readA(backup.id)).toMatchObject({ kind: 'found' })
    expect(await readdir(join(admin().paths.workDir, 'staging'))).toEqual([])
  })
})

describe.skipIf(!hasS3Server('s3proxy'))('copies', () => {
  it('are made of each new backup, stand in for the first place, and go with the backup', async () => {
    const [bucketId, folder] = [await addBucket(), await addFolder()]
    const copies = [bucketId, folder.storeId].map((storeId) => ({ storeId, what: 'all' as const }))
    await setClusterStores(admin(), { clusterId, storeId: 'default', copies })
    const id = await takeBackup()
    const places = await listPlaces(admin(), id)
    expect(places.map(({ storeName, state, storedProof }) => [storeName, state, storedProof])).toEqual([
      ['Built-in folder', 'present', 'read-back'],
      ...places.slice(1).map(({ storeName }) => [storeName, 'present', 'read-back']),
    ])
    expect(places.map(({ storeName }) => storeName).sort()).toEqual(['Built-in folder', 'off-site', 'second disk'])
    await expect(startCopy(admin(), { backupId: id, storeId: bucketId })).rejects.toMatchObject({ code: 'WRONG_STATE' })

    await startVerify(admin(), id, bucketId)
    await workOffJobs(services)
    const verified = (await listPlaces(admin(), id)).filter(({ verifyOk }) => verifyOk)
    expect(verified.map(({ storeId }) => storeId)).toEqual([bucketId])

    const { dir } = await rowOf(id)
    const first = join(admin().paths.storeDir, dir)
    await rename(first, `${first}-gone`)
    await rm(join(folder.path, dir), { recursive: true })
    expect(await readA(id)).toMatchObject({ kind: 'found' })
    expect(services.logLines.some((line) => line.includes('not what was put first into Built-in folder'))).toBe(true)
    await rename(`${first}-gone`, first)
    await deleteBackup(admin(), { backupId: id, acknowledgeLastGood: true })
    expect(await keysIn()).toEqual([])
    expect(await readdir(join(admin().paths.storeDir, 'shelf'))).toEqual([])
  })

  it('of one that fails say why, and are tried again', async () => {
    const storeId = await addBucket(wire.endpoint)
    const id = await takeBackup()
    wire.cutAfter({ up: 0 })
    const { jobId } = await startCopy(services.contextFor('operator'), { backupId: id, storeId })
    await workOffJobs(services)
    expect((await listPlaces(admin(), id))[1]).toMatchObject({
      state: 'failed',
      jobId,
      error: expect.stringContaining('does not answer'),
    })
    wire.mend()
    await retryJob(admin(), jobId)
    await workOffJobs(services)
    expect((await listPlaces(admin(), id))[1]).toMatchObject({ state: 'present', error: null })
  })
})

describe.skipIf(!hasS3Server('s3proxy'))('in a bucket', () => {
  it('what two runs of a copy have sent to one place stays when the one that lost it throws its own away', async () => {
    const storeId = await addBucket()
    const id = await takeBackup()
    const { jobId } = await startCopy(admin(), { backupId: id, storeId })
    const job = await services.database.client.job.findUniqueOrThrow({ where: { id: jobId } })
    const lost = { job: { ...job, token: 1 }, progress: () => undefined, log: async () => undefined }
    const runOf = (token: number) => ({ ...lost, job: { ...job, token }, assertOwned: () => undefined }) as never
    const first = await runCopy(admin(), { backupId: id, storeId }, runOf(1))
    const update = { state: 'running', leaseToken: 2 }
    await services.database.client.job.update({ where: { id: jobId }, data: update })
    const second = await runCopy(admin(), { backupId: id, storeId }, runOf(2))
    const sent = await keysIn()
    await first.discard?.()
    expect(await keysIn()).toEqual(sent)
    await admin().db.$transaction(async (tx) => second.commit?.(tx))
    await first.discard?.()
    expect(await keysIn()).toEqual(sent)
  })

  it('what is encrypted anew is found by a rescan', async () => {
    const storeId = await addBucket()
    await setClusterStores(admin(), { clusterId, storeId })
    const identity = await generateIdentity()
    await addRecipient(admin(), { clusterId, recipient: await identityToRecipient(identity) })
    const id = await takeBackup()
    await setEncryption(admin(), { clusterId, mode: 'own' })
    await startReencrypt(admin(), { clusterId })
    await workOffJobs(services)
    const { dir, recipients } = await rowOf(id)
    expect(recipients).toHaveLength(1)
    expect(await keysIn()).toContain(`${dir}/catalog.json`)
    await services.database.client.backup.deleteMany()
    await startRescan(admin(), storeId)
    await workOffJobs(services)
    expect(await rowOf(id)).toMatchObject({ dir, missingAt: null, recipients })
  })
})

describe.skipIf(!hasS3Server('s3proxy'))('the transaction log in a bucket', () => {
  it('grows with its pieces, is read on another host and again by the clock, mended, found by a rescan, and removed', async () => {
    const storeId = await addBucket()
    await setClusterStores(admin(), { clusterId, storeId })
    const cluster = { id: clusterId, name: 'shelf' }
    const nextRunAt = new Date(admin().clock.now())
    await admin().db.logKeeping.create({ data: { clusterId, enabled: false, everySeconds: 60, nextRunAt } })
    const mirror = async () => {
      while (await runDueLogMirrors(admin(), 'w1'));
      services.clock.advance(120_000)
    }
    const pieceOf = (first: bigint) =>
      admin().db.logPiece.findUniqueOrThrow({ where: { clusterId_storeId_first: { clusterId, storeId, first } } })
    await appendLog(admin(), cluster, zxidRange(1n, 20n))
    await appendLog(admin(), cluster, zxidRange(30n, 31n))
    await mirror()
    await appendLog(admin(), cluster, [32n])
    await mirror()
    const names = ['log.1.gz', 'log.1.idx', 'log.1.json', 'log.1e.gz', 'log.1e.idx', 'log.1e.json']
    expect(await keysIn()).toEqual(names.map((name) => `shelf/logs/${name}`))
    expect(await pieceOf(30n)).toMatchObject({ last: 32n, verifyOk: null })
    const zxids = [...zxidRange(1n, 20n), ...zxidRange(30n, 32n)]
    expect(await readLog(hostOf(admin(), 'two'), cluster)).toMatchObject({ zxids, gaps: [{ after: 20n, before: 30n }] })

    const objects = await createObjectStores().open(server.settings({ prefix }), server.keys)
    const spoilt = join(admin().paths.dataDir, 'spoilt')
    await writeFile(spoilt, 'spoilt')
    const sha256 = createHash('sha256').update('spoilt').digest('hex')
    await objects.replaceFile('shelf/logs/log.1.gz', spoilt, { bytes: 6, sha256 })
    await rereadPiece(admin(), cluster, (await pieceOf(1n)).id)
    await rereadPiece(admin(), cluster, (await pieceOf(30n)).id)
    expect([await pieceOf(1n), await pieceOf(30n)]).toMatchObject([{ verifyOk: false }, { verifyOk: true }])
    await mendPiece(admin(), { clusterId, storeId, first: '0x1' })
    await mirror()
    await rereadPiece(admin(), cluster, (await pieceOf(1n)).id)
    expect(await pieceOf(1n)).toMatchObject({ verifyOk: true, mendAskedAt: null })

    await admin().db.logPiece.deleteMany()
    await startRescan(admin(), storeId)
    await workOffJobs(services)
    expect(await pieceOf(30n)).toMatchObject({ last: 32n })
    expect(await readLog(hostOf(admin(), 'three'), cluster)).toMatchObject({ zxids })
    const spent = (await admin().archives.logs.list(logFolder(admin(), 'shelf'))).segments.slice(0, 1)
    expect(await removeOldestPieces(admin(), cluster, spent)).toMatchObject({ pieces: 1, faults: [] })
    expect(await keysIn()).toEqual(names.slice(3).map((name) => `shelf/logs/${name}`))

    // The same of a base of its stream.
    const baseOf = () =>
      admin().db.logBase.findUniqueOrThrow({ where: { clusterId_storeId_zxid: { clusterId, storeId, zxid: 32n } } })
    await addStreamBase(admin(), cluster, 32n)
    await mirror()
    const { dir } = await baseOf()
    await objects.replaceFile(`${dir}/snapshot.20.gz`, spoilt, { bytes: 6, sha256 })
    await rereadBase(admin(), cluster, (await baseOf()).id)
    expect(await baseOf()).toMatchObject({ verifyOk: false })
    await mendPiece(admin(), { clusterId, storeId, first: '0x20', kind: 'base' })
    await mirror()
    await rereadBase(admin(), cluster, (await baseOf()).id)
    expect(await baseOf()).toMatchObject({ verifyOk: true, dir: `${dir}-2`, formerDir: null })
    await admin().db.logBase.deleteMany()
    await startRescan(admin(), storeId)
    await workOffJobs(services)
    const [found] = await listClusterBases(hostOf(admin(), 'four'), cluster)
    expect(found).toMatchObject({ zxid: 32n, places: [{ storeId, dir: `${dir}-2` }] })
    const files = await withClusterBase(hostOf(admin(), 'four'), found!, (at) => readdir(at))
    expect(files.sort()).toEqual(['index', 'manifest.json', 'snapshot.20.gz'])
    await rollBackBases(admin(), clusterId, null)
    expect((await keysIn()).filter((key) => key.includes('/bases/'))).toEqual([])
    objects.close()
  })
})

describe.skipIf(!hasS3Server('s3proxy'))('a rescan', () => {
  it('gives an empty database the same catalog, from the stores alone', async () => {
    const [bucketId, folder] = [await addBucket(), await addFolder()]
    const set = (storeId: string, copies: string[]) =>
      setClusterStores(admin(), {
        clusterId,
        storeId,
        copies: copies.map((copy) => ({ storeId: copy, what: 'all' as const })),
      })
    await set('default', [bucketId])
    const pinned = await takeBackup('kept')
    await setBackupPinned(admin(), { backupId: pinned, pinned: true })
    await placeHold(admin(), { backupId: pinned, reason: 'a court wants it', until: null })
    await set(bucketId, [folder.storeId, 'default'])
    const noted = await takeBackup()
    await setBackupNote(admin(), { backupId: noted, note: 'before the upgrade' })
    await set('default', [])
    await takeBackup()

    const db = services.database.client
    const read = async () => ({
      // What no store can tell: results of verifications and drills.
      backups: await db.backup.findMany({ orderBy: { id: 'asc' }, omit: { storedProof: true, lockedUntil: true } }),
      copies: (await db.backupCopy.findMany({ orderBy: [{ backupId: 'asc' }, { storeId: 'asc' }] })).map(
        ({ backupId, storeId, dir, state }) => ({ backupId, storeId, dir, state }),
      ),
      holds: (await db.backupHold.findMany()).map(({ backupId, reason }) => ({ backupId, reason })),
      clusters: (await db.cluster.findMany()).map(({ id, name, connectString }) => ({ id, name, connectString })),
    })
    const before = await read()
    expect(before.backups).toHaveLength(3)
    await db.backup.deleteMany()
    await db.job.deleteMany()
    await db.cluster.deleteMany()
    await startRescan(admin(), null)
    await workOffJobs(services)
    expect(await read()).toEqual(before)
    expect(await readA(noted)).toMatchObject({ kind: 'found' })

    await startRescan(admin(), null)
    await workOffJobs(services)
    const [job] = await listJobs(admin(), {})
    expect(job?.state).toBe('succeeded')
    expect(await read()).toEqual(before)
  })

  it('marks what is gone, takes it back when it is there again, and lists what is damaged', async () => {
    const id = await takeBackup()
    const { dir } = await rowOf(id)
    const place = join(admin().paths.storeDir, dir)
    await rename(place, `${place}-aside`)
    const damaged = join(admin().paths.storeDir, 'shelf', '20260101T000000Z-1')
    await mkdir(damaged)
    await writeFile(join(damaged, 'manifest.json'), '{}')
    const rescan = async () => {
      await startRescan(admin(), 'default')
      await workOffJobs(services)
      return (await listStoreViews(admin())).find(({ id }) => id === 'default')
    }
    // Under another name it is another place: the same archive, and no copy of itself.
    await rm(`${place}-aside`, { recursive: true })
    expect(await rescan()).toMatchObject({
      missing: 1,
      rescan: { missing: 1, damaged: [{ dir: 'shelf/20260101T000000Z-1' }] },
    })
    expect((await rowOf(id)).missingAt).not.toBeNull()
    await mkdir(place)
    await expect(startRescan(services.contextFor('operator'), null)).rejects.toMatchObject({ code: 'FORBIDDEN' })
  })

  it('of a store that does not answer marks nothing as gone', async () => {
    const storeId = await addBucket(wire.endpoint)
    await setClusterStores(admin(), { clusterId, storeId })
    const id = await takeBackup()
    wire.cutAfter({ up: 0 })
    await startRescan(admin(), null)
    await workOffJobs(services)
    wire.mend()
    expect((await rowOf(id)).missingAt).toBeNull()
    expect((await listJobs(admin(), {}))[0]).toMatchObject({ state: 'failed', error: { code: 'STORE_NOT_READ' } })
  })
})

describe.skipIf(!hasS3Server('s3proxy'))('a store', () => {
  it('is tested, changed, and removed only when nothing is in it', async () => {
    const storeId = await addBucket()
    expect(await testStore(admin(), storeId)).toMatchObject({ ok: true })
    await expect(addBucket(server.endpoint, 'again')).rejects.toMatchObject({ code: 'INVALID_INPUT' })
    await setClusterStores(admin(), { clusterId, storeId })
    await takeBackup()
    await setClusterStores(admin(), { clusterId, storeId: 'default' })
    await expect(removeStore(admin(), storeId)).rejects.toMatchObject({ code: 'STORE_IN_USE' })
    const moved = { ...bucketInput(), settings: { ...bucketInput().settings, prefix: 'elsewhere/' } }
    await expect(changeStore(admin(), storeId, moved)).rejects.toMatchObject({ code: 'STORE_IN_USE' })
    await changeStore(admin(), storeId, { ...bucketInput(), name: 'vault', secretAccessKey: '' })
    const [, view] = await listStoreViews(admin())
    expect(view).toMatchObject({ name: 'vault', backups: 1, accessKeyId: server.keys.accessKeyId, test: null })
    expect(JSON.stringify(await services.readAudit())).not.toContain(server.keys.secretAccessKey)
    for (const change of [
      () => removeStore(services.contextFor('operator'), storeId),
      () => testStore(services.contextFor('operator'), storeId),
    ])
      await expect(change()).rejects.toMatchObject({ code: 'FORBIDDEN' })
    const [backup] = (await listBackups(admin(), { clusterId })).backups
    await deleteBackup(admin(), { backupId: backup?.id ?? '', acknowledgeLastGood: true })
    await removeStore(admin(), storeId)
    expect(await listStoreViews(admin())).toHaveLength(1)
  })

  it('that is a folder must be there, may be written, and lies in no other', async () => {
    const inside = join(admin().paths.storeDir, 'inside')
    await mkdir(inside, { recursive: true })
    for (const path of ['/nowhere/at/all', 'relative', inside, admin().paths.dataDir]) {
      const adding = addStore(admin(), { kind: 'folder', name: 'bad', settings: { path } })
      await expect(adding).rejects.toMatchObject({ code: 'INVALID_INPUT' })
    }
    const { storeId } = await addFolder()
    const report = await testStore(admin(), storeId)
    expect(report.steps.map(({ name, outcome }) => `${name} ${outcome}`)).toEqual([
      'connect ok',
      'write ok',
      'read-back ok',
      'delete ok',
    ])
  })

  it('gets rid of uploads that nobody goes on with, a day after, and of nobody else’s', async () => {
    await addBucket()
    const begin = async (key: string) => {
      const at = { Bucket: server.bucket, Key: `${prefix}${key}` }
      const { UploadId } = await server.client.send(new CreateMultipartUploadCommand(at))
      await server.client.send(new UploadPartCommand({ ...at, UploadId, PartNumber: 1, Body: 'x' }))
    }
    await begin('shelf/20260101T000000Z-1a/snapshot.1a.gz')
    await begin('somebody-else')
    const left = async () => {
      const store = await createObjectStores().open(server.settings({ prefix }), server.keys)
      const keys: string[] = []
      for await (const { key } of store.listUploads()) keys.push(key)
      store.close()
      return keys
    }
    expect(await runDueStores(admin(), 'w1')).toBe(true)
    expect(await left()).toHaveLength(2)
    services.clock.advance(Date.now() - services.clock.now() + 26 * 3_600_000)
    expect(await runDueStores(admin(), 'w1')).toBe(true)
    expect(await left()).toEqual(['somebody-else'])
    expect(await runDueStores(admin(), 'w1')).toBe(false)
  })
})
