import type { Prisma, PrismaClient } from '../adapters/database/generated/client.ts'
import { BACK_OFF_MAX_MS as NOTICE_MS } from '../domain/alerts/back-off.ts'
import { LEASE_MS as JOB_LEASE_MS } from '../jobs/definitions.ts'
import { BACK_OFF_MAX_MS as FORWARD_MS } from './audit/forward-audit.ts'
import type { ServiceContext } from './context.ts'
import { mendSchedules } from './schedules/mend-schedules.ts'

const MINUTE_MS = 60_000
const HOUR_MS = 60 * MINUTE_MS
/** The next time at an hour of the day: the day that clocks are set back on has 25 of them. */
const NEXT_HOUR_MS = 25 * HOUR_MS
/** By so much the clocks of hosts may differ. */
const SKEW_MS = 5 * MINUTE_MS
/** No row is held for longer than that without a word. */
const LEASES_MAX_MS = 10 * MINUTE_MS

interface By {
  readonly db: PrismaClient
  readonly now: Date
  /** What lies behind it was never set by a clock that was right, where the next time is at most so far away. */
  after(longestMs: number): Date
}
type Count = PromiseLike<{ readonly count: number }>

interface DueRows {
  /** Rows whose next time is further away than their own interval allows are due now. */
  readonly next?: (by: By) => Count
  /** Leases that end later than any lease is taken for are nobody's. */
  readonly free: (by: By) => Count
}

/** What every table of DUE_ROWS has in common. */
interface DueTable {
  updateMany(change: {
    where: { nextRunAt?: { gt: Date }; leaseUntil?: { gt: Date } }
    data: { nextRunAt?: Date; leaseOwner?: null; leaseUntil?: null }
  }): Count
}
type TableOf = (db: PrismaClient) => DueTable

const freed =
  (tableOf: TableOf) =>
  ({ db, after }: By) =>
    tableOf(db).updateMany({
      where: { leaseUntil: { gt: after(LEASES_MAX_MS) } },
      data: { leaseOwner: null, leaseUntil: null },
    })

/** Rows whose next time is at most so far away, whatever they are set to. */
const within = (longestMs: number, tableOf: TableOf): DueRows => ({
  next: ({ db, now, after }) =>
    tableOf(db).updateMany({ where: { nextRunAt: { gt: after(longestMs) } }, data: { nextRunAt: now } }),
  free: freed(tableOf),
})

type Scalars<Model extends Prisma.ModelName> = Prisma.TypeMap['model'][Model]['payload']['scalars']
type DueModel = {
  [Model in Prisma.ModelName]: 'nextRunAt' extends keyof Scalars<Model> ? Model : never
}[Prisma.ModelName]

/** Every table with a next time. One that is missing here does not compile, so that none can be forgotten. */
export const DUE_ROWS = {
  Schedule: {
    // Their next time follows from a cron and not from an interval: mendSchedules.
    free: freed((db) => db.schedule),
  },
  KeepRun: within(NEXT_HOUR_MS, (db) => db.keepRun),
  RereadSchedule: within(NEXT_HOUR_MS, (db) => db.rereadSchedule),
  Store: within(6 * HOUR_MS, (db) => db.store),
  Migration: {
    next: async (by) => {
      const rows = await by.db.migration.findMany({
        where: { nextRunAt: { gt: by.after(0) } },
        select: { id: true, everySeconds: true, nextRunAt: true },
      })
      return eachOf(
        by,
        rows,
        1000,
        ({ everySeconds }) => everySeconds,
        ({ id, nextRunAt }, data) => by.db.migration.updateMany({ where: { id, nextRunAt }, data }),
      )
    },
    free: freed((db) => db.migration),
  },
  AuditWatch: within(MINUTE_MS, (db) => db.auditWatch),
  AuditForward: within(FORWARD_MS, (db) => db.auditForward),
  LogKeeping: {
    next: async (by) => {
      const rows = await by.db.logKeeping.findMany({
        where: { nextRunAt: { gt: by.after(0) } },
        select: { clusterId: true, everySeconds: true, nextRunAt: true },
      })
      return eachOf(
        by,
        rows,
        1000,
        ({ everySeconds }) => everySeconds,
        ({ clusterId, nextRunAt }, data) => by.db.logKeeping.updateMany({ where: { clusterId, nextRunAt }, data }),
      )
    },
    free: freed((db) => db.logKeeping),
  },
  LogMirror: within(2 * MINUTE_MS, (db) => db.logMirror),
  DrillSchedule: {
    next: async (by) => {
      const rows = await by.db.drillSchedule.findMany({
        where: { nextRunAt: { gt: by.after(0) } },
        select: { clusterId: true, everyHours: true, nextRunAt: true },
      })
      return eachOf(
        by,
        rows,
        HOUR_MS,
        ({ everyHours }) => everyHours,
        ({ clusterId, nextRunAt }, data) => by.db.drillSchedule.updateMany({ where: { clusterId, nextRunAt }, data }),
      )
    },
    free: freed((db) => db.drillSchedule),
  },
  HealthWatch: {
    next: async (by) => {
      const rows = await by.db.healthWatch.findMany({
        where: { nextRunAt: { gt: by.after(0) } },
        select: { clusterId: true, everySeconds: true, nextRunAt: true },
      })
      return eachOf(
        by,
        rows,
        1000,
        ({ everySeconds }) => everySeconds,
        ({ clusterId, nextRunAt }, data) => by.db.healthWatch.updateMany({ where: { clusterId, nextRunAt }, data }),
      )
    },
    free: freed((db) => db.healthWatch),
  },
  DriftWatch: {
    next: async (by) => {
      const rows = await by.db.driftWatch.findMany({
        where: { nextRunAt: { gt: by.after(0) } },
        select: { clusterId: true, everyMinutes: true, nextRunAt: true },
      })
      return eachOf(
        by,
        rows,
        MINUTE_MS,
        ({ everyMinutes }) => everyMinutes,
        ({ clusterId, nextRunAt }, data) => by.db.driftWatch.updateMany({ where: { clusterId, nextRunAt }, data }),
      )
    },
    free: freed((db) => db.driftWatch),
  },
  // After a fault it is tried again within minutes.
  ClusterFollow: within(10 * MINUTE_MS, (db) => db.clusterFollow),
  FollowDrift: within(10 * MINUTE_MS, (db) => db.followDrift),
  AlertDelivery: {
    next: ({ db, now, after }) =>
      db.alertDelivery.updateMany({
        where: { state: 'waiting', nextRunAt: { gt: after(NOTICE_MS) } },
        data: { nextRunAt: now },
      }),
    free: freed((db) => db.alertDelivery),
  },
  AlertWatch: within(MINUTE_MS, (db) => db.alertWatch),
  CertificateWatch: within(HOUR_MS, (db) => db.certificateWatch),
} as const satisfies Record<DueModel, DueRows>

/** Of rows with an interval each: those that wait for longer. Guarded by what they waited for. */
async function eachOf<Row extends { readonly nextRunAt: Date | null }>(
  { now, after }: By,
  rows: readonly Row[],
  unitMs: number,
  unitsOf: (row: Row) => number,
  update: (row: Row, data: { nextRunAt: Date }) => Count,
): Promise<{ count: number }> {
  let count = 0
  for (const row of rows) {
    if (row.nextRunAt !== null && row.nextRunAt > after(unitsOf(row) * unitMs)) {
      count += (await update(row, { nextRunAt: now })).count
    }
  }
  return { count }
}

/**
 * What a host whose clock stood too far ahead has left behind: next times and leases that no clock that is right would have set, and for which
 * backups, proofs and samples would wait until then. Gives how many rows were set right.
 */
export async function mendDueRows({ db, clock, log }: ServiceContext): Promise<number> {
  const nowMs = clock.now()
  const by: By = { db, now: new Date(nowMs), after: (longestMs) => new Date(nowMs + longestMs + SKEW_MS) }
  const mended: Record<string, number> = {}
  const add = (name: string, count: number) => {
    if (count > 0) mended[name] = (mended[name] ?? 0) + count
  }
  for (const [name, { next, free }] of Object.entries<DueRows>(DUE_ROWS)) {
    if (next) add(name, (await next(by)).count)
    add(name, (await free(by)).count)
  }
  add('Schedule', await mendSchedules(db, nowMs))
  // Whoever asked for it asked for it now; what is tried again waits for less than a minute.
  const isWaiting = { state: 'queued', runAfter: { gt: by.after(MINUTE_MS) } }
  add('Job', (await db.job.updateMany({ where: isWaiting, data: { runAfter: by.now } })).count)
  const count = Object.values(mended).reduce((sum, each) => sum + each, 0)
  if (count > 0) log.warn({ mended }, 'A clock was ahead: what waited for its time was set right')
  return count
}

/** Once a minute, and at once when this host's own clock was set back. */
export class ClockWatch {
  #lookedAt = Number.NEGATIVE_INFINITY
  /** Jobs at work whose lease ends impossibly late, and when. */
  #held = new Map<string, number>()

  /** Always false: there is nothing more to do at once. */
  async runDue(context: ServiceContext): Promise<boolean> {
    const now = context.clock.now()
    if (now >= this.#lookedAt && now < this.#lookedAt + MINUTE_MS) return false
    await mendDueRows(context)
    await this.#freeJobs(context)
    this.#lookedAt = now
    return false
  }

  /** A worker whose clock is ahead renews its lease; one that has not within a minute is gone, and the job is for the sweep. */
  async #freeJobs({ db, clock }: ServiceContext): Promise<void> {
    const now = new Date(clock.now())
    const rows = await db.job.findMany({
      where: { state: 'running', leaseUntil: { gt: new Date(now.getTime() + JOB_LEASE_MS + SKEW_MS) } },
      select: { id: true, leaseUntil: true },
    })
    const held = new Map<string, number>()
    for (const { id, leaseUntil } of rows) {
      if (leaseUntil === null) continue
      held.set(id, leaseUntil.getTime())
      if (this.#held.get(id) !== leaseUntil.getTime()) continue
      await db.job.updateMany({ where: { id, state: 'running', leaseUntil }, data: { leaseUntil: now } })
    }
    this.#held = held
  }
}
