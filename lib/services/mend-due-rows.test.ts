import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { createTestServices, type TestServices } from '../testing/service-context.ts'
import type { ServiceContext } from './context.ts'
import { ClockWatch, DUE_ROWS, mendDueRows } from './mend-due-rows.ts'

vi.setConfig({ testTimeout: 30_000, hookTimeout: 30_000 })

const MINUTE = 60_000
const HOUR = 60 * MINUTE
const DAY = 24 * HOUR

let services: TestServices
let system: ServiceContext
beforeEach(async () => {
  services = await createTestServices()
  system = services.contextOf({ kind: 'system', id: null, name: 'worker', role: 'admin' })
})
afterEach(() => services.close())

interface Times {
  readonly nextRunAt: Date
  readonly leaseUntil: Date | null
}
interface DueTable {
  /** The furthest away that a clock that is right sets it. */
  readonly longestMs: number
  write(times: Times): Promise<unknown>
}

const tables = (): Readonly<Record<Exclude<keyof typeof DUE_ROWS, 'Schedule'>, DueTable>> => {
  const { db } = system
  const clusterId = 'c'
  const dayStartedAt = new Date(services.clock.now())
  const longest = (longestMs: number, write: DueTable['write']): DueTable => ({ longestMs, write })
  return {
    KeepRun: longest(25 * HOUR, (data) => db.keepRun.create({ data: { clusterId, ...data } })),
    RereadSchedule: longest(25 * HOUR, (data) =>
      db.rereadSchedule.create({ data: { clusterId, dayStartedAt, ...data } }),
    ),
    Store: longest(6 * HOUR, (data) =>
      db.store.create({ data: { id: 's', name: 's', kind: 's3', settings: {}, ...data } }),
    ),
    Migration: longest(2 * HOUR, (data) =>
      db.migration.create({
        data: {
          id: 'm',
          sourceId: 'a',
          sourceName: 'a',
          targetId: 'b',
          targetName: 'b',
          sourcePath: '/',
          targetPath: '/',
          mode: 'mirror',
          options: {},
          addresses: {},
          everySeconds: 7200,
          createdById: 'u',
          createdAt: dayStartedAt,
          ...data,
        },
      }),
    ),
    AuditWatch: longest(MINUTE, (data) => db.auditWatch.create({ data: { id: 1, ...data } })),
    AuditForward: longest(5 * MINUTE, (data) =>
      db.auditForward.create({ data: { id: 'webhook', url: 'https://x', cursor: 0, ...data } }),
    ),
    LogKeeping: longest(HOUR, (data) =>
      db.logKeeping.create({ data: { clusterId, enabled: true, everySeconds: 3600, ...data } }),
    ),
    LogMirror: longest(2 * MINUTE, (data) =>
      db.logMirror.create({ data: { id: 'm', clusterId, storeId: 's', ...data } }),
    ),
    DrillSchedule: longest(7 * DAY, (data) =>
      db.drillSchedule.create({ data: { clusterId, enabled: true, everyHours: 168, limitMinutes: 1, ...data } }),
    ),
    HealthWatch: longest(10 * MINUTE, (data) =>
      db.healthWatch.create({ data: { clusterId, everySeconds: 600, ...data } }),
    ),
    DriftWatch: longest(3 * HOUR, (data) =>
      db.driftWatch.create({
        data: { clusterId, enabled: true, backupId: 'b', everyMinutes: 180, znodesMax: 1, ...data },
      }),
    ),
    ClusterFollow: longest(10 * MINUTE, (data) =>
      db.clusterFollow.create({ data: { clusterId, enabled: true, quorumServers: 'zk1:2888', ...data } }),
    ),
    FollowDrift: longest(10 * MINUTE, (data) =>
      db.followDrift.create({ data: { clusterId, backupId: 'b', state: 'counting', ...data } }),
    ),
    AlertDelivery: longest(HOUR, async (data) => {
      const at = new Date(services.clock.now())
      const told = { rule: 'drift', severity: 'info', title: 't', text: 't', about: 'drift' }
      await db.alert.create({ data: { id: 'a', key: 'k', state: 'firing', since: at, ...told } })
      const channel = { kind: 'webhook', enabled: true, leastSeverity: 'info', settings: {}, createdAt: at }
      await db.alertChannel.create({ data: { id: 'h', name: 'h', ...channel } })
      const row = { id: 'd', alertId: 'a', channelId: 'h', event: 'firing', payload: {}, state: 'waiting' }
      await db.alertDelivery.create({ data: { ...row, createdAt: at, ...data } })
    }),
    AlertWatch: longest(MINUTE, (data) => db.alertWatch.create({ data: { id: 1, ...data } })),
    CertificateWatch: longest(HOUR, (data) => db.certificateWatch.create({ data: { clusterId, ...data } })),
  }
}

/** The one row of a table, whatever its key is called. */
async function read(table: string): Promise<Times | undefined> {
  const model: unknown = Reflect.get(system.db, `${table.charAt(0).toLowerCase()}${table.slice(1)}`)
  // Every model of the table has a findFirst, and both columns.
  return (await (model as { findFirst(): Promise<Times | null> }).findFirst()) ?? undefined
}

test.each(Object.keys(DUE_ROWS).filter((name) => name !== 'Schedule'))(
  '%s: a next time that its own interval allows stays, one that it does not is now, and so are impossible leases',
  async (name) => {
    const table = tables()[name as Exclude<keyof typeof DUE_ROWS, 'Schedule'>]
    const now = services.clock.now()
    const nextRunAt = new Date(now + table.longestMs)
    const leaseUntil = new Date(now + 10 * MINUTE)
    await table.write({ nextRunAt, leaseUntil })
    expect(await mendDueRows(system)).toBe(0)
    expect(await read(name)).toMatchObject({ nextRunAt, leaseUntil })

    services.clock.advance(-DAY)
    expect(await mendDueRows(system)).toBe(2)
    expect(await read(name)).toMatchObject({
      nextRunAt: new Date(now - DAY),
      leaseUntil: null,
    })
    expect(await mendDueRows(system)).toBe(0)
    expect(services.logLines.filter((line) => line.includes('A clock was ahead'))).toHaveLength(1)
  },
)

test('jobs that were asked for by a clock that was ahead are taken now, and dead owners of the future lose theirs', async () => {
  const { db } = system
  const now = services.clock.now()
  const at = new Date(now + DAY)
  const job = { kind: 'backup', payload: {}, actorId: 'x', actorName: 'x', attemptsMax: 1, runAfter: at, createdAt: at }
  await db.job.create({ data: { ...job, id: 'queued', state: 'queued' } })
  for (const id of ['dead', 'alive']) {
    await db.job.create({ data: { ...job, id, state: 'running', leaseOwner: id, leaseUntil: at } })
  }
  const watch = new ClockWatch()
  await watch.runDue(system)
  expect(await db.job.findUnique({ where: { id: 'queued' } })).toMatchObject({ runAfter: new Date(now) })
  const renewed = new Date(at.getTime() + MINUTE)
  await db.job.update({ where: { id: 'alive' }, data: { leaseUntil: renewed } })
  await watch.runDue(system)
  expect(await db.job.findUnique({ where: { id: 'dead' } })).toMatchObject({ leaseUntil: at })
  services.clock.advance(MINUTE)
  await watch.runDue(system)
  expect(await db.job.findUnique({ where: { id: 'dead' } })).toMatchObject({ leaseUntil: new Date(now + MINUTE) })
  expect(await db.job.findUnique({ where: { id: 'alive' } })).toMatchObject({ leaseUntil: renewed })
})
