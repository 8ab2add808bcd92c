import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { createFileArchives } from '../../adapters/archive/file-archives.ts'
import type { ClusterConnection, ZooKeeperPort } from '../../adapters/zookeeper/connection.ts'
import { createZooKeeper } from '../../adapters/zookeeper/zookeeper.ts'
import { LiveTree } from '../../testing/live-tree.ts'
import { createTestServices, type TestServices } from '../../testing/service-context.ts'
import { addTestPeople, workOffJobs } from '../../testing/work-off-jobs.ts'
import { startZooKeeper, type ZooKeeperServer } from '../../testing/zookeeper-server.ts'
import { startBackup } from '../backups/start-backup.ts'
import { addCluster } from '../clusters/add-cluster.ts'
import { armCluster } from '../clusters/arm-cluster.ts'
import { disarmCluster } from '../clusters/disarm-cluster.ts'
import type { ServiceContext } from '../context.ts'
import { getDiff } from '../diffs/get-diff.ts'
import { startDiff } from '../diffs/start-diff.ts'
import { getJob } from '../jobs/get-job.ts'
import { cancelRestore } from './cancel-restore.ts'
import { confirmRestore } from './confirm-restore.ts'
import { createRestore } from './create-restore.ts'
import { getRestore } from './get-restore.ts'
import { pauseRestore } from './pause-restore.ts'
import { resumeRestore } from './resume-restore.ts'
import { startUndo } from './start-undo.ts'

// Each value fills a batch by itself; four batches are on their way at once.
const VALUES = Array.from({ length: 12 }, (_, i) => ({
  path: `/app/n${String(i).padStart(2, '0')}`,
  data: Buffer.alloc(300_000, i),
}))
const WINDOW = 4

let server: ZooKeeperServer
let client: ClusterConnection
let tree: LiveTree
let services: TestServices
let context: ServiceContext
let clusterId = ''
/** Called when the first batch of a run is on its way, before its answer is passed on. */
let onFirstBatch: (() => Promise<void>) | null = null

/** The connection of the product, with a place to stand in the middle of a restore. */
function watched(port: ZooKeeperPort): ZooKeeperPort {
  return {
    ...port,
    connect: async (...args) => {
      const connection = await port.connect(...args)
      const multi: ClusterConnection['multi'] = async (...operations) => {
        const outcome = await connection.multi(...operations)
        // What is only asked beforehand is no batch.
        if (operations[0].some(({ op }) => op === 'check')) return outcome
        const hook = onFirstBatch
        onFirstBatch = null
        await hook?.()
        return outcome
      }
      return new Proxy(connection, {
        get: (target, key) => {
          if (key === 'multi') return multi
          const value: unknown = Reflect.get(target, key)
          return typeof value === 'function' ? value.bind(target) : value
        },
      })
    },
  }
}

beforeAll(async () => {
  server = await startZooKeeper()
  client = await createZooKeeper().connect({ connectString: server.connectString })
  tree = new LiveTree(client)
})
afterAll(async () => {
  await client?.close()
  await server?.stop()
})
beforeEach(async () => {
  services = await createTestServices({ zookeeper: watched(createZooKeeper()), archives: createFileArchives() })
  await addTestPeople(services)
  context = services.contextFor('admin')
  clusterId = (await addCluster(context, { name: 'demo', connectString: server.connectString })).id
  await tree.create('/app')
  for (const { path, data } of VALUES) await tree.create(path, data)
})
afterEach(async () => {
  onFirstBatch = null
  await services.close()
  await tree.clear()
})

async function planOfLostValues(): Promise<{ restoreId: string; backupId: string }> {
  const { jobId } = await startBackup(context, { clusterId, paths: [] })
  await workOffJobs(services)
  const backupId = (await getJob(context, jobId)).subjectId ?? ''
  for (const { path } of VALUES) await tree.remove(path)
  await armCluster(context, { clusterId, minutes: 15, reason: 'test' })
  const { restoreId } = await createRestore(context, {
    clusterId,
    source: `backup:${backupId}`,
    selection: { kind: 'all' },
  })
  await workOffJobs(services)
  return { restoreId, backupId }
}

async function confirm(restoreId: string): Promise<void> {
  const { plan } = await getRestore(context, restoreId)
  await confirmRestore(context, { restoreId, planHash: plan?.hash ?? '', typedName: 'demo', reason: 'a test' })
}

async function pauseInTheMiddle(): Promise<{ restoreId: string; backupId: string }> {
  const made = await planOfLostValues()
  onFirstBatch = () => pauseRestore(context, made.restoreId)
  await confirm(made.restoreId)
  await workOffJobs(services)
  return made
}

async function differencesFrom(backupId: string) {
  const { diffId } = await startDiff(context, { left: `backup:${backupId}`, right: `live:${clusterId}` })
  await workOffJobs(services)
  return (await getDiff(context, diffId)).summary
}

const resume = async (restoreId: string) => {
  await resumeRestore(context, restoreId)
  await workOffJobs(services)
  return getRestore(context, restoreId)
}

describe('a restore that is paused in the middle', () => {
  it('loses nothing that was on its way, frees its worker, and goes on to the exact target', async () => {
    const { restoreId, backupId } = await pauseInTheMiddle()
    const paused = await getRestore(context, restoreId)
    expect(paused).toMatchObject({
      state: 'paused',
      pausedAt: new Date(services.clock.now()).toISOString(),
      pauseRequested: false,
      finishedAt: null,
      report: { verified: null, conflicts: [] },
      canResume: { ok: true },
      canPause: { ok: false },
    })
    const applied = paused.report?.applied ?? 0
    expect(applied).toBeGreaterThanOrEqual(1)
    expect(applied).toBeLessThanOrEqual(WINDOW)
    expect((await tree.namesOf('/app')).length).toBe(applied)
    expect(await getJob(context, paused.jobId ?? '')).toMatchObject({
      state: 'cancelled',
      error: { code: 'RESTORE_PAUSED' },
    })
    // Other work goes on meanwhile.
    expect(await differencesFrom(backupId)).toMatchObject({ removed: VALUES.length - applied, changed: 0 })

    expect(await resume(restoreId)).toMatchObject({
      state: 'succeeded',
      pausedAt: null,
      report: { applied: VALUES.length, verified: true },
    })
    expect(await differencesFrom(backupId)).toMatchObject({ added: 0, removed: 0, changed: 0 })
    const audit = (await services.readAudit()).filter((entry) => entry.action.startsWith('restore.'))
    expect(audit.map((entry) => `${entry.action} ${entry.outcome}`)).toEqual([
      'restore.plan ok',
      'restore.confirm ok',
      'restore.run started',
      'restore.pause ok',
      'restore.run ok',
      'restore.resume ok',
      'restore.run started',
      'restore.run ok',
    ])
    expect(audit[4]).toMatchObject({ after: { state: 'paused', applied } })
  })

  it('lists what somebody wrote during the pause as a conflict, and reaches the target when that is gone', async () => {
    const { restoreId, backupId } = await pauseInTheMiddle()
    const { path } = VALUES.at(-1) ?? { path: '' }
    await tree.create(path, 'theirs')
    expect(await resume(restoreId)).toMatchObject({
      state: 'conflict',
      report: { conflicts: [{ path, reason: 'exists' }] },
    })
    expect(await tree.text(path)).toBe('theirs')
    await tree.remove(path)
    expect((await resume(restoreId)).state).toBe('succeeded')
    expect(await differencesFrom(backupId)).toMatchObject({ added: 0, removed: 0, changed: 0 })
  })

  it('writes nothing more to a cluster that was disarmed during the pause', async () => {
    const { restoreId } = await pauseInTheMiddle()
    await disarmCluster(context, { clusterId })
    const before = await tree.namesOf('/app')
    expect((await getRestore(context, restoreId)).canResume).toMatchObject({ ok: false })
    await expect(resumeRestore(context, restoreId)).rejects.toMatchObject({ code: 'CLUSTER_READ_ONLY' })
    expect(await workOffJobs(services)).toBe(0)
    expect(await tree.namesOf('/app')).toEqual(before)
    expect((await getRestore(context, restoreId)).state).toBe('paused')
  })

  it('is taken back instead, exactly as far as it went, and cannot go on then', async () => {
    const { restoreId } = await pauseInTheMiddle()
    const undo = await startUndo(context, restoreId)
    await workOffJobs(services)
    await expect(resumeRestore(context, restoreId)).rejects.toMatchObject({ code: 'WRONG_STATE' })
    await confirm(undo.restoreId)
    await workOffJobs(services)
    expect((await getRestore(context, undo.restoreId)).state).toBe('succeeded')
    expect(await tree.namesOf('/app')).toEqual([])
  })

  it('is dropped for good when it is stopped', async () => {
    const { restoreId } = await pauseInTheMiddle()
    await cancelRestore(context, restoreId)
    expect(await getRestore(context, restoreId)).toMatchObject({ state: 'cancelled', pausedAt: null })
  })
})

describe('a wish to pause', () => {
  it('of one who may not is refused and on record', async () => {
    const { restoreId } = await planOfLostValues()
    await confirm(restoreId)
    await expect(pauseRestore(services.contextFor('viewer'), restoreId)).rejects.toMatchObject({ code: 'FORBIDDEN' })
    expect((await services.readAudit()).at(-1)).toMatchObject({ action: 'restore.pause', outcome: 'denied' })
    expect((await getRestore(context, restoreId)).state).toBe('queued')
  })

  it('before a worker has begun pauses at once: nothing is written', async () => {
    const { restoreId, backupId } = await planOfLostValues()
    await confirm(restoreId)
    await pauseRestore(context, restoreId)
    expect(await workOffJobs(services)).toBe(0)
    expect(await getRestore(context, restoreId)).toMatchObject({ state: 'paused', safetyBackupId: null })
    expect(await tree.namesOf('/app')).toEqual([])
    expect((await resume(restoreId)).state).toBe('succeeded')
    expect(await differencesFrom(backupId)).toMatchObject({ added: 0, removed: 0, changed: 0 })
  })

  it('that comes twice, or to a run that has ended, is refused with the reason', async () => {
    const { restoreId } = await planOfLostValues()
    const refusals: unknown[] = []
    onFirstBatch = async () => {
      await pauseRestore(context, restoreId)
      refusals.push(await pauseRestore(context, restoreId).catch((error: unknown) => error))
    }
    await confirm(restoreId)
    await workOffJobs(services)
    expect(refusals).toMatchObject([{ code: 'WRONG_STATE', message: 'It pauses before its next batch' }])
    expect((await resume(restoreId)).state).toBe('succeeded')
    await expect(pauseRestore(context, restoreId)).rejects.toMatchObject({ code: 'WRONG_STATE' })
  })
})
