import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { claimJob } from '../../jobs/claim-job.ts'
import { LEASE_MS } from '../../jobs/definitions.ts'
import { createTestServices, type TestServices } from '../../testing/service-context.ts'
import { addCluster } from '../clusters/add-cluster.ts'
import { removeCluster } from '../clusters/remove-cluster.ts'
import type { ServiceContext } from '../context.ts'
import { getDrillSchedule } from './get-drill-schedule.ts'
import { runDueDrills } from './run-due-drills.ts'
import { setDrillSchedule } from './set-drill-schedule.ts'

vi.setConfig({ testTimeout: 30_000, hookTimeout: 30_000 })

const HOUR_MS = 3_600_000
const scratch = {
  findFault: async () => 'there is no Java in PATH',
  freeBytes: async () => 0,
  start: async () => Promise.reject(new Error('the clock starts no server')),
  sweep: async () => 0,
}

let services: TestServices
let admin: ServiceContext
let clusterId: string

beforeEach(async () => {
  services = await createTestServices({ scratch })
  admin = services.contextFor('admin')
  clusterId = (
    await addCluster(admin, {
      name: 'orders',
      connectString: 'zk1:2181',
      environment: 'production',
      auth: { kind: 'none' },
    })
  ).id
})
afterEach(() => services.close())

const schedule = (more: object = {}) => setDrillSchedule(admin, { clusterId, enabled: true, everyHours: 24, ...more })
const view = () => getDrillSchedule(admin, clusterId)
const jobs = () => admin.db.job.findMany({ where: { kind: 'drill' }, orderBy: { createdAt: 'asc' } })

async function addBackup(id: string, more: object = {}): Promise<void> {
  await admin.db.backup.create({
    data: {
      id,
      clusterId,
      clusterName: 'orders',
      source: 'files',
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
      dir: `orders/${id}`,
      manifest: {},
      takenAt: new Date(services.clock.now()),
      durationMs: 1,
      ...more,
    },
  })
  services.clock.advance(1000)
}

describe('drills by the clock', () => {
  test('are off until somebody who may switches them on, and that is on record', async () => {
    expect(await view()).toEqual({
      enabled: false,
      everyHours: 24,
      limitMinutes: 60,
      nextRunAt: null,
      lastRunAt: null,
      lastTurn: null,
      fault: 'there is no Java in PATH',
    })
    await addBackup('b1')
    expect(await runDueDrills(admin, 'w1')).toBe(false)
    const operator = services.contextFor('operator')
    await expect(setDrillSchedule(operator, { clusterId, enabled: true })).rejects.toMatchObject({ code: 'FORBIDDEN' })
    await expect(schedule({ everyHours: 0 })).rejects.toMatchObject({ code: 'INVALID_INPUT' })
    await schedule({ limitMinutes: 5 })
    const entries = (await services.readAudit()).filter(({ action }) => action === 'backup.schedule-drill')
    expect(entries.map(({ outcome }) => outcome)).toEqual(['denied', 'ok'])
    expect(entries.at(-1)).toMatchObject({
      before: { enabled: false },
      after: { enabled: true, everyHours: 24, limitMinutes: 5 },
    })
  })

  test('queue one drill of the newest good backup at once, for one worker of several, and the next a day later', async () => {
    await addBackup('old')
    await addBackup('newest')
    await addBackup('damaged', { verifyOk: false })
    await addBackup('part', { status: 'partial' })
    await schedule({ limitMinutes: 5 })
    const ran = await Promise.all(['w1', 'w2', 'w3'].map((owner) => runDueDrills(admin, owner)))
    expect(ran).toContain(true)
    expect(await runDueDrills(admin, 'w1')).toBe(false)
    expect(await jobs()).toMatchObject([
      { subjectId: 'newest', clusterId, payload: { backupId: 'newest', limitMinutes: 5 }, state: 'queued' },
    ])
    const { nextRunAt, lastRunAt, lastTurn } = await view()
    expect(lastTurn).toBe('started')
    expect(Date.parse(nextRunAt ?? '') - Date.parse(lastRunAt ?? '')).toBe(24 * HOUR_MS)
    expect((await services.readAudit()).at(-1)).toMatchObject({ action: 'backup.drill', outcome: 'ok' })
  })

  test('that were missed for days are made up by one', async () => {
    await addBackup('b1')
    await schedule()
    await runDueDrills(admin, 'w1')
    await admin.db.job.updateMany({ data: { state: 'succeeded' } })
    services.clock.advance(5 * 24 * HOUR_MS)
    await addBackup('b2')
    expect(await runDueDrills(admin, 'w1')).toBe(true)
    expect(await runDueDrills(admin, 'w1')).toBe(false)
    expect((await jobs()).map(({ subjectId }) => subjectId)).toEqual(['b1', 'b2'])
    expect(Date.parse((await view()).nextRunAt ?? '')).toBe(services.clock.now() + 24 * HOUR_MS)
  })

  test.each([
    ['no-backup', null, []],
    ['proved-already', { drillOk: true }, []],
    ['failed-already', { drillOk: false }, []],
    ['at-work', {}, ['queued']],
  ])('start nothing where there is nothing to prove: %s', async (turn, backup, states) => {
    if (backup) await addBackup('b1', backup)
    for (const state of states) {
      await admin.db.job.create({
        data: {
          id: 'j1',
          kind: 'drill',
          state,
          subjectId: 'b1',
          payload: {},
          actorId: 'x',
          actorName: 'x',
          attemptsMax: 1,
          runAfter: new Date(0),
        },
      })
    }
    await schedule()
    expect(await runDueDrills(admin, 'w1')).toBe(true)
    expect((await view()).lastTurn).toBe(turn)
    expect(await jobs()).toHaveLength(states.length)
    expect(await runDueDrills(admin, 'w1')).toBe(false)
  })

  test('of a worker that died in the middle are taken over when its lease has run out', async () => {
    await addBackup('b1')
    await schedule()
    await admin.db.drillSchedule.update({
      where: { clusterId },
      data: { leaseOwner: 'dead', leaseUntil: new Date(services.clock.now() + LEASE_MS) },
    })
    expect(await runDueDrills(admin, 'w1')).toBe(false)
    services.clock.advance(LEASE_MS + 1)
    expect(await runDueDrills(admin, 'w1')).toBe(true)
    expect(await jobs()).toHaveLength(1)
  })

  test('end with their cluster', async () => {
    await addBackup('b1')
    await schedule()
    await removeCluster(admin, { clusterId, typedName: 'orders' })
    expect(await runDueDrills(admin, 'w1')).toBe(true)
    expect(await runDueDrills(admin, 'w1')).toBe(false)
    expect(await jobs()).toEqual([])
  })
})

test('a worker that has a drill at work claims what else waits', async () => {
  for (const [id, kind] of [
    ['j1', 'drill'],
    ['j2', 'verify'],
  ] as const) {
    await admin.db.job.create({
      data: { id, kind, payload: {}, actorId: 'x', actorName: 'x', attemptsMax: 1, runAfter: new Date(0) },
    })
  }
  const nowMs = services.clock.now()
  expect(await claimJob(admin.db, { owner: 'w1', nowMs, except: ['drill'] })).toMatchObject({ id: 'j2' })
  expect(await claimJob(admin.db, { owner: 'w1', nowMs, except: ['drill'] })).toBeNull()
  expect(await claimJob(admin.db, { owner: 'w2', nowMs, except: [] })).toMatchObject({ id: 'j1' })
})
