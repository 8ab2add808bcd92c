import { mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { createFileArchives } from '../../adapters/archive/file-archives.ts'
import { createTestServices, type TestServices } from '../../testing/service-context.ts'
import { addTestPeople, workOffJobs } from '../../testing/work-off-jobs.ts'
import { addCluster } from '../clusters/add-cluster.ts'
import { startImport } from '../imports/start-import.ts'
import type { JobRun } from '../jobs/job-run.ts'
import { startCopy } from './copy-backup.ts'
import { addStore } from './edit-store.ts'
import { runRescan } from './run-rescan.ts'
import { startRescan } from './start-rescan.ts'

const IMPORTED = JSON.stringify({
  '/svc': { content: '', acls: [{ perms: 31, id: { scheme: 'world', id: 'anyone' } }] },
})

let services: TestServices
let clusterId: string
let dir: string

const admin = () => services.contextFor('admin')
const db = () => services.database.client
const inStore = (...names: string[]) => join(admin().paths.storeDir, ...names)

beforeEach(async () => {
  services = await createTestServices({ archives: createFileArchives() })
  await addTestPeople(services)
  const { id } = await addCluster(admin(), {
    name: 'shelf',
    connectString: '127.0.0.1:1',
    environment: 'development',
    auth: { kind: 'none' },
  })
  clusterId = id
  const bytes = (async function* () {
    yield Buffer.from(IMPORTED)
  })()
  const facts = { clusterId, fileName: 'tree.json', form: 'zk-shell' as const, note: '' }
  await startImport(services.contextFor('operator'), { facts, bytes })
  await workOffJobs(services)
  dir = (await db().backup.findFirstOrThrow()).dir
})
afterEach(() => services.close())

describe('a rescan', () => {
  it('takes no name out of a store that leads elsewhere, and no id that stands for all', async () => {
    const file = inStore(dir, 'catalog.json')
    const note = JSON.parse(await readFile(file, 'utf8'))
    const rescanWith = async (cluster: { id: string; name: string }) => {
      await writeFile(file, JSON.stringify({ ...note, cluster: { ...note.cluster, ...cluster } }))
      await db().backup.deleteMany()
      await db().job.deleteMany()
      await db().cluster.deleteMany()
      await startRescan(admin(), 'default')
      await workOffJobs(services)
      return db().backup.findFirstOrThrow()
    }
    expect(await rescanWith({ id: 'c1', name: '../../elsewhere/x' })).toMatchObject({
      clusterId: 'c1',
      clusterName: 'found .._.._elsewhere_x',
    })
    for (const id of ['*', 'default']) {
      expect((await rescanWith({ id, name: 'shelf' })).clusterId).not.toBe(id)
    }
    expect(await rescanWith({ id: 'c1', name: 'Zürich 1' })).toMatchObject({ clusterName: 'Zürich 1' })
    const path = join(admin().paths.dataDir, 'second disk')
    await mkdir(path)
    const { storeId } = await addStore(admin(), { kind: 'folder', name: 'second', settings: { path } })
    const { id: backupId } = await rescanWith({ id: 'c1', name: '..' })
    await startCopy(admin(), { backupId, storeId })
    await workOffJobs(services)
    expect(await readdir(path)).toEqual(['found ..'])
  })

  it('asked for by whoever does not see a cluster knows its backups, and names it to nobody', async () => {
    const damaged = inStore('shelf', '20260101T000000Z-1')
    await mkdir(damaged)
    await writeFile(join(damaged, 'manifest.json'), '{}')
    const lines: string[] = []
    const run: JobRun = {
      job: { id: 'j1' } as JobRun['job'],
      progress: () => undefined,
      log: async (_level, line) => void lines.push(line),
      assertOwned: () => undefined,
    }
    const blind = services.contextOf({ ...admin().actor, clusterRoles: { [clusterId]: 'none' } })
    const { result } = await runRescan(blind, { storeId: 'default' }, run)
    expect(result).toMatchObject({ archives: 2, added: 0, missing: 0, damaged: 1 })
    expect(await db().backup.count()).toBe(1)
    expect(lines).toHaveLength(1)
    expect(lines.join()).not.toContain('shelf')
  })
})

it('the folders that Arkeeper works in are no stores', async () => {
  const { dataDir, workDir } = admin().paths
  const inWork = join(workDir, 'shelf')
  await mkdir(inWork, { recursive: true })
  await rm(admin().paths.storeDir, { recursive: true })
  for (const path of [workDir, inWork, dataDir, dirname(dataDir)]) {
    await expect(addStore(admin(), { kind: 'folder', name: 'x', settings: { path } })).rejects.toMatchObject({
      code: 'INVALID_INPUT',
    })
  }
})
