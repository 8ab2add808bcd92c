import { once } from 'node:events'
import { readdir } from 'node:fs/promises'
import { createServer, type Server } from 'node:http'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import { createFileArchives } from '../adapters/archive/file-archives.ts'
import { createZooKeeper } from '../adapters/zookeeper/zookeeper.ts'
import type { ClaimedJob } from '../jobs/claim-job.ts'
import { setAlertChannel } from '../services/alerts/channels.ts'
import { startBackup } from '../services/backups/start-backup.ts'
import { addCluster } from '../services/clusters/add-cluster.ts'
import { updateCluster } from '../services/clusters/update-cluster.ts'
import type { ServiceContext } from '../services/context.ts'
import { SUGGESTED_RULES } from '../services/keep-rules/schemas.ts'
import { setKeepRules } from '../services/keep-rules/set-keep-rules.ts'
import { mendDueRows } from '../services/mend-due-rows.ts'
import { setRereads } from '../services/rereads/set-rereads.ts'
import { createSchedule } from '../services/schedules/create-schedule.ts'
import { LiveTree } from '../testing/live-tree.ts'
import { createTestServices, type TestServices } from '../testing/service-context.ts'
import { isOnPostgresql } from '../testing/temp-database.ts'
import { addTestPeople } from '../testing/work-off-jobs.ts'
import { startZooKeeper, type ZooKeeperServer } from '../testing/zookeeper-server.ts'
import { type DueWork, listDueWork } from './due-work.ts'
import { createQueue, type Queue } from './queue.ts'
import { RunningJob } from './run-job.ts'
import { createWork } from './work-on-job.ts'

vi.setConfig({ testTimeout: 180_000, hookTimeout: 60_000 })

const HOUR_MS = 3_600_000
const DAY_MS = 24 * HOUR_MS
/** On the Sunday of this week the clocks of Berlin go back, at 01:00 UTC. */
const MONDAY = Date.parse('2026-10-19T00:00Z')
/** On PostgreSQL its first two days: how two workers share what is due depends on the database, what a calendar says does not. */
const LENGTH = isOnPostgresql ? 2 : 7
const END = MONDAY + LENGTH * DAY_MS
const DAYS = ['Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat', 'Sun', 'end']
/** `Tue 15:20` of this week, UTC. */
const at = (text: string) => {
  const [day = '', time = ''] = text.split(' ')
  const [hours, minutes] = time.split(':').map(Number)
  return MONDAY + DAYS.indexOf(day) * DAY_MS + (hours ?? 0) * HOUR_MS + (minutes ?? 0) * 60_000
}
const say = (ms: number) => `${DAYS[Math.floor((ms - MONDAY) / DAY_MS)]} ${new Date(ms).toISOString().slice(11, 16)}`

/** No worker is at work between these, the second time over a run of the daily schedule. */
const DOWN = [
  ['Tue 10:00', 'Tue 15:20'],
  ['Thu 00:00', 'Thu 03:50'],
] as const
const isDown = (ms: number) => DOWN.some(([from, to]) => ms > at(from) && ms < at(to))
const STEPS = [
  ...Array.from({ length: 7 * 24 }, (_, hour) => MONDAY + (hour + 1) * HOUR_MS),
  ...Array.from({ length: 7 }, (_, day) => MONDAY + day * DAY_MS + HOUR_MS / 2),
  at('Tue 15:20'),
  at('Thu 03:50'),
  at('Sat 09:30'),
  at('Sat 12:10'),
]
  .filter((ms) => !isDown(ms) && ms <= END)
  .sort((a, b) => a - b)

/** Nothing of the week depends on them: looks at servers, which take as long as those answer, the reading of the whole audit, wrong clocks. */
const SILENT = ['health', 'certificates', 'audit', 'clock', 'rereads']

/** What comes of it, counted by hand. */
const WANTED = isOnPostgresql
  ? {
      hourly: { 'due succeeded': 43, 'make-up succeeded': 1 },
      daily: { 'due succeeded': 2 },
      sixHours: { 'due succeeded': 7, 'make-up succeeded': 1 },
      told: [
        'hourly, make-up, succeeded, Tue 15:00, 5 from Tue 11:00',
        'six hours, make-up, succeeded, Tue 12:00, 1 from Tue 12:00',
      ],
      jobs: { 'succeeded after 1': 44 + 2 + 8 },
      backups: { 'orders scheduled': 46, 'quotes scheduled': 8 },
      rereads: [1, 2],
      alerts: [],
      audit: { 'backup.start ok by schedule': 44 + 2 + 8, 'backup.apply-keep-rules ok by keep rules': 1 },
    }
  : {
      hourly: { 'due succeeded': 158, 'make-up succeeded': 1, 'due missed': 1, 'due skipped': 2 },
      daily: { 'due succeeded': 6, 'make-up succeeded': 1 },
      sixHours: { 'due succeeded': 25, 'make-up succeeded': 1, 'due failed': 2 },
      told: [
        'daily, make-up, succeeded, Thu 00:30, 1 from Thu 00:30',
        'hourly, due, missed, Thu 03:00, 3 from Thu 01:00',
        'hourly, due, skipped, Sat 11:00',
        'hourly, due, skipped, Sat 12:00',
        'hourly, make-up, succeeded, Tue 15:00, 5 from Tue 11:00',
        'six hours, due, failed, Fri 06:00',
        'six hours, due, failed, Fri 12:00',
        'six hours, make-up, succeeded, Tue 12:00, 1 from Tue 12:00',
      ],
      jobs: { 'succeeded after 1': 158 + 1 + 7 + 26 + 1, 'failed after 3': 2 },
      backups: { 'orders scheduled': 166, 'orders manual': 1, 'quotes scheduled': 26 },
      // Whether the seventh day begins within the week is for the cluster to say that comes first by its id.
      rereads: [6, 7],
      alerts: [
        'backup-failed, quotes, resolved, Fri 07:00, Fri 19:00',
        'backup-late, quotes, resolved, Fri 08:00, Fri 19:00',
        'backup-late, orders, resolved, Sat 12:10, Sat 14:00',
      ],
      audit: {
        'cluster.update ok by admin one': 2,
        'backup.start ok by schedule': 159 + 7 + 28,
        'backup.start failed by schedule': 2,
        'backup.start ok by operator one': 1,
        'backup.apply-keep-rules ok by keep rules': 9,
      },
    }

interface Worker {
  readonly due: Readonly<Record<string, DueWork>>
  readonly queue: Queue
}

let server: ZooKeeperServer
let services: TestServices
let admin: ServiceContext
let receiver: Server
const notices: string[] = []

beforeAll(async () => {
  server = await startZooKeeper()
  const client = await createZooKeeper().connect({ connectString: server.connectString })
  await new LiveTree(client).fill('/config', 20, 50)
  await client.close()
  receiver = createServer((request, response) => {
    const parts: Buffer[] = []
    request.on('data', (part: Buffer) => parts.push(part))
    request.on('end', () => {
      notices.push(Buffer.concat(parts).toString())
      response.end()
    })
  }).listen(0, '127.0.0.1')
  await once(receiver, 'listening')
  services = await createTestServices({ zookeeper: createZooKeeper(), archives: createFileArchives() })
  admin = services.contextFor('admin')
  await addTestPeople(services)
  services.clock.advance(MONDAY - services.clock.now())
})
afterAll(async () => {
  await services?.close()
  receiver?.closeAllConnections()
  receiver?.close()
  await server?.stop()
})

function startWorker(name: string): Worker {
  return {
    due: listDueWork(name),
    queue: createQueue(admin.db, admin.clock, { name, host: name, pid: 1 }),
  }
}

/** Both ask for all that is due, side by side, as long as one of them finds something; then they take the jobs in turns. */
async function step(workers: readonly Worker[]): Promise<void> {
  for (const { queue } of workers) {
    await queue.seen()
    await queue.sweep()
  }
  for (const name of Object.keys(workers[0]?.due ?? {})) {
    if (!SILENT.includes(name)) await askAll(workers, name)
  }
  await workOff(workers)
  // Gives way to whatever waits: asked again a minute later, it finds nothing that does.
  await askAll(workers, 'rereads')
  await workOff(workers)
}

async function askAll(workers: readonly Worker[], name: string): Promise<void> {
  for (let busy = true; busy; ) {
    const found = await Promise.all(workers.map(({ due }) => runDue(due[name])))
    busy = found.some(Boolean)
  }
}

async function runDue(work: DueWork | undefined): Promise<boolean> {
  if (!work) return false
  const { actorName = 'worker' } = work
  return work.runDue(services.contextOf({ kind: 'system', id: null, name: actorName, role: 'admin' }))
}

async function workOff(workers: readonly Worker[]): Promise<void> {
  for (let idle = 0, turn = 0; idle < workers.length; turn++) {
    const worker = workers[turn % workers.length]
    const job = (await worker?.queue.claim()) ?? null
    if (!worker || !job) {
      idle++
      continue
    }
    idle = 0
    await work(worker, job)
    // What is to be tried again in some seconds is, before the next hour comes.
    const later = await admin.db.job.findFirst({
      where: { state: 'queued', runAfter: { gt: new Date(services.clock.now()) } },
      orderBy: [{ runAfter: 'asc' }, { id: 'asc' }],
    })
    if (later) services.clock.advance(later.runAfter.getTime() - services.clock.now())
  }
}

async function work({ queue }: Worker, job: ClaimedJob): Promise<void> {
  const run = createWork({
    db: admin.db,
    contextFor: (actor, options) => ({ ...services.contextFor('admin', options), actor }),
  })
  await new RunningJob(queue, job, admin.log, performance.now()).run(run)
}

test('a week of schedules, missed runs, a cluster that is away, keep rules and alerts, by two workers, comes out to the last entry', async () => {
  const orders = (await addCluster(admin, { name: 'orders', connectString: server.connectString })).id
  const quotes = (await addCluster(admin, { name: 'quotes', connectString: server.connectString })).id
  const zone = { timeZone: 'Europe/Berlin', sources: ['client' as const] }
  await createSchedule(admin, { clusterId: orders, name: 'hourly', cron: '0 * * * *', ...zone })
  await createSchedule(admin, { clusterId: orders, name: 'daily', cron: '30 2 * * *', overlap: 'skip', ...zone })
  await createSchedule(admin, { clusterId: quotes, name: 'six hours', cron: '0 */6 * * *', ...zone, timeZone: 'UTC' })
  const rules = { ...SUGGESTED_RULES, last: 3, daily: 7, weekly: 0, monthly: 0, yearly: 0, graceDays: 1 }
  await setKeepRules(admin, { clusterId: null, enabled: true, rules, confirm: 'all clusters' })
  // So long a period that the share of a day is used up by one archive.
  for (const clusterId of [orders, quotes]) await setRereads(admin, { clusterId, enabled: true, everyDays: 3650 })
  const { port } = receiver.address() as { port: number }
  await setAlertChannel(admin, { name: 'hook', kind: 'webhook', url: `http://127.0.0.1:${port}/`, allowLocal: true })

  const workers = [startWorker('w1'), startWorker('w2')]
  const [first] = workers
  let long: ClaimedJob | null = null
  for (const [index, time] of STEPS.entries()) {
    services.clock.advance(time - services.clock.now())
    if (long) await first?.queue.beat(long)
    if (time === at('Sat 12:10') && first && long) {
      await work(first, long)
      long = null
    }
    await step(index % 2 === 0 ? workers : workers.toReversed())
    if (time === at('Fri 05:00')) {
      await updateCluster(admin, { clusterId: quotes, name: 'quotes', connectString: '127.0.0.1:1' })
    } else if (time === at('Fri 17:00')) {
      await updateCluster(admin, { clusterId: quotes, name: 'quotes', connectString: server.connectString })
    } else if (time === at('Sat 09:30')) {
      await startBackup(services.contextFor('operator'), { clusterId: orders, note: 'long' })
      long = (await first?.queue.claim()) ?? null
    }
  }
  expect(services.clock.now()).toBe(END)
  // No clock was wrong, and nothing looks as if one was.
  expect(await mendDueRows(admin)).toBe(0)

  // What became of each time.
  const runs = await admin.db.scheduleRun.findMany({ orderBy: [{ dueAt: 'asc' }, { id: 'asc' }] })
  const counted = (name: string) => {
    const of = runs.filter(({ scheduleName }) => scheduleName === name)
    return {
      ...count(of, ({ kind, state }) => `${kind} ${state}`),
      times: of.reduce((sum, { missedCount, kind }) => sum + (kind === 'make-up' ? missedCount : missedCount || 1), 0),
    }
  }
  expect(counted('hourly')).toEqual({ ...WANTED.hourly, times: LENGTH * 24 })
  expect(counted('daily')).toEqual({ ...WANTED.daily, times: LENGTH })
  expect(counted('six hours')).toEqual({ ...WANTED.sixHours, times: LENGTH * 4 })
  const told = runs
    .filter(({ state, kind }) => state !== 'succeeded' || kind !== 'due')
    .map(({ scheduleName, kind, state, dueAt, missedCount, missedFrom }) =>
      [
        scheduleName,
        kind,
        state,
        say(dueAt.getTime()),
        missedFrom && `${missedCount} from ${say(missedFrom.getTime())}`,
      ]
        .filter(Boolean)
        .join(', '),
    )
  expect(told.sort()).toEqual(WANTED.told)
  const daily = runs.filter(({ scheduleName }) => scheduleName === 'daily').map(({ dueAt }) => say(dueAt.getTime()))
  expect(daily).toEqual(DAYS.slice(0, LENGTH).map((day) => `${day} 00:30`))
  if (!isOnPostgresql) {
    const waited = runs.find(
      ({ scheduleName, dueAt }) => scheduleName === 'hourly' && dueAt.getTime() === at('Sat 10:00'),
    )
    expect(waited?.reason).toContain('this one waits for it')
    expect(waited?.startedAt?.getTime()).toBe(at('Sat 12:10'))
  }

  // Never two backups of a cluster at a time, and each job once.
  const jobs = await admin.db.job.findMany({
    where: { kind: 'backup' },
    orderBy: [{ startedAt: 'asc' }, { id: 'asc' }],
  })
  expect(count(jobs, ({ state, attempts }) => `${state} after ${attempts}`)).toEqual(WANTED.jobs)
  for (const clusterId of [orders, quotes]) {
    const own = jobs.filter((job) => job.clusterId === clusterId)
    for (const [index, job] of own.entries()) {
      const before = own[index - 1]
      if (before) expect(job.startedAt?.getTime()).toBeGreaterThanOrEqual(before.finishedAt?.getTime() ?? 0)
    }
  }
  expect(new Set(jobs.map(({ subjectId }) => subjectId)).size).toBe(jobs.length)

  // Which backups are left: what the rules of Saturday have kept, and all since.
  const backups = await admin.db.backup.findMany({ orderBy: [{ takenAt: 'asc' }, { id: 'asc' }] })
  expect(count(backups, ({ clusterName, purpose }) => `${clusterName} ${purpose}`)).toEqual(WANTED.backups)
  for (const clusterName of ['orders', 'quotes']) {
    const own = backups.filter((backup) => backup.clusterName === clusterName)
    const left = own.filter(({ deletedAt }) => deletedAt === null)
    const lastVerified = (by: number) =>
      own
        .filter(({ verifiedAt }) => verifiedAt !== null && verifiedAt.getTime() < by)
        .at(-1)
        ?.takenAt.getTime() ?? 0
    // No rule takes the newest one that was read again.
    const verified = new Set([lastVerified(at('Sat 04:00')), lastVerified(at('Sun 04:00'))])
    const kept = expectedLeft(own.map(({ takenAt }) => takenAt.getTime()))
    const expected = [...[...verified].filter((ms) => !kept.includes(ms)), ...kept].sort((a, b) => a - b)
    expect(left.map(({ takenAt }) => say(takenAt.getTime()))).toEqual(expected.map(say))
    expect(await readdir(join(admin.paths.storeDir, clusterName))).toHaveLength(left.length)
  }

  // Read again: one archive of each cluster a day, as soon as there is one that is a day old, and none twice.
  const reread = await admin.db.job.findMany({
    where: { kind: 'verify' },
    orderBy: [{ createdAt: 'asc' }, { id: 'asc' }],
  })
  for (const clusterId of [orders, quotes]) {
    const states = reread.filter((job) => job.clusterId === clusterId).map(({ state }) => state)
    expect(WANTED.rereads).toContain(states.length)
    expect(new Set(states)).toEqual(new Set(['succeeded']))
  }
  expect(new Set(reread.map(({ subjectId }) => subjectId)).size).toBe(reread.length)
  expect(backups.every(({ verifyOk }) => verifyOk !== false)).toBe(true)

  // Alerts, each once, and a notice of its beginning and its end.
  const alerts = await admin.db.alert.findMany({ orderBy: [{ firedAt: 'asc' }, { id: 'asc' }] })
  expect(
    alerts.map(({ rule, clusterName, state, firedAt, resolvedAt }) =>
      [rule, clusterName, state, say(firedAt?.getTime() ?? 0), say(resolvedAt?.getTime() ?? 0)].join(', '),
    ),
  ).toEqual(WANTED.alerts)
  expect(notices).toHaveLength(2 * WANTED.alerts.length)

  // Who did what, without a gap.
  const audit = await services.readAudit()
  const removed = backups.filter(({ deletedAt }) => deletedAt !== null).length
  expect(count(audit, ({ action, outcome, actorName }) => `${action} ${outcome} by ${actorName}`)).toEqual({
    'cluster.add ok by admin one': 2,
    'schedule.create ok by admin one': 3,
    'backup.set-keep-rules ok by admin one': 1,
    'alert.set-channel ok by admin one': 1,
    // Out of the catalog, and then out of the store.
    ...(removed > 0 && { 'backup.remove ok by keep rules': 2 * removed }),
    ...WANTED.audit,
    'backup.schedule-reread ok by admin one': 2,
    'backup.verify ok by schedule': reread.length,
  })
})

function count<T>(items: readonly T[], nameOf: (item: T) => string): Record<string, number> {
  const counts: Record<string, number> = {}
  for (const item of items) counts[nameOf(item)] = (counts[nameOf(item)] ?? 0) + 1
  return counts
}

/**
 * By hand: the rules are looked at at three, and when the grace of a marked one is over. On Thursday a worker came back at 03:50 only, so
 * that the last look whose marks are over before the week ends was on Saturday at four. What was marked on Sunday is still there.
 */
function expectedLeft(taken: readonly number[]): number[] {
  const saturday = at('Sat 04:00')
  if (END < saturday) return [...taken]
  const before = taken.filter((ms) => ms < saturday).toReversed()
  const newestOf = (lengthMs: number, periods: number) =>
    [...Map.groupBy(before, (ms) => Math.floor(ms / lengthMs)).values()].slice(0, periods).map(([newest]) => newest)
  const kept = new Set([
    ...before.slice(0, 3),
    ...before.filter((ms) => saturday - ms < DAY_MS),
    ...newestOf(HOUR_MS, 24),
    ...newestOf(DAY_MS, 7),
  ])
  return taken.filter((ms) => ms >= saturday || kept.has(ms))
}
