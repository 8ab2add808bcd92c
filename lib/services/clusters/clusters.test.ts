import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { createTestServices, type TestServices } from '../../testing/service-context.ts'
import { addCluster } from './add-cluster.ts'
import { armCluster } from './arm-cluster.ts'
import { disarmCluster } from './disarm-cluster.ts'
import { getCluster } from './get-cluster.ts'
import { listClusters } from './list-clusters.ts'
import { assertClusterArmed, getClusterTarget } from './open-cluster.ts'
import { removeCluster } from './remove-cluster.ts'
import { updateCluster } from './update-cluster.ts'

// A database on disk for each test: slow where many test files run at once.
vi.setConfig({ testTimeout: 30_000, hookTimeout: 30_000 })

const PASSWORD = 'planted-password'
const INPUT = {
  name: 'Orders',
  connectString: 'zk1:2181,zk2/app',
  environment: 'production' as const,
  auth: { kind: 'digest' as const, username: 'ark', password: PASSWORD },
}

let services: TestServices
beforeEach(async () => {
  services = await createTestServices()
})
afterEach(() => services.close())

const admin = () => services.contextFor('admin')
const lastEntry = async () => (await services.readAudit()).at(-1)

async function addJob(clusterId: string, state: string) {
  await services.database.client.job.create({
    data: {
      id: `job-${state}`,
      kind: 'backup',
      state,
      clusterId,
      payload: {},
      actorId: 'x',
      actorName: 'x',
      attemptsMax: 1,
      runAfter: new Date(),
    },
  })
}

async function addBackup(clusterId: string, id: string, day: number, more: object = {}) {
  await services.database.client.backup.create({
    data: {
      id,
      clusterId,
      clusterName: 'Orders',
      source: 'client',
      purpose: 'manual',
      status: 'complete',
      zxid: 1n,
      zxidFrom: 1n,
      zxidTo: 1n,
      consistency: 'exact',
      scopePaths: ['/'],
      znodes: 5,
      dataBytes: 1n,
      archiveBytes: 1n,
      dir: `Orders/${id}`,
      manifest: {},
      takenAt: new Date(Date.UTC(2026, 0, day)),
      durationMs: 1,
      ...more,
    },
  })
}

describe('adding', () => {
  test('makes a read-only cluster with sealed credentials, and puts it on record without them', async () => {
    const view = await addCluster(admin(), INPUT)
    expect(view).toMatchObject({
      name: 'Orders',
      authScheme: 'digest',
      environment: 'production',
      sessionTimeoutMs: 30_000,
      requestBytesMax: 1_048_575,
      armedUntil: null,
      isArmed: false,
      lastGoodBackup: null,
      backups: 0,
      runningJobs: 0,
    })
    await expect(assertClusterArmed(admin(), view.id)).rejects.toMatchObject({ code: 'CLUSTER_READ_ONLY' })
    expect(await getClusterTarget(admin(), view.id)).toMatchObject({
      connectString: 'zk1:2181,zk2/app',
      auth: [{ scheme: 'digest', id: `ark:${PASSWORD}` }],
    })
    expect(await lastEntry()).toMatchObject({ action: 'cluster.add', outcome: 'ok', clusterId: view.id })
    const row = await services.database.client.cluster.findUniqueOrThrow({ where: { id: view.id } })
    expect(Buffer.from(row.authSecret ?? []).includes(PASSWORD)).toBe(false)
    const shown = JSON.stringify([view, await listClusters(admin()), await services.readAudit(), services.logLines])
    expect(shown).not.toContain(PASSWORD)
  })

  test('is refused to an operator', async () => {
    await expect(addCluster(services.contextFor('operator'), INPUT)).rejects.toMatchObject({ code: 'FORBIDDEN' })
    expect(await lastEntry()).toMatchObject({ action: 'cluster.add', outcome: 'denied', clusterName: 'Orders' })
    expect(await listClusters(admin())).toEqual([])
  })

  test('of a name that is taken is refused in any case, also at the same moment', async () => {
    const attempts = await Promise.allSettled(
      ['Orders', 'orders', 'ORDERS'].map((name) => addCluster(admin(), { ...INPUT, name })),
    )
    expect(attempts.filter((attempt) => attempt.status === 'fulfilled')).toHaveLength(1)
    for (const attempt of attempts) {
      if (attempt.status === 'rejected') {
        expect(attempt.reason).toMatchObject({ code: 'NAME_TAKEN', details: { fields: { name: expect.any(String) } } })
      }
    }
    expect(await listClusters(admin())).toHaveLength(1)
  })

  test('names the field that is wrong, and never quotes the password', async () => {
    for (const [field, wrong] of [
      ['name', { name: '../etc' }],
      ['connectString', { connectString: 'http://zk:2181' }],
      ['connectString', { connectString: 'zk:99999' }],
      ['connectString', { connectString: 'zk:2181/a//b' }],
      ['sessionTimeoutMs', { sessionTimeoutMs: 1 }],
      ['requestBytesMax', { requestBytesMax: 1 }],
      ['auth.username', { auth: { ...INPUT.auth, username: 'a:b' } }],
      ['auth.password', { auth: { ...INPUT.auth, password: '' } }],
    ] as const) {
      await expect(addCluster(admin(), { ...INPUT, ...wrong }), field).rejects.toMatchObject({
        code: 'INVALID_INPUT',
        message: expect.not.stringContaining(PASSWORD),
        details: { fields: { [field]: expect.any(String) } },
      })
    }
  })
})

describe('editing', () => {
  test('keeps, replaces or removes the credentials as asked, and counts the revision up', async () => {
    const { id } = await addCluster(admin(), INPUT)
    const before = await getClusterTarget(admin(), id)
    await updateCluster(admin(), { ...INPUT, clusterId: id, name: 'orders', note: 'x', auth: { kind: 'keep' } })
    const kept = await getClusterTarget(admin(), id)
    expect(kept.auth).toEqual(before.auth)
    expect(kept.revision).toBe(before.revision + 1)
    await updateCluster(admin(), { ...INPUT, clusterId: id, auth: { ...INPUT.auth, password: 'planted-new' } })
    expect((await getClusterTarget(admin(), id)).auth).toEqual([{ scheme: 'digest', id: 'ark:planted-new' }])
    const view = await updateCluster(admin(), { ...INPUT, clusterId: id, auth: { kind: 'none' } })
    expect(view.authScheme).toBeNull()
    expect((await getClusterTarget(admin(), id)).auth).toEqual([])
    expect(await lastEntry()).toMatchObject({
      action: 'cluster.update',
      outcome: 'ok',
      before: { authScheme: 'digest', revision: 3 },
      after: { authScheme: null, revision: 4, credentialsChanged: true },
    })
    expect(JSON.stringify([await services.readAudit(), services.logLines])).not.toContain('planted')
  })

  test('makes it read-only when it is pointed elsewhere, and leaves it armed otherwise', async () => {
    const { id } = await addCluster(admin(), INPUT)
    await armCluster(admin(), { clusterId: id, minutes: 15 })
    const renamed = await updateCluster(admin(), { ...INPUT, clusterId: id, name: 'Renamed' })
    expect(renamed.isArmed).toBe(true)
    const moved = await updateCluster(admin(), { ...INPUT, clusterId: id, connectString: 'other:2181' })
    expect(moved).toMatchObject({ isArmed: false, armedUntil: null })
  })

  test('is refused to an operator, for a name that is taken, and for a cluster that is not there', async () => {
    const { id } = await addCluster(admin(), INPUT)
    await addCluster(admin(), { ...INPUT, name: 'stock' })
    const edit = { ...INPUT, clusterId: id }
    await expect(updateCluster(services.contextFor('operator'), edit)).rejects.toMatchObject({ code: 'FORBIDDEN' })
    expect(await lastEntry()).toMatchObject({ outcome: 'denied', clusterName: 'Orders' })
    await expect(updateCluster(admin(), { ...edit, name: 'STOCK' })).rejects.toMatchObject({ code: 'NAME_TAKEN' })
    expect(await lastEntry()).toMatchObject({ outcome: 'failed', message: expect.stringContaining('NAME_TAKEN') })
    await expect(updateCluster(admin(), { ...edit, clusterId: 'x' })).rejects.toMatchObject({ code: 'NOT_FOUND' })
  })
})

describe('arming', () => {
  test('allows writes for the minutes asked for, and is on record with its reason', async () => {
    const { id } = await addCluster(admin(), INPUT)
    const operator = services.contextFor('operator')
    const view = await armCluster(operator, { clusterId: id, minutes: 15, reason: 'restore of /app' })
    expect(view).toMatchObject({
      isArmed: true,
      armedUntil: new Date(services.clock.now() + 15 * 60_000).toISOString(),
    })
    expect(await lastEntry()).toMatchObject({
      action: 'cluster.arm',
      outcome: 'ok',
      reason: 'restore of /app',
      before: { armedUntil: null },
      after: { armedUntil: view.armedUntil, minutes: 15 },
    })
    services.clock.advance(15 * 60_000 - 1)
    await expect(assertClusterArmed(operator, id)).resolves.toBeUndefined()
    services.clock.advance(1)
    await expect(assertClusterArmed(operator, id)).rejects.toMatchObject({ code: 'CLUSTER_READ_ONLY' })
    expect((await getCluster(operator, id)).isArmed).toBe(false)
  })

  test('ends at once when it is taken back', async () => {
    const { id } = await addCluster(admin(), INPUT)
    await armCluster(admin(), { clusterId: id, minutes: 480 })
    expect((await disarmCluster(services.contextFor('operator'), { clusterId: id })).isArmed).toBe(false)
    await expect(assertClusterArmed(admin(), id)).rejects.toMatchObject({ code: 'CLUSTER_READ_ONLY' })
    expect(await lastEntry()).toMatchObject({ action: 'cluster.disarm', outcome: 'ok' })
  })

  test('is refused to a viewer and for any other length', async () => {
    const { id } = await addCluster(admin(), INPUT)
    const viewer = services.contextFor('viewer')
    await expect(armCluster(viewer, { clusterId: id, minutes: 15 })).rejects.toMatchObject({ code: 'FORBIDDEN' })
    await expect(disarmCluster(viewer, { clusterId: id })).rejects.toMatchObject({ code: 'FORBIDDEN' })
    await expect(armCluster(admin(), { clusterId: id, minutes: 100_000 })).rejects.toMatchObject({
      code: 'INVALID_INPUT',
    })
    expect((await getCluster(admin(), id)).isArmed).toBe(false)
  })
})

describe('removing', () => {
  test('needs the typed name and no jobs; then the secret is gone, the name free and the history kept', async () => {
    const { id } = await addCluster(admin(), INPUT)
    await addBackup(id, 'b1', 1)
    await expect(removeCluster(admin(), { clusterId: id, typedName: 'orders' })).rejects.toMatchObject({
      code: 'CONFIRMATION_MISMATCH',
    })
    await addJob(id, 'queued')
    await expect(removeCluster(admin(), { clusterId: id, typedName: 'Orders' })).rejects.toMatchObject({
      code: 'WRONG_STATE',
    })
    await services.database.client.job.deleteMany()
    await removeCluster(admin(), { clusterId: id, typedName: 'Orders' })
    expect(await lastEntry()).toMatchObject({ action: 'cluster.remove', outcome: 'ok', clusterName: 'Orders' })
    await expect(getCluster(admin(), id)).rejects.toMatchObject({ code: 'NOT_FOUND' })
    await expect(getClusterTarget(admin(), id)).rejects.toMatchObject({ code: 'NOT_FOUND' })
    const { client } = services.database
    expect(await client.cluster.findUnique({ where: { id } })).toMatchObject({
      authSecret: null,
      authScheme: null,
      tlsKey: null,
      adminAuthSecret: null,
      adminTlsKey: null,
    })
    expect(await client.backup.count({ where: { clusterId: id } })).toBe(1)
    await addCluster(admin(), INPUT)
    expect(await listClusters(admin())).toHaveLength(1)
  })

  test('is refused to an operator', async () => {
    const { id } = await addCluster(admin(), INPUT)
    const attempt = removeCluster(services.contextFor('operator'), { clusterId: id, typedName: 'Orders' })
    await expect(attempt).rejects.toMatchObject({ code: 'FORBIDDEN' })
    expect(await lastEntry()).toMatchObject({ outcome: 'denied', clusterName: 'Orders' })
    expect(await listClusters(admin())).toHaveLength(1)
  })
})

describe('listing', () => {
  test('shows the newest backup that is complete, asked for and not damaged, and what runs', async () => {
    const { id } = await addCluster(admin(), INPUT)
    await addBackup(id, 'good', 1, { verifyOk: true })
    await addBackup(id, 'partial', 2, { status: 'partial' })
    await addBackup(id, 'safety', 3, { purpose: 'safety' })
    await addBackup(id, 'damaged', 4, { verifyOk: false })
    await addBackup(id, 'deleted', 5, { deletedAt: new Date() })
    for (const state of ['queued', 'running', 'failed']) await addJob(id, state)
    expect(await listClusters(services.contextFor('viewer'))).toMatchObject([
      {
        lastGoodBackup: { id: 'good', takenAt: '2026-01-01T00:00:00.000Z', znodes: 5, verifyOk: true },
        backups: 4,
        runningJobs: 2,
      },
    ])
  })
})
