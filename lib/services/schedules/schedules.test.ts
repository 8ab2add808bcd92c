import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { claimJob } from '../../jobs/claim-job.ts'
import { LEASE_MS } from '../../jobs/definitions.ts'
import { createTestServices, type TestServices } from '../../testing/service-context.ts'
import { createQueue } from '../../worker/queue.ts'
import { startBackup } from '../backups/start-backup.ts'
import { addCluster } from '../clusters/add-cluster.ts'
import { removeCluster } from '../clusters/remove-cluster.ts'
import type { ServiceContext } from '../context.ts'
import { retryJob } from '../jobs/retry-job.ts'
import { mendDueRows } from '../mend-due-rows.ts'
import { createSchedule } from './create-schedule.ts'
import { listScheduleRuns } from './list-schedule-runs.ts'
import { getSchedule, listSchedules } from './list-schedules.ts'
import { pauseSchedule } from './pause-schedule.ts'
import { removeSchedule } from './remove-schedule.ts'
import { runDueSchedules } from './run-due-schedules.ts'
import { startScheduleRun } from './start-schedule-run.ts'
import { updateSchedule } from './update-schedule.ts'

vi.setConfig({ testTimeout: 30_000, hookTimeout: 30_000 })

let services: TestServices
let operator: ServiceContext
let clock: ServiceContext
let clusterId: string

beforeEach(async () => {
  services = await createTestServices({})
  operator = services.contextFor('operator')
  clock = services.contextOf({ kind: 'system', id: null, name: 'schedule', role: 'admin' })
  clusterId = await addNamed('orders')
})
afterEach(() => services.close())

async function addNamed(name: string): Promise<string> {
  const { id } = await addCluster(services.contextFor('admin'), {
    name,
    connectString: 'zk1:2181',
    environment: 'production',
    auth: { kind: 'none' },
  })
  return id
}

const HOURLY = { name: 'hourly', cron: '0 * * * *', timeZone: 'UTC' }
const create = async (more: object = {}) =>
  (await createSchedule(operator, { clusterId, ...HOURLY, sources: ['client'], ...more })).scheduleId
/** All that is due now, by several workers at once. */
async function work(): Promise<void> {
  for (let busy = true; busy; ) {
    busy = (await Promise.all(['w1', 'w2', 'w3'].map((owner) => runDueSchedules(clock, owner)))).some(Boolean)
  }
}
const to = (time: string) => services.clock.advance(Date.parse(time) - services.clock.now())
const jobs = () => operator.db.job.findMany({ where: { kind: 'backup' }, orderBy: { createdAt: 'asc' } })
const endJobs = () => operator.db.job.updateMany({ data: { state: 'succeeded' } })
const runs = async () =>
  (await listScheduleRuns(operator, { clusterId })).runs.map(({ kind, state, dueAt, missed }) => ({
    kind,
    state,
    due: dueAt.slice(5, 16),
    missed: missed && [missed.count, missed.from.slice(5, 16), missed.to.slice(5, 16)],
  }))
const run = (state: string, due: string, kind = 'due', missed: unknown = null) => ({ kind, state, due, missed })

describe('a schedule', () => {
  test('is set by who may, on record as it was and is, and refused by name of the field', async () => {
    await expect(
      createSchedule(services.contextFor('viewer'), { clusterId, ...HOURLY, sources: ['client'] }),
    ).rejects.toMatchObject({ code: 'FORBIDDEN' })
    await expect(create({ cron: '61 * * * *' })).rejects.toMatchObject({
      details: { fields: { cron: expect.any(String) } },
    })
    await expect(create({ timeZone: 'Mars/Base' })).rejects.toMatchObject({
      details: { fields: { timeZone: expect.any(String) } },
    })
    await expect(create({ sources: ['client', 'client'] })).rejects.toMatchObject({ code: 'INVALID_INPUT' })
    await expect(create({ paths: ['no path'] })).rejects.toMatchObject({ code: 'BAD_PATH' })
    const scheduleId = await create({ paths: ['/b', '/a', '/a/x'] })
    await expect(create()).rejects.toMatchObject({ code: 'NAME_TAKEN' })
    expect(await getSchedule(operator, scheduleId)).toMatchObject({
      name: 'hourly',
      words: 'Every hour, every day',
      scopePaths: ['/a', '/b'],
      sources: ['client'],
      clusterName: 'orders',
      nextRuns: ['04', '05', '06', '07', '08'].map((hour) => `2026-01-02T${hour}:00:00.000Z`),
      longestGap: { ms: 3_600_000 },
      warnings: [],
      lastRun: null,
    })
    await updateSchedule(operator, { scheduleId, ...HOURLY, name: 'nightly', cron: '@daily', timeZone: 'Asia/Tokyo' })
    expect(await getSchedule(operator, scheduleId)).toMatchObject({
      cron: '0 0 * * *',
      scopePaths: ['/'],
      nextRuns: expect.arrayContaining(['2026-01-02T15:00:00.000Z']),
    })
    await removeSchedule(operator, { scheduleId })
    const audit = (await services.readAudit()).filter(({ action }) => action.startsWith('schedule.'))
    expect(audit.map(({ action, outcome }) => `${action} ${outcome}`)).toEqual([
      'schedule.create denied',
      'schedule.create ok',
      'schedule.create failed',
      'schedule.update ok',
      'schedule.remove ok',
    ])
    expect(audit[3]).toMatchObject({
      before: { name: 'hourly', cron: '0 * * * *', timeZone: 'UTC', paths: ['/a', '/b'] },
      after: { name: 'nightly', cron: '0 0 * * *', timeZone: 'Asia/Tokyo', paths: ['/'] },
    })
    await expect(getSchedule(operator, scheduleId)).rejects.toMatchObject({ code: 'NOT_FOUND' })
  })

  test('starts one backup at each of its times, however many workers look', async () => {
    const scheduleId = await create({ paths: ['/a'], note: 'by the clock' })
    to('2026-01-02T03:59:59Z')
    await work()
    expect(await jobs()).toEqual([])
    for (const hour of ['04', '05', '06']) {
      to(`2026-01-02T${hour}:00:00Z`)
      await work()
      await work()
      await endJobs()
    }
    expect(await runs()).toEqual([
      run('waiting', '01-02T06:00'),
      run('waiting', '01-02T05:00'),
      run('waiting', '01-02T04:00'),
    ])
    const [first, ...more] = await jobs()
    expect(more).toHaveLength(2)
    expect(first).toMatchObject({
      clusterId,
      actorName: 'schedule',
      payload: {
        paths: ['/a'],
        sources: ['client'],
        note: 'by the clock',
        schedule: { id: scheduleId, name: 'hourly' },
      },
    })
    const audit = (await services.readAudit()).filter(({ action }) => action === 'backup.start')
    expect(audit.map(({ outcome, actorName }) => [outcome, actorName])).toEqual(Array(3).fill(['ok', 'schedule']))
    const [row] = await operator.db.scheduleRun.findMany({ take: 1 })
    await expect(
      operator.db.scheduleRun.create({ data: { ...row, id: 'x', backupId: 'x' } as never }),
    ).rejects.toMatchObject({
      code: 'P2002',
    })
  })

  test('begins with its own jitter, at the time that its page tells', async () => {
    const scheduleId = await create({ jitterMinutes: 30 })
    const [at = ''] = (await getSchedule(operator, scheduleId)).nextRuns
    expect(at > '2026-01-02T04:00' && at < '2026-01-02T04:30').toBe(true)
    services.clock.advance(Date.parse(at) - services.clock.now() - 1)
    await work()
    expect(await jobs()).toEqual([])
    services.clock.advance(1)
    await work()
    expect(await runs()).toEqual([run('waiting', '01-02T04:00')])
  })

  test('that nobody served is made up once, with all that was missed told', async () => {
    await create()
    to('2026-01-02T09:20:00Z')
    await work()
    expect(await runs()).toEqual([run('waiting', '01-02T09:00', 'make-up', [6, '01-02T04:00', '01-02T09:00'])])
    expect((await listScheduleRuns(operator, { clusterId })).runs[0]?.reason).toContain('No worker was there')
    expect(await jobs()).toHaveLength(1)
    await endJobs()
    to('2026-01-02T10:00:00Z')
    await work()
    // Just before the next one nothing is made up, and that is told too.
    await endJobs()
    to('2026-01-02T12:50:00Z')
    await work()
    expect((await runs()).slice(0, 2)).toEqual([
      run('missed', '01-02T12:00', 'due', [2, '01-02T11:00', '01-02T12:00']),
      run('waiting', '01-02T10:00'),
    ])
    expect((await listScheduleRuns(operator, { clusterId })).runs[0]?.reason).toContain('the next run is due')
    expect(await jobs()).toHaveLength(2)
  })

  test('starts nothing while it is paused, and makes up once what came due', async () => {
    const scheduleId = await create()
    await pauseSchedule(operator, { scheduleId, until: '2026-01-02T08:30:00Z' })
    expect(await getSchedule(operator, scheduleId)).toMatchObject({
      pausedUntil: '2026-01-02T08:30:00.000Z',
      nextRuns: expect.arrayContaining(['2026-01-02T09:00:00.000Z']),
    })
    for (const time of ['04:00', '06:00', '08:29']) {
      to(`2026-01-02T${time}:00Z`)
      await work()
    }
    expect(await runs()).toEqual([])
    to('2026-01-02T08:30:00Z')
    await work()
    expect(await runs()).toEqual([run('waiting', '01-02T08:00', 'make-up', [5, '01-02T04:00', '01-02T08:00'])])
    expect((await listScheduleRuns(operator, { clusterId })).runs[0]?.reason).toBe('The schedule was paused')
    await expect(pauseSchedule(operator, { scheduleId, until: '2026-01-01T00:00:00Z' })).rejects.toMatchObject({
      code: 'INVALID_INPUT',
    })
    await pauseSchedule(operator, { scheduleId, until: '2026-01-03T00:00:00Z' })
    await pauseSchedule(operator, { scheduleId, until: null })
    expect(await getSchedule(operator, scheduleId)).toMatchObject({ pausedUntil: null })
  })

  test('that is switched on again or changed makes nothing up', async () => {
    const scheduleId = await create()
    await updateSchedule(operator, { scheduleId, ...HOURLY, enabled: false })
    to('2026-01-02T09:20:00Z')
    await work()
    expect(await getSchedule(operator, scheduleId)).toMatchObject({ enabled: false, nextRuns: [] })
    await updateSchedule(operator, { scheduleId, ...HOURLY, enabled: true })
    await work()
    expect(await runs()).toEqual([])
    to('2026-01-02T10:00:00Z')
    await work()
    expect(await runs()).toEqual([run('waiting', '01-02T10:00')])
  })

  test('of a worker that died in the middle is taken over, and a change fences off who is at it', async () => {
    const scheduleId = await create()
    to('2026-01-02T04:00:00Z')
    await operator.db.schedule.update({
      where: { id: scheduleId },
      data: { leaseOwner: 'dead', leaseToken: 7, leaseUntil: new Date(services.clock.now() + LEASE_MS) },
    })
    await work()
    expect(await jobs()).toEqual([])
    services.clock.advance(LEASE_MS + 1)
    // Changed between the claim and the transaction.
    const db = new Proxy(clock.db, {
      get: (target, key) =>
        key !== '$transaction'
          ? Reflect.get(target, key)
          : async (...args: Parameters<typeof target.$transaction>) => {
              await pauseSchedule(operator, { scheduleId, until: '2026-01-02T05:30:00Z' })
              return target.$transaction(...args)
            },
    })
    const slow: ServiceContext = { ...clock, db }
    await expect(runDueSchedules(slow, 'w1')).rejects.toMatchObject({ code: 'WRONG_STATE' })
    expect(await jobs()).toEqual([])
    expect(await runs()).toEqual([])
    to('2026-01-02T05:30:00Z')
    await work()
    expect(await jobs()).toHaveLength(1)
  })

  test('ends with its cluster, and is seen by those only who see it', async () => {
    const other = await addNamed('secret')
    await createSchedule(operator, { clusterId: other, ...HOURLY, sources: ['client'] })
    await create()
    await removeCluster(services.contextFor('admin'), { clusterId, typedName: 'orders' })
    to('2026-01-02T04:00:00Z')
    await work()
    expect(await jobs()).toMatchObject([{ clusterId: other }])
    expect((await listSchedules(operator)).map(({ clusterName }) => clusterName)).toEqual(['secret'])
    const blind = services.contextOf({
      kind: 'user',
      id: 'b',
      name: 'B',
      role: 'viewer',
      clusterRoles: { [other]: 'none' },
    })
    expect(await listSchedules(blind)).toEqual([])
    expect((await listScheduleRuns(blind, {})).runs).toEqual([])
  })
})

describe('never two backups of a cluster at a time', () => {
  test('a run that comes due meanwhile waits once, or is skipped, as the schedule says', async () => {
    await create()
    await create({ name: 'skipping', overlap: 'skip' })
    await startBackup(operator, { clusterId })
    for (const hour of ['04', '05']) {
      to(`2026-01-02T${hour}:00:00Z`)
      await work()
    }
    const { runs: all } = await listScheduleRuns(operator, { clusterId })
    expect(all.map(({ scheduleName, state }) => `${scheduleName} ${state}`).sort()).toEqual([
      'hourly skipped',
      'hourly waiting',
      'skipping skipped',
      'skipping skipped',
    ])
    expect(all.find(({ state }) => state === 'waiting')?.reason).toContain('asked for by operator one')
    expect(all.find(({ scheduleName, state }) => scheduleName === 'hourly' && state === 'skipped')?.reason).toContain(
      'The run due 2026-01-02 04:00:00 UTC still waited',
    )
    expect(await jobs()).toHaveLength(2)
  })

  test('workers take one of a cluster, whoever asked, and the next when it has ended', async () => {
    const other = await addNamed('other')
    const scheduleId = await create()
    await startBackup(operator, { clusterId })
    await startScheduleRun(operator, scheduleId)
    services.clock.advance(1)
    await startScheduleRun(operator, scheduleId)
    await startBackup(operator, { clusterId: other })
    const claim = () =>
      Promise.all(['a', 'b', 'c'].map((owner) => claimJob(operator.db, { owner, nowMs: services.clock.now() })))
    const first = (await claim()).filter((job) => job !== null)
    expect(first.map((job) => job.clusterId).sort()).toEqual([clusterId, other].sort())
    expect(await claim()).toEqual([null, null, null])
    const queue = createQueue(operator.db, operator.clock, { name: 'x', host: 'h', pid: 1 })
    for (const job of first) await queue.settle(job, { state: 'failed', error: { code: 'X', message: 'no' } })
    expect((await claim()).filter(Boolean)).toHaveLength(1)
    services.clock.advance(LEASE_MS + 1)
    await queue.sweep()
    expect((await claim()).filter(Boolean)).toHaveLength(1)
    await expect(
      operator.db.job.updateMany({ where: { state: 'queued' }, data: { holds: `backup ${clusterId}` } }),
    ).rejects.toMatchObject({ code: 'P2002' })
  })

  test('a run ends with its job, in words, and is taken up with it again', async () => {
    await create()
    to('2026-01-02T04:00:00Z')
    await work()
    const queue = createQueue(operator.db, operator.clock, { name: 'w', host: 'h', pid: 1 })
    const job = await queue.claim()
    if (!job) throw new Error('no job')
    services.clock.advance(2500)
    expect((await listScheduleRuns(operator, {})).runs).toMatchObject([{ state: 'running' }])
    await queue.settle(job, { state: 'failed', error: { code: 'CONNECT_REFUSED', message: 'nobody listens' } })
    expect((await listScheduleRuns(operator, {})).runs).toMatchObject([
      { state: 'failed', error: { message: 'nobody listens' }, durationMs: 2500, backupId: null },
    ])
    expect((await listSchedules(operator))[0]?.lastRun).toMatchObject({ state: 'failed' })
    await retryJob(operator, job.id)
    expect((await listScheduleRuns(operator, {})).runs).toMatchObject([{ state: 'waiting', error: null }])
  })
})

test('a cron that is faster than the backups is warned of', async () => {
  const scheduleId = await create({ cron: '* * * * *' })
  await operator.db.backup.create({
    data: {
      id: 'b1',
      clusterId,
      clusterName: 'orders',
      source: 'client',
      purpose: 'manual',
      status: 'complete',
      zxid: 1n,
      zxidFrom: 1n,
      zxidTo: 1n,
      consistency: 'exact',
      scopePaths: ['/'],
      znodes: 1,
      dataBytes: 1n,
      archiveBytes: 1n,
      dir: 'orders/b1',
      manifest: {},
      takenAt: new Date(services.clock.now()),
      durationMs: 180_000,
    },
  })
  expect((await getSchedule(operator, scheduleId)).warnings).toEqual([
    'Runs come 1 min apart, and a backup took 3 min: runs will wait or be skipped. Choose a longer distance.',
  ])
  await updateSchedule(operator, { scheduleId, ...HOURLY })
  expect((await getSchedule(operator, scheduleId)).warnings).toEqual([])
})

test('a clock that stood a year ahead stops no schedule when it is set right, and serves no time twice', async () => {
  await create()
  to('2026-01-02T04:00:00Z')
  await work()
  await endJobs()
  to('2027-01-02T04:00:00Z')
  await work()
  await endJobs()
  const before = await jobs()
  to('2026-01-02T03:58:00Z')
  await mendDueRows(clock)
  await work()
  to('2026-01-02T04:00:00Z')
  await work()
  expect(await jobs()).toHaveLength(before.length)
  to('2026-01-02T05:00:00Z')
  await work()
  expect(await jobs()).toHaveLength(before.length + 1)
})
