import { execFile } from 'node:child_process'
import { cp, mkdir, readdir, readFile } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { createFileArchives } from '../../adapters/archive/file-archives.ts'
import { createZooKeeper } from '../../adapters/zookeeper/zookeeper.ts'
import type { ImportForm } from '../../domain/imports/import-form.ts'
import { findCorpusSet } from '../../testing/corpus.ts'
import { createTestServices, type TestServices } from '../../testing/service-context.ts'
import { addTestPeople, workOffJobs } from '../../testing/work-off-jobs.ts'
import { startZooKeeper, type ZooKeeperServer } from '../../testing/zookeeper-server.ts'
import { getBackup } from '../backups/get-backup.ts'
import { listBackups } from '../backups/list-backups.ts'
import { addCluster } from '../clusters/add-cluster.ts'
import { armCluster } from '../clusters/arm-cluster.ts'
import { getCluster } from '../clusters/get-cluster.ts'
import { listJobs } from '../jobs/list-jobs.ts'
import { confirmRestore } from '../restores/confirm-restore.ts'
import { createRestore } from '../restores/create-restore.ts'
import { getRestore } from '../restores/get-restore.ts'
import { getZnode } from '../tree/get-znode.ts'
import { listChildren } from '../tree/list-children.ts'
import { startImport } from './start-import.ts'

const exec = promisify(execFile)
const fixture = (name: string) =>
  fileURLToPath(new URL(`../../adapters/archive/imports/fixtures/${name}`, import.meta.url))

let server: ZooKeeperServer
let services: TestServices
let clusterId: string

beforeAll(async () => {
  server = await startZooKeeper()
})
afterAll(() => server?.stop())
beforeEach(async () => {
  services = await createTestServices({ zookeeper: createZooKeeper(), archives: createFileArchives() })
  await addTestPeople(services)
  const added = await addCluster(services.contextFor('admin'), {
    name: 'shelf',
    connectString: server.connectString,
    environment: 'development',
    auth: { kind: 'digest', username: 'ops', password: 'secret' },
  })
  clusterId = added.id
})
afterEach(() => services.close())

async function importFile(path: string, form: ImportForm | null = null, fileName = basename(path)) {
  const bytes = await readFile(path)
  async function* pieces() {
    for (let at = 0; at < bytes.length; at += 1000) yield bytes.subarray(at, at + 1000)
  }
  const started = await startImport(services.contextFor('operator'), {
    facts: { clusterId, fileName, form, note: 'old cluster' },
    bytes: pieces(),
  })
  await workOffJobs(services)
  return started
}

const uploads = () => readdir(join(services.contextFor('admin').paths.workDir, 'imports'))

describe('an import', () => {
  it('is a backup that says where it is from, is browsed, and is restored', async () => {
    await importFile(fixture('zk-shell.json'))
    const context = services.contextFor('admin')
    const [row] = (await listBackups(context, { clusterId, limit: 10 })).backups
    expect(row).toMatchObject({
      source: 'import',
      status: 'complete',
      consistency: 'fuzzy',
      zxid: '0x0',
      scopePaths: ['/svc'],
      note: 'old cluster',
      isLastGood: false,
      createdByName: 'operator one',
    })
    const backup = await getBackup(context, row!.id)
    expect(backup.manifest.import).toMatchObject({ form: 'zk-shell', file: 'zk-shell.json', unknownAcls: 1 })
    expect((await getCluster(context, clusterId)).lastGoodBackup).toBeNull()

    const page = await listChildren(context, { ref: { kind: 'backup', backupId: backup.id }, path: '/svc', limit: 100 })
    expect(page).toMatchObject({ kind: 'page', total: 2, children: [{ name: 'a', kind: 'unknown' }, { name: 'b' }] })

    const silent = await getZnode(context, { ref: { kind: 'backup', backupId: backup.id }, path: '/svc/a/ü' })
    expect(silent).toMatchObject({ kind: 'found', znode: { acl: [], unknown: 'acl' } })

    await armCluster(context, { clusterId, minutes: 60, reason: 'test' })
    const { restoreId } = await createRestore(context, {
      clusterId,
      source: `backup:${backup.id}`,
      selection: { kind: 'all' },
      mode: 'update',
      onConflict: 'stop',
    })
    await workOffJobs(services)
    const planned = await getRestore(context, restoreId)
    expect(planned.plan).toMatchObject({ creates: 4, deletes: 0 })
    expect(planned.plan?.warnings.map(({ code }) => code)).toContain('acl-unknown')
    await confirmRestore(context, {
      restoreId,
      planHash: planned.plan!.hash,
      typedName: 'shelf',
      reason: 'test',
    })
    await workOffJobs(services)
    expect(await getRestore(context, restoreId)).toMatchObject({ state: 'succeeded' })
    const live = await listChildren(context, { ref: { kind: 'live', clusterId }, path: '/svc', limit: 100 })
    expect(live).toMatchObject({ kind: 'page', total: 2 })
    expect(await uploads()).toEqual([])
  })

  it("of a server's snapshot or data directory knows kinds, and is as exact as its files", async () => {
    const set = findCorpusSet('3.9.6')
    const snapshot = set.snapshots.at(-1)!.file
    await importFile(snapshot)
    const { dataDir } = services.contextFor('admin').paths
    const folder = join(dataDir, 'server', 'version-2')
    await mkdir(folder, { recursive: true })
    for (const { file } of [...set.snapshots, ...set.logs]) await cp(file, join(folder, basename(file)))
    const tar = join(dataDir, 'server.tar')
    await exec('tar', ['-C', join(dataDir, 'server'), '-cf', tar, 'version-2'])
    await importFile(tar)
    const { backups } = await listBackups(services.contextFor('admin'), { clusterId, limit: 10 })
    expect(backups.map(({ source, consistency, proof }) => ({ source, consistency, proof }))).toEqual(
      expect.arrayContaining([{ source: 'import', consistency: 'exact', proof: 'digest' }]),
    )
    expect(backups).toHaveLength(2)
    for (const { id } of backups) {
      const { manifest } = await getBackup(services.contextFor('admin'), id)
      expect(manifest.fidelity).toMatchObject({ unknownKind: 0 })
      expect(manifest.fidelity.container + manifest.fidelity.ttl).toBeGreaterThan(0)
    }
  })

  it('of what is no such file fails with one message and leaves nothing in catalog, store or work folder', async () => {
    await importFile(fixture('README.md'))
    await importFile(fixture('zoocreeper.json'), 'zoonavigator')
    const context = services.contextFor('admin')
    expect((await listBackups(context, { clusterId, limit: 10 })).backups).toEqual([])
    const jobs = await listJobs(context)
    expect(jobs.map(({ state, title }) => ({ state, title }))).toEqual(
      expect.arrayContaining([
        { state: 'failed', title: 'Import README.md to shelf' },
        { state: 'failed', title: 'Import zoocreeper.json to shelf' },
      ]),
    )
    expect(jobs.map(({ error }) => error?.code).sort()).toEqual(['UNKNOWN_FORM', 'UNKNOWN_FORM'])
    expect(await uploads()).toEqual([])
    expect(await readdir(join(context.paths.storeDir, 'shelf')).catch(() => [])).toEqual([])
    const audit = await services.readAudit()
    expect(audit.filter(({ action }) => action === 'backup.import').map(({ outcome }) => outcome)).toEqual([
      'ok',
      'failed',
      'ok',
      'failed',
    ])
  })

  it('is refused to whoever may only look, before the first byte, and when it is too large', async () => {
    let asked = 0
    async function* endless() {
      for (;;) {
        asked++
        yield Buffer.alloc(1024)
      }
    }
    const facts = { clusterId, fileName: 'x.json' }
    await expect(startImport(services.contextFor('viewer'), { facts, bytes: endless() })).rejects.toMatchObject({
      code: 'FORBIDDEN',
    })
    expect(asked).toBe(0)
    await expect(
      startImport(services.contextFor('operator'), { facts, bytes: endless(), bytesMax: 10_000 }),
    ).rejects.toMatchObject({ code: 'INVALID_INPUT', message: expect.stringMatching(/larger than/) })
    expect(await uploads()).toEqual([])
    expect(await services.database.client.job.count()).toBe(0)
  })
})
