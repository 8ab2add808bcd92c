import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { createTestServices, type TestServices } from '../../testing/service-context.ts'
import { addTestPeople } from '../../testing/work-off-jobs.ts'
import { addCluster } from '../clusters/add-cluster.ts'
import type { ServiceContext } from '../context.ts'
import { createToken } from '../tokens/create-token.ts'
import { collectMetrics } from './collect-metrics.ts'
import { findMetricsActor } from './find-metrics-actor.ts'

vi.setConfig({ testTimeout: 30_000, hookTimeout: 30_000 })

const MINUTE = 60_000

let services: TestServices
let admin: ServiceContext
const ids: Record<string, string> = {}

beforeEach(async () => {
  services = await createTestServices()
  admin = services.contextFor('admin')
  await addTestPeople(services)
  for (const name of ['orders', 'billing']) {
    const auth = { kind: 'none' } as const
    ids[name] = (await addCluster(admin, { name, connectString: `${name}:2181`, auth })).id
  }
})
afterEach(() => services.close())

const now = () => new Date(services.clock.now())
const idOf = (name: string) => ids[name] ?? ''

/** Our own samples, `name{labels}` → value. */
async function read(context: ServiceContext): Promise<Map<string, number>> {
  const text = await collectMetrics(context)
  const lines = text.split('\n').filter((line) => line.startsWith('arkeeper_'))
  return new Map(
    lines.map((line) => [line.slice(0, line.lastIndexOf(' ')), Number(line.slice(line.lastIndexOf(' ') + 1))]),
  )
}

async function fill(): Promise<void> {
  const at = now()
  for (const [index, cluster] of ['orders', 'billing'].entries()) {
    await admin.db.backup.create({
      data: {
        id: `b-${cluster}`,
        clusterId: idOf(cluster),
        clusterName: cluster,
        source: 'client',
        purpose: 'manual',
        status: 'complete',
        zxid: 1n,
        zxidFrom: 1n,
        zxidTo: 1n,
        consistency: 'exact',
        scopePaths: ['/'],
        znodes: 100 + index,
        dataBytes: 5_000_000_000n,
        archiveBytes: 1000n,
        dir: cluster,
        manifest: {},
        takenAt: at,
        durationMs: 1500,
        verifiedAt: at,
        verifyOk: true,
        verifyFailures: 1 + index,
        provedAt: at,
        drilledAt: at,
        drillOk: true,
      },
    })
    await admin.db.healthWatch.upsert({
      where: { clusterId: idOf(cluster) },
      create: { clusterId: idOf(cluster), nextRunAt: at, lastRunAt: at },
      update: { lastRunAt: at },
    })
    await admin.db.healthSample.create({
      data: {
        id: `s-${cluster}`,
        clusterId: idOf(cluster),
        server: `${cluster}:2181`,
        at,
        tier: 0,
        ok: true,
        role: 'leader',
        version: '3.9.4',
        latencyAvg: 2.5,
        latencyMax: 40,
        outstanding: 3,
        dataBytes: 123n,
        quorumSize: 3,
        syncedFollowers: 2,
        digestMismatches: 0,
      },
    })
    await admin.db.alert.create({
      data: {
        id: `a-${cluster}`,
        key: cluster,
        openKey: cluster,
        rule: 'backup-failed',
        clusterId: idOf(cluster),
        clusterName: cluster,
        about: 'cluster',
        state: 'firing',
        severity: 'warning',
        title: 't',
        text: 'x',
        since: at,
      },
    })
    await admin.db.job.create({
      data: {
        id: `j-${cluster}`,
        kind: 'backup',
        state: 'queued',
        clusterId: idOf(cluster),
        payload: {},
        actorId: 'x',
        actorName: 'x',
        attemptsMax: 1,
        runAfter: at,
      },
    })
  }
  await admin.db.schedule.create({
    data: {
      id: 's1',
      clusterId: idOf('orders'),
      name: 'nightly',
      cron: '0 2 * * *',
      timeZone: 'UTC',
      scopePaths: ['/'],
      sources: ['client'],
      nextDueAt: at,
      nextRunAt: at,
      createdAt: at,
    },
  })
  const run = { scheduleId: 's1', scheduleName: 'nightly', clusterId: idOf('orders'), kind: 'due', createdAt: at }
  await admin.db.scheduleRun.create({ data: { ...run, id: 'r1', dueAt: at, state: 'succeeded', finishedAt: at } })
  await admin.db.store.create({
    data: { id: 'off', name: 'off-site', kind: 's3', settings: {}, usedBytes: 7n, usedArchives: 1 },
  })
  await admin.db.backupCopy.create({
    data: { id: 'c1', backupId: 'b-orders', storeId: 'off', dir: 'x', state: 'failed', createdAt: at },
  })
  await admin.db.workerHeartbeat.create({ data: { id: 'w', host: 'h', pid: 1, startedAt: at, seenAt: at } })
  services.clock.advance(MINUTE)
}

describe('metrics', () => {
  test('tell of backups, servers, jobs, alerts and workers, by what the database says', async () => {
    await fill()
    const found = await read(admin)
    const expected: [string, number][] = [
      ['arkeeper_clusters', 2],
      ['arkeeper_backup_last_success_age_seconds{cluster="orders"}', 60],
      ['arkeeper_backup_last_success_timestamp_seconds{cluster="orders"}', (services.clock.now() - MINUTE) / 1000],
      ['arkeeper_backup_last_znodes{cluster="billing"}', 101],
      ['arkeeper_backup_last_data_bytes{cluster="orders"}', 5_000_000_000],
      ['arkeeper_backup_last_duration_seconds{cluster="orders"}', 1.5],
      ['arkeeper_drill_failed{cluster="orders"}', 0],
      ['arkeeper_cluster_up{cluster="orders"}', 1],
      ['arkeeper_cluster_synced_followers{cluster="orders"}', 2],
      ['arkeeper_server_latency_average_seconds{cluster="orders",server="orders:2181"}', 0.0025],
      ['arkeeper_server_outstanding_requests{cluster="orders",server="orders:2181"}', 3],
      ['arkeeper_server_digest_mismatches_total{cluster="orders",server="orders:2181"}', 0],
      ['arkeeper_backup_last_bytes{cluster="orders"}', 1000],
      ['arkeeper_verify_failures_total', 3],
      ['arkeeper_jobs{state="queued"}', 2],
      ['arkeeper_jobs{state="succeeded"}', 0],
      ['arkeeper_jobs_open{kind="backup",state="queued"}', 2],
      ['arkeeper_jobs_open{kind="drill",state="running"}', 0],
      ['arkeeper_job_queue_oldest_age_seconds', 60],
      ['arkeeper_alerts{severity="warning"}', 2],
      ['arkeeper_alerts{severity="critical"}', 0],
      ['arkeeper_alert_firing{rule="backup-failed",severity="warning",cluster="orders"}', 1],
      ['arkeeper_schedule_runs_total{cluster="orders",schedule="nightly",state="succeeded"}', 1],
      ['arkeeper_schedule_runs_total{cluster="orders",schedule="nightly",state="missed"}', 0],
      ['arkeeper_backup_copies{cluster="orders",store="off-site",state="failed"}', 1],
      ['arkeeper_backups_removal_pending{cluster="orders"}', 0],
      ['arkeeper_store_used_bytes{store="off-site"}', 7],
      ['arkeeper_workers', 1],
      ['arkeeper_audit_entries_total', 2],
    ]
    for (const [name, value] of expected) expect(found.get(name), name).toBe(value)
    // What a server did not tell is not there.
    expect([...found.keys()].filter((name) => name.startsWith('arkeeper_server_watches'))).toEqual([])
  })

  test('are the same from whichever process answers, and grow with no path and no job', async () => {
    await fill()
    const [first, second] = [await read(admin), await read(services.contextFor('admin'))]
    expect([...second]).toEqual([...first])
    const before = first.size
    for (let index = 0; index < 50; index++) {
      await admin.db.job.create({
        data: {
          id: `more-${index}`,
          kind: 'diff',
          state: 'succeeded',
          payload: {},
          actorId: 'x',
          actorName: 'x',
          attemptsMax: 1,
          runAfter: now(),
        },
      })
    }
    expect((await read(admin)).size).toBe(before)
  })

  test('tell whoever sees some clusters nothing of the others, nor of the installation', async () => {
    await fill()
    const only = services.contextOf({
      kind: 'user',
      id: 'o',
      name: 'O',
      role: 'none',
      clusterRoles: { [idOf('orders')]: 'viewer' },
    })
    const found = await read(only)
    const text = [...found.keys()].join('\n')
    expect(text).toContain('cluster="orders"')
    expect(text).not.toContain('billing')
    expect(found.get('arkeeper_clusters')).toBe(1)
    expect(found.get('arkeeper_alerts{severity="warning"}')).toBe(1)
    expect(found.get('arkeeper_jobs{state="queued"}')).toBe(1)
    expect(found.get('arkeeper_verify_failures_total')).toBe(1)
    expect(text).not.toMatch(/arkeeper_(workers|audit|notices)/)
  })

  test('are Prometheus text with help and type, ours and the process', async () => {
    const text = await collectMetrics(admin)
    expect(text).toMatch(/^# HELP arkeeper_clusters .+\n# TYPE arkeeper_clusters gauge\narkeeper_clusters 2$/m)
    expect(text).toMatch(/^process_cpu_seconds_total \d/m)
    expect(text).toMatch(/^nodejs_eventloop_lag_seconds \d/m)
    expect(text.endsWith('\n')).toBe(true)
    // As promtool has it: what is called a total counts.
    expect([...text.matchAll(/^# TYPE (\w+_total) (?!counter)/gm)].map(([, name]) => name)).toEqual([])
  })
})

describe('who reads them', () => {
  const ask = (authorization: string | null, metricsToken: string | null = 'the-token-of-metrics') =>
    findMetricsActor(admin, { authorization, metricsToken, ip: null, onlyThisHost: true })

  test('shows a token: the one for metrics, or an API token that may read', async () => {
    expect(await ask('Bearer the-token-of-metrics')).toMatchObject({ kind: 'system', role: 'viewer' })
    for (const wrong of [null, '', 'Bearer', 'Bearer wrong', 'Basic dGhlLXRva2Vu', 'Bearer the-token-of-metricsx']) {
      await expect(ask(wrong), `${wrong}`).rejects.toMatchObject({ code: 'SIGNED_OUT' })
    }
    await expect(ask('Bearer null', null)).rejects.toMatchObject({ code: 'SIGNED_OUT' })
  })

  test('or is on this host, where nobody else can come and no token was set', async () => {
    const from = (ip: string | null, onlyThisHost: boolean, metricsToken: string | null = null) =>
      findMetricsActor(admin, { authorization: null, metricsToken, ip, onlyThisHost })
    for (const ip of ['127.0.0.1', '::1', '::ffff:127.0.0.1']) {
      expect(await from(ip, true)).toMatchObject({ kind: 'system', role: 'viewer' })
      await expect(from(ip, false)).rejects.toMatchObject({ code: 'SIGNED_OUT' })
      await expect(from(ip, true, 'the-token-of-metrics')).rejects.toMatchObject({ code: 'SIGNED_OUT' })
    }
    for (const ip of [null, '10.0.0.7', '::ffff:10.0.0.7', '1127.0.0.1']) {
      await expect(from(ip, true), `${ip}`).rejects.toMatchObject({ code: 'SIGNED_OUT' })
    }
  })

  test('as a token sees the clusters of the token', async () => {
    await fill()
    const owner = services.contextFor('viewer')
    const make = (scopes: ['read'] | ['backup']) =>
      createToken(owner, { name: scopes[0], scopes, clusterIds: [idOf('orders')], hours: 1 })
    const { token } = await make(['read'])
    const found = await read(services.contextOf(await ask(`Bearer ${token}`)))
    expect([...found.keys()].join()).not.toContain('billing')
    expect(found.get('arkeeper_clusters')).toBe(1)
    const other = await make(['backup'])
    await expect(ask(`Bearer ${other.token}`)).rejects.toMatchObject({ code: 'FORBIDDEN' })
  })
})
