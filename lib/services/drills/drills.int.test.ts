import { readdir } from 'node:fs/promises'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { createFileArchives } from '../../adapters/archive/file-archives.ts'
import { createScratch } from '../../adapters/scratch/create-scratch.ts'
import type { ScratchPort } from '../../adapters/scratch/scratch-server.ts'
import { createZooKeeper } from '../../adapters/zookeeper/zookeeper.ts'
import { addCataloguedBackup } from '../../testing/catalogued-backup.ts'
import { scratchSettings } from '../../testing/engine-context.ts'
import { createTestServices, type TestServices } from '../../testing/service-context.ts'
import { addTestPeople, workOffJobs } from '../../testing/work-off-jobs.ts'
import { listBackups } from '../backups/list-backups.ts'
import { addCluster } from '../clusters/add-cluster.ts'
import { getCluster } from '../clusters/get-cluster.ts'
import type { ServiceContext } from '../context.ts'
import { getJob } from '../jobs/get-job.ts'
import { scratchDirOf } from './run-drill.ts'
import { startDrill } from './start-drill.ts'

let services: TestServices
let operator: ServiceContext
let clusterId: string

const real = createScratch(scratchSettings())
let scratch: ScratchPort

beforeEach(async () => {
  scratch = real
  services = await createTestServices({
    archives: createFileArchives(),
    zookeeper: createZooKeeper(),
    scratch: {
      findFault: () => scratch.findFault(),
      freeBytes: (dir) => scratch.freeBytes(dir),
      start: (input) => scratch.start(input),
      sweep: (dir) => scratch.sweep(dir),
    },
  })
  await addTestPeople(services)
  operator = services.contextFor('operator')
  const added = await addCluster(services.contextFor('admin'), {
    name: 'orders',
    connectString: '127.0.0.1:1',
    environment: 'production',
    auth: { kind: 'none' },
  })
  clusterId = added.id
})
afterEach(() => services.close())

const backupOf = async (id: string) => {
  const { backups } = await listBackups(operator)
  return backups.find((backup) => backup.id === id)
}

it('puts the proof on the backup and on its cluster, and on record', async () => {
  await addCataloguedBackup(services, 'b1', [{ path: '/a', data: 'x' }], { clusterId })
  expect(await getCluster(operator, clusterId)).toMatchObject({ lastProved: null, failedDrill: null })
  await expect(startDrill(services.contextFor('viewer'), 'b1')).rejects.toMatchObject({ code: 'FORBIDDEN' })
  const { jobId } = await startDrill(operator, 'b1')
  await expect(startDrill(operator, 'b1')).rejects.toMatchObject({ code: 'WRONG_STATE' })
  await workOffJobs(services)

  const job = await getJob(operator, jobId)
  expect(job).toMatchObject({ state: 'succeeded', title: 'Prove a backup of orders by a drill', error: null })
  expect(job.log.at(-1)?.message).toMatch(
    /^Proved restorable: 5 znodes loaded by ZooKeeper 3\.\S+ and read back, no diff/,
  )
  const at = new Date(services.clock.now()).toISOString()
  const proved = await backupOf('b1')
  expect(proved).toMatchObject({ isLastGood: true, drill: { ok: true, at, provedAt: at } })
  expect(proved?.drill?.serverVersion).toMatch(/^3\./)
  expect(await getCluster(operator, clusterId)).toMatchObject({
    lastProved: { backupId: 'b1', provedAt: at },
    failedDrill: null,
  })
  const audit = (await services.readAudit()).filter(({ action }) => action === 'backup.drill')
  expect(audit.map(({ outcome }) => outcome)).toEqual(['denied', 'ok', 'failed', 'ok'])
  expect(await readdir(scratchDirOf(operator))).toEqual([])
})

it('marks a backup that is not given back as stored, no longer counts it as good, and keeps when it was proved', async () => {
  await addCataloguedBackup(services, 'b1', [{ path: '/a', data: 'x' }], { clusterId })
  await startDrill(operator, 'b1')
  await workOffJobs(services)
  const provedAt = new Date(services.clock.now()).toISOString()
  services.clock.advance(60_000)

  const empty = (input: Parameters<ScratchPort['start']>[0]) => real.start({ ...input, snapshot: null })
  scratch = { ...real, start: empty }
  const { jobId } = await startDrill(operator, 'b1')
  await workOffJobs(services)
  expect(await getJob(operator, jobId)).toMatchObject({ state: 'succeeded' })
  const refuted = await backupOf('b1')
  expect(refuted).toMatchObject({ isLastGood: false, drill: { ok: false, provedAt } })
  expect(await getCluster(operator, clusterId)).toMatchObject({
    lastGoodBackup: null,
    lastProved: null,
    failedDrill: { backupId: 'b1', drilledAt: new Date(services.clock.now()).toISOString() },
  })
  const last = (await services.readAudit()).at(-1)
  expect(last).toMatchObject({ action: 'backup.drill', outcome: 'failed' })
  expect(String(last?.message)).toMatch(/^Not restorable as it is: \d+ differences/)
})

it('says what is missing when there is no Java, and changes nothing on the backup', async () => {
  await addCataloguedBackup(services, 'b1', ['/a'], { clusterId })
  scratch = createScratch({ ...scratchSettings(), searchPath: '' })
  const { jobId } = await startDrill(operator, 'b1')
  await workOffJobs(services)
  expect(await getJob(operator, jobId)).toMatchObject({
    state: 'failed',
    error: { code: 'DRILL_NOT_POSSIBLE', message: expect.stringContaining('there is no Java') },
  })
  expect(await backupOf('b1')).toMatchObject({ isLastGood: true, drill: null })
})
