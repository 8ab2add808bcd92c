import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { createFileArchives } from '../../adapters/archive/file-archives.ts'
import type { Member } from '../../adapters/members/members.ts'
import { createZooKeeper } from '../../adapters/zookeeper/zookeeper.ts'
import { createTestServices, type TestServices } from '../../testing/service-context.ts'
import { addTestPeople, workOffJobs } from '../../testing/work-off-jobs.ts'
import { startZooKeeper, type ZooKeeperServer } from '../../testing/zookeeper-server.ts'
import { getBackup } from '../backups/get-backup.ts'
import { listBackups } from '../backups/list-backups.ts'
import { startBackup } from '../backups/start-backup.ts'
import { addCluster } from '../clusters/add-cluster.ts'
import type { ServiceContext } from '../context.ts'
import { getJob } from '../jobs/get-job.ts'
import { createSchedule } from './create-schedule.ts'
import { listScheduleRuns } from './list-schedule-runs.ts'
import { startScheduleRun } from './start-schedule-run.ts'

let server: ZooKeeperServer
let services: TestServices
let admin: ServiceContext
let clusterId: string

beforeAll(async () => {
  server = await startZooKeeper()
  // Named, and not there: as when the disk of a member is not mounted on this host.
  const dataDir = join(server.dataDir, 'not-mounted')
  const member: Member = {
    cluster: 'orders',
    name: 'zk1',
    dataDir,
    dataLogDir: dataDir,
    client: null,
    adminUrl: null,
    stop: null,
    start: null,
    owner: null,
  }
  services = await createTestServices({
    zookeeper: createZooKeeper(),
    archives: createFileArchives(),
    members: [member],
  })
  admin = services.contextFor('admin')
  await addTestPeople(services)
  clusterId = (await addCluster(admin, { name: 'orders', connectString: server.connectString })).id
})
afterAll(async () => {
  await services?.close()
  await server?.stop()
})

async function runOf(name: string, sources: ('files' | 'admin' | 'client')[]) {
  const { scheduleId } = await createSchedule(admin, {
    clusterId,
    name,
    cron: '@yearly',
    timeZone: 'UTC',
    sources,
    note: 'by the clock',
  })
  services.clock.advance(1)
  const { jobId } = await startScheduleRun(admin, scheduleId)
  await workOffJobs(services)
  const { runs } = await listScheduleRuns(admin, { scheduleId })
  return { scheduleId, jobId, run: runs[0] }
}

test('a source that cannot serve is passed over, and everything says so: run, job, catalog and the archive itself', async () => {
  const { scheduleId, jobId, run } = await runOf('chain', ['files', 'admin', 'client'])
  expect(run).toMatchObject({ state: 'succeeded', kind: 'by-hand', source: 'client' })
  const [files, admins] = run?.sourceFaults ?? []
  expect(files).toMatchObject({ source: 'files', message: expect.stringContaining('zk1') })
  expect(admins).toMatchObject({ source: 'admin', message: expect.stringContaining('no AdminServer') })
  const { log } = await getJob(admin, jobId)
  expect(log.filter(({ level }) => level === 'warn').map(({ message }) => message.slice(0, 38))).toEqual([
    'The source files could not serve: No m',
    'The source admin could not serve: the ',
  ])
  const { backups } = await listBackups(admin, { scheduleId })
  expect(backups).toMatchObject([
    {
      purpose: 'scheduled',
      source: 'client',
      schedule: { id: scheduleId, name: 'chain' },
      sourceFaults: [{ source: 'files' }, { source: 'admin' }],
    },
  ])
  const { manifest } = await getBackup(admin, backups[0]?.id ?? '')
  expect(manifest.note).toMatch(/^by the clock — from client: files could not serve \(.*; admin could not serve \(/)
})

test('where none serves, the run and its job say why of each, after they were tried again', async () => {
  const { scheduleId, jobId, run } = await runOf('no client', ['files', 'admin'])
  expect(run).toMatchObject({ state: 'waiting' })
  for (let attempt = 0; attempt < 2; attempt++) {
    services.clock.advance(10_000)
    await workOffJobs(services)
  }
  expect(await getJob(admin, jobId)).toMatchObject({ state: 'failed', attempts: 3, error: { code: 'NO_SOURCE' } })
  const { runs } = await listScheduleRuns(admin, { scheduleId })
  expect(runs).toMatchObject([{ state: 'failed', backupId: null }])
  expect(runs[0]?.error?.message).toMatch(/No source could serve: files: .*zk1.*; admin: .*no AdminServer/)
})

test('by hand the choice may be left to the chain of what is set up', async () => {
  const { jobId } = await startBackup(admin, { clusterId, source: 'automatic' })
  await workOffJobs(services)
  const job = await getJob(admin, jobId)
  expect(job.state).toBe('succeeded')
  expect(await getBackup(admin, job.subjectId ?? '')).toMatchObject({
    purpose: 'manual',
    source: 'client',
    schedule: null,
    sourceFaults: [{ source: 'files' }],
  })
})
