import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { text } from 'node:stream/consumers'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import type { AlertMessage } from '../../domain/alerts/message.ts'
import { RULE_IDS } from '../../domain/alerts/rules.ts'
import { createTestAuthority } from '../../testing/certificates.ts'
import { createTestServices, type TestServices } from '../../testing/service-context.ts'
import { addCluster } from '../clusters/add-cluster.ts'
import { removeCluster } from '../clusters/remove-cluster.ts'
import type { ServiceContext } from '../context.ts'
import { acknowledgeAlert, takeBackAcknowledgement } from './acknowledge-alert.ts'
import { setRepeatHours } from './alert-settings.ts'
import { listAlertChannels, removeAlertChannel, setAlertChannel, testAlertChannel } from './channels.ts'
import { countOpenAlerts, findAlert, listAlerts, listFiringAlerts } from './list-alerts.ts'
import { LOOKS } from './looks.ts'
import { listAlertRules, resetAlertRule, setAlertRule } from './rule-settings.ts'
import { runDueAlerts } from './run-due-alerts.ts'
import { runDueDeliveries } from './run-due-deliveries.ts'
import { toNotifyTarget } from './to-notify-target.ts'

vi.setConfig({ testTimeout: 30_000, hookTimeout: 30_000 })

const MINUTE = 60_000
const HOUR = 60 * MINUTE
const DAY = 24 * HOUR

let services: TestServices
let admin: ServiceContext
let system: ServiceContext
let clusterId: string
const cleanups: (() => void)[] = []

beforeEach(async () => {
  services = await createTestServices()
  admin = services.contextFor('admin')
  system = services.contextOf({ kind: 'system', id: null, name: 'worker', role: 'admin' })
  clusterId = await addNamed('orders')
  await admin.db.cluster.update({ where: { id: clusterId }, data: { createdAt: now() } })
})
afterEach(async () => {
  for (const cleanup of cleanups.splice(0)) cleanup()
  await services.close()
})

const addNamed = async (name: string) =>
  (
    await addCluster(admin, {
      name,
      connectString: `${name}:2181`,
      environment: 'production',
      auth: { kind: 'none' },
    })
  ).id

/** Minutes pass, and the rules are looked at in each of the last of them. */
async function look(minutes = 1): Promise<void> {
  services.clock.advance(minutes * MINUTE)
  await runDueAlerts(system, 'w1')
}

let count = 0
const now = () => new Date(services.clock.now())

async function addBackup(more: object = {}): Promise<string> {
  const id = `b${++count}`
  await admin.db.backup.create({
    data: {
      id,
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
      znodes: 100,
      dataBytes: 1000n,
      archiveBytes: 1000n,
      dir: `orders/${id}`,
      manifest: {},
      takenAt: now(),
      durationMs: 1,
      ...more,
    },
  })
  services.clock.advance(1000)
  return id
}

async function addJob(state: string, more: object = {}): Promise<void> {
  await admin.db.job.create({
    data: {
      id: `j${++count}`,
      kind: 'backup',
      state,
      clusterId,
      payload: {},
      error: state === 'failed' ? { code: 'CONNECTION_LOST', message: 'lost while reading /secret/path' } : undefined,
      actorId: 'x',
      actorName: 'x',
      attemptsMax: 1,
      runAfter: now(),
      createdAt: now(),
      ...more,
    },
  })
  services.clock.advance(1000)
}

/** Answers with the first of `statuses` that is left, else 200. */
async function startReceiver(statuses: number[] = []) {
  const received: AlertMessage[] = []
  const server = createServer(async (request, response) => {
    received.push(JSON.parse(await text(request)))
    response.writeHead(statuses.shift() ?? 200).end('thanks')
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  cleanups.push(() => {
    server.close()
    server.closeAllConnections()
  })
  return { received, url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/planted-token` }
}

type Channel = Parameters<typeof setAlertChannel>[1]
const addChannel = async (more: Partial<Channel> & { url?: string } = {}) =>
  (await setAlertChannel(admin, { name: 'hook', kind: 'webhook', ...more })).channelId

async function deliverAll(owner = 'w1'): Promise<void> {
  while (await runDueDeliveries(system, owner)) await Promise.resolve()
}

const told = (received: readonly AlertMessage[]) => received.map(({ event, alert }) => `${event} ${alert.rule}`)
const open = async () => (await listAlerts(admin)).open.map(({ rule }) => rule)
const byRule = async (rule: string) => (await listAlerts(admin)).open.find((each) => each.rule === rule)

test('each rule is looked at', () => {
  const unseen = RULE_IDS.filter((id) => !LOOKS.some(({ rules }) => rules.includes(id)))
  expect(unseen).toEqual([])
})

describe('rules', () => {
  test('of a fresh installation say nothing, for as long as nothing has gone wrong', async () => {
    await look()
    await look(40 * 24 * 60)
    expect(await listAlerts(admin)).toMatchObject({ open: [], pending: [], history: [], isStale: false, faults: [] })
  })

  test('a failed backup fires until one comes through, and tells no path', async () => {
    await addJob('succeeded')
    await addJob('failed')
    await look()
    expect(await byRule('backup-failed')).toMatchObject({
      severity: 'warning',
      text: 'The last backup of orders failed (CONNECTION_LOST)',
      cluster: { id: clusterId },
    })
    expect(JSON.stringify(await admin.db.alert.findMany())).not.toContain('/secret')
    await addJob('succeeded')
    await look()
    const { open: still, history } = await listAlerts(admin)
    expect(still).toEqual([])
    expect(history).toMatchObject([{ rule: 'backup-failed', state: 'resolved', resolvedAt: expect.any(String) }])
  })

  test('a late backup fires where somebody has said how old it may be, counted from the cluster before the first', async () => {
    await setAlertRule(admin, {
      clusterId,
      rule: 'backup-late',
      enabled: true,
      severity: 'critical',
      numbers: { hours: 24, graceMinutes: 60 },
    })
    await look(24 * 60 - 1)
    expect(await open()).toEqual([])
    await look(2)
    expect(await byRule('backup-late')).toMatchObject({ text: expect.stringContaining('orders has no good backup') })
    await addBackup()
    await look()
    expect(await open()).toEqual([])
    await look(25 * 60)
    expect(await byRule('backup-late')).toMatchObject({ text: expect.stringContaining('25 hours old') })
    // One that cannot be relied on is none.
    await addBackup({ verifyOk: false })
    await look()
    expect((await open()).sort()).toEqual(['backup-late', 'verify-failed'])
  })

  test('a backup that is suddenly smaller fires, of the same subtrees only', async () => {
    for (const znodes of [100, 102, 98, 101]) await addBackup({ znodes })
    await addBackup({ znodes: 5, scopePaths: ['/other'] })
    await look()
    expect(await open()).toEqual([])
    const small = await addBackup({ znodes: 30 })
    await look()
    expect(await byRule('backup-smaller')).toMatchObject({
      about: 'backup',
      aboutId: small,
      text: 'The newest backup of orders holds 30 znodes: 30 % of the median of the 4 before it (100 znodes)',
    })
    await addBackup({ znodes: 99 })
    await look()
    expect(await open()).toEqual([])
  })

  test('damaged backups and failed drills fire, and are over when they are gone or proved', async () => {
    const damaged = await addBackup({ verifyOk: false })
    const failed = await addBackup({ drillOk: false, drilledAt: now() })
    await look()
    expect((await open()).sort()).toEqual(['drill-failed', 'verify-failed'])
    await admin.db.backup.update({ where: { id: damaged }, data: { deletedAt: now() } })
    await addBackup({ drillOk: true, drilledAt: now(), provedAt: now() })
    await look()
    expect(await open()).toEqual([])
    expect(failed).toBeTruthy()
  })

  test('drills that nobody takes are overdue, and those that have nothing to prove are not', async () => {
    const drill = { clusterId, enabled: true, everyHours: 24, limitMinutes: 60, createdAt: now() }
    await admin.db.drillSchedule.create({ data: { ...drill, nextRunAt: now(), lastOutcome: 'at-work' } })
    await look(47 * 60)
    expect(await open()).toEqual([])
    await look(3 * 60)
    expect(await byRule('drill-overdue')).toMatchObject({ text: expect.stringContaining('ever proved') })
    const nextRunAt = new Date(services.clock.now() + DAY)
    await admin.db.drillSchedule.update({ where: { clusterId }, data: { lastOutcome: 'no-backup', nextRunAt } })
    await look()
    expect(await open()).toEqual([])
  })

  test('archives that are not read again within twice the days of the plan are told, copies too', async () => {
    const backupId = await addBackup({ createdAt: now() })
    await admin.db.store.create({ data: { id: 'off', name: 'off-site', kind: 's3', settings: {} } })
    const copy = { backupId, storeId: 'off', dir: 'x', state: 'present', createdAt: now() }
    await admin.db.backupCopy.create({ data: { id: 'c1', ...copy } })
    await look(59 * 24 * 60)
    expect(await open()).toEqual([])
    await look(24 * 60 + 1)
    expect(await byRule('reread-overdue')).toMatchObject({
      text: '2 archives of orders were not read again for more than 60 days',
    })
    await admin.db.backup.update({ where: { id: backupId }, data: { verifiedAt: now(), verifyOk: true } })
    await look()
    expect(await byRule('reread-overdue')).toMatchObject({
      text: expect.stringContaining('1 archive of orders was not'),
    })
    await admin.db.rereadSchedule.create({ data: { clusterId, enabled: false, nextRunAt: now(), dayStartedAt: now() } })
    await look()
    expect(await open()).toEqual([])
    await setAlertRule(admin, {
      clusterId,
      rule: 'reread-overdue',
      enabled: true,
      severity: 'info',
      numbers: { days: 30 },
    })
    await look()
    expect(await byRule('reread-overdue')).toMatchObject({ severity: 'info' })
  })

  test('drift, logs, tokens, the audit, its receivers and workers fire by what is known of them', async () => {
    const since = now()
    const backupId = await addBackup()
    await admin.db.driftWatch.create({
      data: {
        clusterId,
        enabled: true,
        backupId,
        path: '/secret/path',
        everyMinutes: 60,
        znodesMax: 2,
        nextRunAt: since,
        lastOkAt: since,
        added: 1,
        removed: 0,
        changed: 2,
        ignored: 7,
      },
    })
    await admin.db.logKeeping.create({
      data: {
        clusterId,
        enabled: true,
        everySeconds: 60,
        nextRunAt: since,
        lastOkAt: since,
        error: '{"code":"X","message":"m"}',
      },
    })
    const token = { userId: 'u', tokenHash: '', hint: '', scopes: [], createdAt: new Date(since.getTime() - 90 * DAY) }
    const expiresAt = new Date(since.getTime() + 10 * DAY)
    for (const [id, more] of [
      ['used', { lastUsedAt: since }],
      ['unused', {}],
      ['young', { lastUsedAt: since, createdAt: new Date(since.getTime() - DAY) }],
      ['revoked', { lastUsedAt: since, revokedAt: since }],
    ] as const) {
      await admin.db.apiToken.create({ data: { ...token, id, name: id, tokenHash: id, expiresAt, ...more } })
    }
    await admin.db.auditWatch.upsert({
      where: { id: 1 },
      create: { id: 1, nextRunAt: since, problemCount: 2 },
      update: { problemCount: 2 },
    })
    await admin.db.auditForward.create({
      data: { id: 'webhook', enabled: true, url: 'https://x', cursor: 0, failures: 3, nextRunAt: since },
    })
    const worker = { host: 'h', pid: 1, startedAt: new Date(since.getTime() - DAY) }
    await admin.db.workerHeartbeat.create({ data: { ...worker, id: 'dead', seenAt: since } })
    await look(2)
    for (let minute = 0; minute < 33; minute++) {
      await admin.db.workerHeartbeat.upsert({
        where: { id: 'alive' },
        create: { ...worker, id: 'alive', seenAt: now() },
        update: { seenAt: now() },
      })
      await look()
    }
    expect((await open()).sort()).toEqual([
      'audit-broken',
      'drift',
      'forward-failing',
      'logs-failing',
      'token-expiring',
      'worker-missing',
    ])
    expect(await byRule('drift')).toMatchObject({
      text: '3 znodes of orders differ from the baseline (1 added, 0 removed, 2 changed); 2 may',
    })
    expect(await byRule('token-expiring')).toMatchObject({ cluster: null, text: expect.stringContaining('token used') })
    // By name to its owner and to administrators; what is stored, and goes to channels, names nobody's token.
    const saidTo = async (id: string) => {
      const person = services.contextOf({ kind: 'user', id, name: id, role: 'viewer' })
      const { open } = await listAlerts(person)
      const [listed, firing] = [open, await listFiringAlerts(person)].map((alerts) =>
        alerts.find(({ rule }) => rule === 'token-expiring'),
      )
      expect(await findAlert(person, listed?.id ?? '')).toMatchObject({ text: firing?.text })
      expect(listed?.text).toBe(firing?.text)
      return listed?.text
    }
    expect(await saidTo('u')).toMatch(/^The API token used, which is in use, expires in \d days/)
    expect(await saidTo('x')).toMatch(/^An API token of another person, which is in use, expires in \d days/)
    const stored = await admin.db.alert.findFirstOrThrow({ where: { rule: 'token-expiring' } })
    expect(stored.text).toMatch(/^An API token, which is in use, expires/)
    await admin.db.alert.update({ where: { id: stored.id }, data: { text: 'The API token used, …', aboutId: null } })
    expect(await saidTo('x')).not.toContain('used,')
    expect(await byRule('worker-missing')).toMatchObject({ text: '1 worker missing: 1 is alive' })
    expect(JSON.stringify(await admin.db.alert.findMany())).not.toContain('/secret')
  })
})

describe('a cluster', () => {
  const saw = async (servers: Record<string, { ok: boolean; fault?: string; digestMismatches?: number }>) => {
    const at = now()
    await admin.db.healthWatch.upsert({
      where: { clusterId },
      create: { clusterId, nextRunAt: at, lastRunAt: at },
      update: { lastRunAt: at },
    })
    for (const [server, look] of Object.entries(servers)) {
      await admin.db.healthSample.create({ data: { id: `s${++count}`, clusterId, server, at, tier: 0, ...look } })
    }
  }
  const sawFor = async (minutes: number, servers: Parameters<typeof saw>[0]) => {
    for (let minute = 0; minute < minutes; minute++) {
      await saw(servers)
      await look()
    }
  }
  const up = { ok: true }
  const down = { ok: false, fault: 'CONNECT_FAILED' }

  test('that is down for minutes fires, and is over when it is back for minutes', async () => {
    await sawFor(5, { a: down, b: down })
    expect(await listAlerts(admin)).toMatchObject({ open: [], pending: [{ rule: 'cluster-down' }] })
    await sawFor(1, { a: down, b: down })
    expect(await open()).toEqual(['cluster-down'])
    await sawFor(1, { a: up, b: up })
    expect((await listAlerts(admin)).open).toMatchObject([{ rule: 'cluster-down', clearSince: expect.any(String) }])
    await sawFor(2, { a: up, b: up })
    expect(await open()).toEqual([])
  })

  test('of which a server is down tells that, and not that all of it is', async () => {
    await sawFor(7, { a: up, b: down, c: { ok: false, fault: 'NOT_ALLOWED' } })
    expect(await listAlerts(admin)).toMatchObject({
      open: [{ rule: 'server-down', text: expect.stringMatching(/^b of orders/) }],
    })
  })

  test('whose server has a wrong tree tells it at once', async () => {
    await sawFor(1, { a: { ok: true, digestMismatches: 2 }, b: up })
    expect(await byRule('digest-mismatch')).toMatchObject({ severity: 'critical' })
  })

  test('that nobody looks at any more keeps its alerts, until somebody has looked', async () => {
    await sawFor(7, { a: up, b: down })
    for (let minute = 0; minute < 20; minute++) await look()
    expect(await open()).toEqual(['server-down'])
    await sawFor(3, { a: up, b: up })
    expect(await open()).toEqual([])
  })

  test('whose certificates end soon is told, each with its own words, and worse when it has ended', async () => {
    const authority = createTestAuthority('CN=Test')
    const shown = [
      { server: 'a:2281', subject: 'CN=a', validTo: new Date(services.clock.now() + 10 * DAY).toISOString() },
      { server: 'b:2281', subject: 'CN=b', validTo: new Date(services.clock.now() + 300 * DAY).toISOString() },
    ]
    await admin.db.cluster.update({ where: { id: clusterId }, data: { tlsOn: true, tlsCa: authority.cert } })
    await admin.db.certificateWatch.create({ data: { clusterId, nextRunAt: now(), shown } })
    await look()
    const certificates = (await listAlerts(admin)).open.filter(({ rule }) => rule === 'certificate-expiring')
    expect(certificates).toMatchObject([
      { severity: 'warning', text: 'TLS of orders: the certificate of a:2281 (CN=a) expires in 9 days' },
    ])
    await look(10 * 24 * 60)
    expect(await byRule('certificate-expiring')).toMatchObject({ severity: 'critical' })
  })

  test('whose quorum port has certificates is told of those as well: ours, and what a member shows', async () => {
    const to = new Date(services.clock.now() + 5 * DAY)
    const { cert } = createTestAuthority('CN=Test').issue('CN=arkeeper', { to })
    const peerCertificate = { server: 'a:2888', subject: 'CN=zk', validTo: to.toISOString() }
    const set = { enabled: false, quorumServers: 'a:2888', nextRunAt: now(), tlsMode: 'own', tlsCert: cert }
    await admin.db.clusterFollow.create({ data: { clusterId, ...set, peerCertificate } })
    await look()
    const found = (await listAlerts(admin)).open.filter(({ rule }) => rule === 'certificate-expiring')
    expect(found.map(({ about }) => about)).toEqual(['cluster-follow', 'cluster-follow'])
    const texts = found.map(({ text }) => text)
    expect(texts).toContain('TLS of orders: our client certificate for the quorum port (CN=arkeeper) expires in 4 days')
    expect(texts).toContain('TLS of orders: the quorum certificate of a:2888 (CN=zk) expires in 4 days')
    await admin.db.clusterFollow.update({ where: { clusterId }, data: { tlsMode: 'off' } })
    await look()
    expect((await open()).filter((rule) => rule === 'certificate-expiring')).toEqual([])
  })
})

describe('schedules, copies, removals and holds', () => {
  const addSchedule = (more: object = {}) =>
    admin.db.schedule.create({
      data: {
        id: 's1',
        clusterId,
        name: 'nightly',
        cron: '0 2 * * *',
        timeZone: 'UTC',
        scopePaths: ['/'],
        sources: ['client'],
        nextDueAt: new Date(services.clock.now() + HOUR),
        nextRunAt: new Date(services.clock.now() + HOUR),
        createdAt: now(),
        ...more,
      },
    })
  const addRun = (state: string, more: object = {}) =>
    admin.db.scheduleRun.create({
      data: {
        id: `r${++count}`,
        scheduleId: 's1',
        scheduleName: 'nightly',
        clusterId,
        dueAt: now(),
        kind: 'due',
        state,
        createdAt: now(),
        ...more,
      },
    })
  const postpone = () => {
    const at = new Date(services.clock.now() + DAY)
    return admin.db.schedule.update({ where: { id: 's1' }, data: { nextDueAt: at, nextRunAt: at } })
  }

  test('a time that nobody served is late after its grace, and no more once it was served', async () => {
    await addSchedule()
    await look(119)
    expect(await open()).toEqual([])
    await look(2)
    expect(await byRule('backup-late')).toMatchObject({ text: expect.stringContaining('by the schedule nightly') })
    await addRun('succeeded')
    await postpone()
    await look()
    expect(await open()).toEqual([])
  })

  test('a run that failed fires at once, is late after its grace, and is over with the next that comes through', async () => {
    await addSchedule()
    services.clock.advance(1000)
    await addJob('failed', { id: 'job-of-run' })
    await addRun('failed', { jobId: 'job-of-run', error: { code: 'CONNECTION_LOST', message: 'at /secret' } })
    await postpone()
    await look()
    expect((await listAlerts(admin)).open).toMatchObject([
      { text: 'The last backup of orders by the schedule nightly failed (CONNECTION_LOST)' },
    ])
    await look(61)
    expect((await open()).sort()).toEqual(['backup-failed', 'backup-late'])
    await addRun('succeeded')
    await look()
    expect(await open()).toEqual([])
  })

  test('a schedule that is off or paused promises nothing', async () => {
    await addSchedule({ enabled: false })
    await look(10 * 60)
    await admin.db.schedule.update({
      where: { id: 's1' },
      data: { enabled: true, pausedUntil: new Date(services.clock.now() + DAY) },
    })
    await look(60)
    expect(await open()).toEqual([])
  })

  test('copies that fail or wait, backups that are gone, rules that stopped and holds that end are told', async () => {
    const backupId = await addBackup()
    const gone = await addBackup({ missingAt: now() })
    await admin.db.store.create({ data: { id: 'off', name: 'off-site', kind: 's3', settings: {} } })
    await admin.db.backupCopy.create({
      data: { id: 'c1', backupId, storeId: 'off', dir: 'x', state: 'queued', createdAt: now() },
    })
    await admin.db.keepRun.create({ data: { clusterId, nextRunAt: now(), lastOutcome: 'stopped' } })
    await admin.db.backupHold.create({
      data: {
        id: 'h1',
        backupId,
        reason: 'a case',
        placedByName: 'A',
        placedAt: now(),
        until: new Date(services.clock.now() + 30 * DAY),
      },
    })
    await look()
    expect((await listAlerts(admin)).open).toMatchObject([
      { rule: 'verify-failed', aboutId: gone, text: expect.stringContaining('is not where it was put') },
      { rule: 'removal-stopped' },
    ])
    await look(7 * 60)
    expect(await byRule('copy-failing')).toMatchObject({
      text: expect.stringMatching(/waiting for 7 hours .* off-site$/),
    })
    await admin.db.backupCopy.update({
      where: { id: 'c1' },
      data: { state: 'failed', error: { code: 'X', message: 'y' } },
    })
    await look(24 * 24 * 60)
    expect(await byRule('copy-failing')).toMatchObject({ text: expect.stringContaining('(X)') })
    expect(await byRule('hold-expiring')).toMatchObject({
      severity: 'info',
      text: expect.stringContaining('expires in 5 days'),
    })
  })
})

describe('settings', () => {
  test('of a cluster stand before the default, which stands before what a rule comes with', async () => {
    const rule = { rule: 'backup-failed', severity: 'info', numbers: {} } as const
    await addJob('failed')
    await setAlertRule(admin, { ...rule, clusterId: null, enabled: false })
    await look()
    expect(await open()).toEqual([])
    await setAlertRule(admin, { ...rule, clusterId, enabled: true, severity: 'critical' })
    await look()
    expect(await byRule('backup-failed')).toMatchObject({ severity: 'critical' })
    const [own] = (await listAlertRules(admin, clusterId)).filter((each) => each.rule === 'backup-failed')
    expect(own).toMatchObject({ isOwn: true, settings: { enabled: true }, inherited: { enabled: false } })
    await resetAlertRule(admin, { clusterId, rule: 'backup-failed' })
    await look()
    expect((await listAlerts(admin)).history).toMatchObject([{ endedBecause: 'the rule was switched off' }])
  })

  test('are for administrators of the place, within bounds, and on record', async () => {
    const input = { rule: 'backup-late', enabled: true, severity: 'critical', numbers: { hours: 1 } } as const
    const fit = { ...input, numbers: { hours: 1, graceMinutes: 60 } }
    const operator = services.contextFor('operator')
    await expect(setAlertRule(operator, { ...fit, clusterId })).rejects.toMatchObject({ code: 'FORBIDDEN' })
    const wrong = { ...input, clusterId, numbers: { hours: 0, graceMinutes: 60 } }
    await expect(setAlertRule(admin, wrong)).rejects.toMatchObject({
      details: { fields: { 'numbers.hours': expect.any(String) } },
    })
    await expect(setAlertRule(admin, { ...input, clusterId })).rejects.toMatchObject({
      details: { fields: { 'numbers.graceMinutes': expect.any(String) } },
    })
    await expect(setAlertRule(admin, { ...input, clusterId, rule: 'audit-broken', numbers: {} })).rejects.toMatchObject(
      { code: 'INVALID_INPUT' },
    )
    const here = services.contextOf({
      kind: 'user',
      id: 'c',
      name: 'C',
      role: 'viewer',
      clusterRoles: { [clusterId]: 'admin' },
    })
    await setAlertRule(here, { ...fit, clusterId })
    await expect(setAlertRule(here, { ...fit, clusterId: null })).rejects.toMatchObject({ code: 'FORBIDDEN' })
    const entries = (await services.readAudit()).filter(({ action }) => action === 'alert.set-rule')
    expect(entries.map(({ outcome }) => outcome)).toEqual(['denied', 'ok', 'denied'])
    await setAlertRule(here, { ...fit, clusterId, numbers: { hours: 9, graceMinutes: 60 } })
    await resetAlertRule(here, { clusterId, rule: 'backup-late' })
    const later = (await services.readAudit()).filter(({ action }) => action === 'alert.set-rule').slice(-2)
    expect(later.map(({ before }) => before)).toMatchObject([{ hours: 1, severity: 'critical' }, { hours: 9 }])
  })
})

describe('notices', () => {
  test('come once when it fires and once when it is over, to every channel that is to know', async () => {
    const { received, url } = await startReceiver()
    const quiet = await startReceiver()
    await addChannel({ url })
    await addChannel({ name: 'grave only', url: quiet.url, leastSeverity: 'critical' })
    const other = await startReceiver()
    await addChannel({ name: 'others', url: other.url, clusterIds: ['another'] })
    await addJob('failed')
    for (let minute = 0; minute < 5; minute++) await look()
    await deliverAll()
    expect(told(received)).toEqual(['firing backup-failed'])
    expect(received[0]?.alert).toMatchObject({
      cluster: { id: clusterId, name: 'orders' },
      link: expect.stringMatching(/^https:\/\/arkeeper\.test\/ark\/alerts\?alert=/),
    })
    await addJob('succeeded')
    for (let minute = 0; minute < 5; minute++) await look()
    await deliverAll()
    expect(told(received)).toEqual(['firing backup-failed', 'resolved backup-failed'])
    expect(quiet.received).toEqual([])
    expect(other.received).toEqual([])
    expect(new Set(received.map(({ id }) => id)).size).toBe(2)
  })

  test('are written once however many workers look at once, and sent once however many send', async () => {
    const { received, url } = await startReceiver()
    await addChannel({ url })
    await addJob('failed')
    services.clock.advance(MINUTE)
    const owners = ['w1', 'w2', 'w3', 'w4']
    await Promise.all(owners.map((owner) => runDueAlerts(system, owner)))
    expect(await admin.db.alert.count()).toBe(1)
    await Promise.all(owners.map((owner) => deliverAll(owner)))
    expect(told(received)).toEqual(['firing backup-failed'])
  })

  test('are repeated once in so many hours, while it goes on', async () => {
    const { received, url } = await startReceiver()
    await addChannel({ url })
    await setRepeatHours(admin, { hours: 6 })
    await addJob('failed')
    await look()
    for (let hour = 0; hour < 25; hour++) await look(60)
    await deliverAll()
    expect(told(received)).toEqual(['firing backup-failed', ...Array(4).fill('repeat backup-failed')])
  })

  test('that were not taken are sent again, later each time, in their order, and given up in the end', async () => {
    const { received, url } = await startReceiver([500, 503])
    const channelId = await addChannel({ url })
    await addJob('failed')
    await look()
    await deliverAll()
    await addJob('succeeded')
    await look(0.1)
    await look()
    await deliverAll()
    expect(told(received)).toEqual(['firing backup-failed', 'firing backup-failed'])
    expect(received[0]?.id).toBe(received[1]?.id)
    expect(await listAlertChannels(admin)).toMatchObject([
      { id: channelId, failures: 2, waiting: 2, lastError: expect.stringContaining('answered 503') },
    ])
    services.clock.advance(2 * MINUTE)
    await deliverAll()
    expect(told(received).slice(2)).toEqual(['firing backup-failed', 'resolved backup-failed'])
    expect(await listAlertChannels(admin)).toMatchObject([{ failures: 0, waiting: 0, lastError: null }])
  })

  test('to a receiver that never comes back are dead after hours, and the others are told of it', async () => {
    const { url } = await startReceiver(Array(100).fill(500))
    const good = await startReceiver()
    await addChannel({ url })
    await addChannel({ name: 'good', url: good.url })
    await addJob('failed')
    await look()
    for (let step = 0; step < 9 * 4; step++) {
      await deliverAll()
      await look(15)
    }
    await deliverAll()
    const [, bad] = await listAlertChannels(admin)
    expect(bad).toMatchObject({ name: 'hook', dead: expect.any(Number) })
    expect(bad?.dead).toBeGreaterThan(0)
    expect(told(good.received)).toEqual(['firing backup-failed', 'firing channel-failing'])
  })

  test('for a receiver that takes none wait together, and those for another do not wait for them', async () => {
    const bad = await startReceiver([500])
    const good = await startReceiver()
    await addChannel({ url: bad.url })
    await addChannel({ name: 'good', url: good.url })
    await addJob('failed')
    await addBackup({ verifyOk: false })
    await look()
    await deliverAll()
    expect(bad.received).toHaveLength(1)
    expect(good.received).toHaveLength(2)
    services.clock.advance(MINUTE)
    await deliverAll()
    expect(told(bad.received).slice(1).sort()).toEqual(['firing backup-failed', 'firing verify-failed'])
  })

  test('that a worker was sending when it died are sent again by another, as the same', async () => {
    const { received, url } = await startReceiver()
    await addChannel({ url })
    await addJob('failed')
    await look()
    const kill = new AbortController()
    const dying = services.contextOf(system.actor)
    // The receiver has taken it, and then the worker is gone before it can write that down.
    const died = runDueDeliveries(
      {
        ...dying,
        notify: {
          send: async (...given) => {
            await dying.notify.send(...given)
            kill.abort()
            return new Promise<never>(() => undefined)
          },
        },
      },
      'dead',
    )
    await once(kill.signal, 'abort')
    expect(received).toHaveLength(1)
    await deliverAll('w2')
    expect(received).toHaveLength(1)
    services.clock.advance(2 * MINUTE)
    await deliverAll('w2')
    expect(received).toHaveLength(2)
    expect(received[1]).toEqual(received[0])
    expect(died).toBeInstanceOf(Promise)
  })

  test('stop with a removed channel, and a removed cluster ends its alerts', async () => {
    const { received, url } = await startReceiver()
    const channelId = await addChannel({ url })
    await addJob('failed')
    await look()
    await deliverAll()
    await removeCluster(admin, { clusterId, typedName: 'orders' })
    await look()
    await deliverAll()
    expect(received.at(-1)?.alert.text).toContain('Over because the cluster was removed')
    await removeAlertChannel(admin, { channelId })
    expect(await admin.db.alertDelivery.count()).toBe(0)
  })
})

describe('an acknowledgement', () => {
  test('ends the reminders, says who and why, and not the word that it is over', async () => {
    const { received, url } = await startReceiver()
    await addChannel({ url })
    await addJob('failed')
    await look()
    const alertId = (await byRule('backup-failed'))?.id ?? ''
    const viewer = services.contextFor('viewer')
    await expect(acknowledgeAlert(viewer, { alertId, minutes: null, reason: 'x' })).rejects.toMatchObject({
      code: 'FORBIDDEN',
    })
    await acknowledgeAlert(services.contextFor('operator'), {
      alertId,
      minutes: null,
      reason: 'disk is being replaced',
    })
    for (let day = 0; day < 4; day++) await look(24 * 60)
    expect(await byRule('backup-failed')).toMatchObject({
      acknowledged: { by: 'operator one', reason: 'disk is being replaced', silentUntil: null },
    })
    await deliverAll()
    expect(told(received)).toEqual(['firing backup-failed'])
    await takeBackAcknowledgement(admin, { alertId })
    await look()
    await addJob('succeeded')
    await look()
    await deliverAll()
    expect(told(received).slice(1)).toEqual(['repeat backup-failed', 'resolved backup-failed'])
    await expect(acknowledgeAlert(admin, { alertId, minutes: 5, reason: 'late' })).rejects.toMatchObject({
      code: 'WRONG_STATE',
    })
    const entries = (await services.readAudit()).filter(({ action }) => action === 'alert.acknowledge')
    expect(entries).toMatchObject([
      { outcome: 'denied', clusterId },
      { outcome: 'ok', reason: 'disk is being replaced' },
      { outcome: 'ok' },
    ])
  })

  test('for a while ends by itself', async () => {
    const { received, url } = await startReceiver()
    await addChannel({ url })
    await setRepeatHours(admin, { hours: 1 })
    await addJob('failed')
    await look()
    const alertId = (await byRule('backup-failed'))?.id ?? ''
    await acknowledgeAlert(admin, { alertId, minutes: 180, reason: 'known' })
    for (let minute = 0; minute < 230; minute += 10) await look(10)
    await deliverAll()
    expect(told(received)).toEqual(['firing backup-failed', 'repeat backup-failed'])
  })
})

describe('who sees what', () => {
  test('nobody sees an alert, or a number of them, of a cluster that is not theirs', async () => {
    await addJob('failed')
    await admin.db.auditWatch.upsert({
      where: { id: 1 },
      create: { id: 1, nextRunAt: now(), problemCount: 1 },
      update: { problemCount: 1 },
    })
    await look()
    const elsewhere = services.contextOf({
      kind: 'user',
      id: 'e',
      name: 'E',
      role: 'viewer',
      clusterRoles: { [clusterId]: 'none' },
    })
    expect((await listAlerts(elsewhere)).open.map(({ rule }) => rule)).toEqual(['audit-broken'])
    expect(await countOpenAlerts(elsewhere)).toEqual({ critical: 1, warning: 0, info: 0, byCluster: {} })
    const alertId = (await byRule('backup-failed'))?.id ?? ''
    // The same as for one that does not exist: by what they may do, not by what there is.
    for (const [role, code] of [
      ['viewer', 'FORBIDDEN'],
      ['operator', 'NOT_FOUND'],
      ['none', 'NOT_FOUND'],
    ] as const) {
      const context = services.contextOf({ ...elsewhere.actor, role })
      for (const id of [alertId, 'none']) {
        await expect(acknowledgeAlert(context, { alertId: id, minutes: null, reason: 'x' })).rejects.toMatchObject({
          code,
        })
      }
    }
    const only = services.contextOf({
      kind: 'user',
      id: 'o',
      name: 'O',
      role: 'none',
      clusterRoles: { [clusterId]: 'viewer' },
    })
    expect((await listAlerts(only)).open.map(({ rule }) => rule)).toEqual(['backup-failed'])
    expect(await countOpenAlerts(only)).toEqual({ critical: 0, warning: 1, info: 0, byCluster: { [clusterId]: 1 } })
  })

  test('channels are for administrators overall, with their secrets nowhere in sight', async () => {
    const { url } = await startReceiver()
    await addChannel({ url, signingSecret: 'planted-secret' })
    await setAlertChannel(admin, {
      name: 'mail',
      kind: 'email',
      host: 'mail.example.org',
      user: 'ark',
      password: 'planted-password',
      from: 'ark@example.org',
      to: 'ops@example.org, night@example.org',
    })
    const views = await listAlertChannels(admin)
    expect(views).toMatchObject([
      { name: 'hook', place: new URL(url).host, hasSigningSecret: true, mail: null },
      { name: 'mail', mail: { user: 'ark', to: ['ops@example.org', 'night@example.org'], security: 'starttls' } },
    ])
    const rows = await admin.db.alertChannel.findMany()
    const stored = rows.map((row) => JSON.stringify(row) + Buffer.from(row.secret ?? []).toString('latin1')).join()
    expect(`${stored}${JSON.stringify([views, await services.readAudit(), services.logLines])}`).not.toContain(
      'planted',
    )
    expect(JSON.stringify(await services.readAudit())).not.toContain('ops@example.org')
    const here = services.contextOf({
      kind: 'user',
      id: 'c',
      name: 'C',
      role: 'viewer',
      clusterRoles: { [clusterId]: 'admin' },
    })
    for (const context of [services.contextFor('operator'), here]) {
      await expect(listAlertChannels(context)).rejects.toMatchObject({ code: 'FORBIDDEN' })
      await expect(setAlertChannel(context, { name: 'x', kind: 'webhook', url })).rejects.toMatchObject({
        code: 'FORBIDDEN',
      })
      const channelId = views[0]?.id ?? ''
      await expect(testAlertChannel(context, { channelId })).rejects.toMatchObject({ code: 'FORBIDDEN' })
      await expect(removeAlertChannel(context, { channelId })).rejects.toMatchObject({ code: 'FORBIDDEN' })
    }
  })

  test('a test shows what the receiver said, on record either way', async () => {
    const { received, url } = await startReceiver([200, 418])
    const channelId = await addChannel({ url, enabled: false })
    expect(await testAlertChannel(admin, { channelId })).toEqual({ answer: '200 thanks' })
    expect(told(received)).toEqual(['test test'])
    await expect(testAlertChannel(admin, { channelId })).rejects.toMatchObject({
      message: expect.stringContaining('answered 418 thanks'),
    })
    const told_ = (await services.readAudit()).filter(({ action }) => action === 'alert.test-channel')
    expect(told_.map(({ outcome }) => outcome)).toEqual(['started', 'ok', 'started', 'failed'])
  })
})

describe('a channel', () => {
  test('keeps the secrets that are left empty, its kind and its name', async () => {
    const { received, url } = await startReceiver()
    const channelId = await addChannel({ url })
    await setAlertChannel(admin, { channelId, name: 'renamed', kind: 'webhook', leastSeverity: 'info' })
    await testAlertChannel(admin, { channelId })
    expect(received).toHaveLength(1)
    await expect(setAlertChannel(admin, { channelId, name: 'renamed', kind: 'slack' })).rejects.toMatchObject({
      code: 'INVALID_INPUT',
    })
    await expect(setAlertChannel(admin, { name: 'renamed', kind: 'slack', url })).rejects.toMatchObject({
      code: 'NAME_TAKEN',
    })
    await expect(setAlertChannel(admin, { name: 'new', kind: 'slack' })).rejects.toMatchObject({
      details: { fields: { url: expect.any(String) } },
    })
  })

  test('of mail sends a password that it knows to no other server, and as no other user', async () => {
    const mail = { name: 'mail', kind: 'email', host: 'mail.example.org', user: 'ark', from: 'a@example.org' } as const
    const to = ['ops@example.org']
    const { channelId } = await setAlertChannel(admin, { ...mail, to, password: 'planted-password' })
    const passwordOf = async () =>
      toNotifyTarget(admin, await admin.db.alertChannel.findUniqueOrThrow({ where: { id: channelId } }))
    await setAlertChannel(admin, { ...mail, channelId, to: ['night@example.org'] })
    expect(await passwordOf()).toMatchObject({ password: 'planted-password', to: ['night@example.org'] })
    const others = [
      { host: 'evil.example' },
      { port: 2525 },
      { user: 'eve' },
      { security: 'tls' },
      { ca: 'PEM' },
    ] as const
    for (const other of others) {
      await expect(setAlertChannel(admin, { ...mail, ...other, channelId, to })).rejects.toMatchObject({
        code: 'INVALID_INPUT',
        details: { fields: { password: expect.any(String) } },
      })
    }
    await setAlertChannel(admin, { ...mail, channelId, to, host: 'other.example.org', password: 'planted-other' })
    expect(await passwordOf()).toMatchObject({ host: 'other.example.org', password: 'planted-other' })
    const [entry] = (await services.readAudit()).filter(({ action }) => action === 'alert.set-channel').slice(-1)
    expect(entry).toMatchObject({
      before: { host: 'mail.example.org:587', clusters: null },
      after: { host: 'other.example.org:587' },
    })
  })

  test.each([
    ['url', { kind: 'webhook', url: 'file:///etc/passwd' }],
    ['url', { kind: 'slack', url: 'https://user:pw@hooks.example' }],
    ['from', { kind: 'email', host: 'm', from: 'Ops <ops@example.org>', to: 'a@example.org' }],
    ['to.0', { kind: 'email', host: 'm', from: 'a@example.org', to: ['a@example.org\r\nBcc: x@example.org'] }],
    ['to.0', { kind: 'email', host: 'm', from: 'a@example.org', to: ['"x, y"@example.org'] }],
    ['to', { kind: 'email', host: 'm', from: 'a@example.org', to: ' , ' }],
    ['host', { kind: 'email', host: 'm x', from: 'a@example.org', to: 'a@example.org' }],
    ['security', { kind: 'email', host: 'm', user: 'u', security: 'none', from: 'a@example.org', to: 'a@example.org' }],
    ['clusterIds', { kind: 'slack', url: 'https://hooks.example', clusterIds: [] }],
  ] as const)('with a wrong %s is refused', async (field, more) => {
    const refused = setAlertChannel(admin, { name: 'wrong', ...more } as Channel)
    await expect(refused).rejects.toMatchObject({
      code: 'INVALID_INPUT',
      details: { fields: { [field]: expect.any(String) } },
    })
  })
})

test('what cannot be looked at ends nothing, and is shown', async () => {
  await addJob('failed')
  await look()
  const broken = { ...system.db, job: { findMany: () => Promise.reject(new Error('planted failure')) } }
  services.clock.advance(MINUTE)
  await runDueAlerts(
    { ...system, db: new Proxy(system.db, { get: (db, key) => (key === 'job' ? broken.job : Reflect.get(db, key)) }) },
    'w1',
  )
  expect(await listAlerts(admin)).toMatchObject({
    open: [{ rule: 'backup-failed' }],
    faults: [{ rule: 'backup-failed', message: expect.stringContaining('planted') }],
  })
  await look()
  expect((await listAlerts(admin)).faults).toEqual([])
  services.clock.advance(10 * MINUTE)
  expect((await listAlerts(admin)).isStale).toBe(true)
})
