import { expect, it, vi } from 'vitest'
import { createZooKeeper } from '../../adapters/zookeeper/zookeeper.ts'
import { createTestServices, type TestServices } from '../../testing/service-context.ts'
import { addCluster } from '../clusters/add-cluster.ts'
import { getCluster } from '../clusters/get-cluster.ts'
import { removeCluster } from '../clusters/remove-cluster.ts'
import { getHealth } from './get-health.ts'
import { listHealthSamples } from './list-health-samples.ts'
import { HealthRounds } from './run-due-health.ts'
import { setHealthWatch } from './set-health-watch.ts'

vi.setConfig({ testTimeout: 30_000 })

const MINUTE = 60_000
const DAY = 24 * 60 * MINUTE
/** Nobody listens there: the answer comes at once, and is a fault. */
const NOBODY = '127.0.0.1:1,127.0.0.1:2'

async function withCluster(work: (services: TestServices, clusterId: string) => Promise<void>): Promise<void> {
  await using services = await createTestServices({ zookeeper: createZooKeeper() })
  const { id } = await addCluster(services.contextFor('admin'), { name: 'Orders', connectString: NOBODY })
  await work(services, id)
}

const samples = ({ database }: TestServices) =>
  database.client.healthSample.findMany({ orderBy: [{ at: 'asc' }, { server: 'asc' }] })

it('a cluster is looked at from the start, and its page says who is down', () =>
  withCluster(async (services, clusterId) => {
    const context = services.contextFor('viewer')
    expect(await getHealth(context, clusterId)).toMatchObject({ lookedAt: null, servers: [], findings: [], checks: [] })
    expect((await getCluster(context, clusterId)).health).toBeNull()
    await new HealthRounds('w1').runDue(services.contextFor('admin'))
    const health = await getHealth(context, clusterId)
    expect(health.servers).toMatchObject([
      { server: '127.0.0.1:1', ok: false, fault: 'CONNECT_REFUSED', znodes: null },
      { server: '127.0.0.1:2', ok: false, fault: 'CONNECT_REFUSED', znodes: null },
    ])
    expect(health.findings.map(({ rule }) => rule)).toContain('server-down')
    expect((await getCluster(context, clusterId)).health).toMatchObject({
      serving: 0,
      known: 2,
      leader: null,
      worst: { severity: 'danger' },
    })
  }))

it('of several workers one looks, once a turn, and missed turns are not made up', () =>
  withCluster(async (services, _clusterId) => {
    const context = services.contextFor('admin')
    const workers = ['w1', 'w2', 'w3'].map((name) => new HealthRounds(name))
    await Promise.all(workers.map((worker) => worker.runDue(context)))
    expect(await samples(services)).toHaveLength(2)
    services.clock.advance(MINUTE)
    await Promise.all(workers.map((worker) => worker.runDue(context)))
    expect(await samples(services)).toHaveLength(4)
    services.clock.advance(60 * MINUTE)
    for (let i = 0; i < 3; i++) await Promise.all(workers.map((worker) => worker.runDue(context)))
    expect(await samples(services)).toHaveLength(6)
  }))

it('a cluster of before there were looks is found, and one that is removed is left', () =>
  withCluster(async (services, clusterId) => {
    const context = services.contextFor('admin')
    await services.database.client.healthWatch.deleteMany()
    const rounds = new HealthRounds('w1')
    await rounds.runDue(context)
    expect(await samples(services)).toHaveLength(2)
    await removeCluster(context, { clusterId, typedName: 'Orders' })
    services.clock.advance(2 * MINUTE)
    await rounds.runDue(context)
    expect(await samples(services)).toHaveLength(2)
    expect(await services.database.client.healthWatch.count()).toBe(0)
  }))

it('what is old goes: minutes after two days, tens of minutes after two weeks, hours after three months', () =>
  withCluster(async (services, clusterId) => {
    const { client } = services.database
    const now = services.clock.now()
    const row = (tier: number, days: number) => ({
      id: `${tier}-${days}`,
      clusterId,
      server: 'zk1:2181',
      at: new Date(now - days * DAY),
      tier,
      ok: true,
    })
    await client.healthSample.createMany({
      data: [row(0, 1), row(0, 3), row(1, 13), row(1, 15), row(2, 89), row(2, 91)],
    })
    await new HealthRounds('w1').runDue(services.contextFor('admin'))
    const left = (await samples(services)).filter(({ server }) => server === 'zk1:2181')
    expect(left.map(({ id }) => id)).toEqual(['2-89', '1-13', '0-1'])
  }))

it('is switched by administrators only, on record, and not looked at while it is off', () =>
  withCluster(async (services, clusterId) => {
    await expect(setHealthWatch(services.contextFor('operator'), { clusterId, enabled: false })).rejects.toMatchObject({
      code: 'FORBIDDEN',
    })
    await setHealthWatch(services.contextFor('admin'), { clusterId, enabled: false, everySeconds: 120 })
    expect((await services.readAudit()).at(-1)).toMatchObject({ action: 'cluster.watch-health', outcome: 'ok' })
    await new HealthRounds('w1').runDue(services.contextFor('admin'))
    expect(await samples(services)).toEqual([])
    await expect(
      setHealthWatch(services.contextFor('admin'), { clusterId, enabled: true, everySeconds: 5 }),
    ).rejects.toMatchObject({ code: 'INVALID_INPUT' })
  }))

it('says when nobody looks any more', () =>
  withCluster(async (services, clusterId) => {
    const context = services.contextFor('admin')
    await new HealthRounds('w1').runDue(context)
    expect((await getHealth(context, clusterId)).watch.isLate).toBe(false)
    services.clock.advance(6 * MINUTE)
    expect((await getHealth(context, clusterId)).watch.isLate).toBe(true)
  }))

it('versions that differ are dated from the first look at which they did', () =>
  withCluster(async (services, clusterId) => {
    const { client } = services.database
    const now = services.clock.now()
    const look = (hoursAgo: number, versions: readonly string[]) =>
      versions.map((version, i) => ({
        id: `${hoursAgo}-${i}`,
        clusterId,
        server: `zk${i}:2181`,
        at: new Date(now - hoursAgo * 60 * MINUTE),
        tier: 2,
        ok: true,
        role: i === 0 ? 'leader' : 'follower',
        version,
      }))
    await client.healthSample.createMany({
      data: [
        ...look(40, ['3.9.4', '3.9.4']),
        ...look(30, ['3.9.4', '3.9.5']),
        ...look(20, ['3.9.4', '3.9.5']),
        ...look(0, ['3.9.4', '3.9.5']),
      ],
    })
    await client.healthWatch.update({ where: { clusterId }, data: { lastRunAt: new Date(now) } })
    const { findings } = await getHealth(services.contextFor('viewer'), clusterId)
    const mixed = findings.find(({ rule }) => rule === 'mixed-versions')
    expect(mixed).toMatchObject({ severity: 'warning' })
    expect(mixed?.evidence).toContain(new Date(now - 30 * 60 * MINUTE).toISOString().slice(0, 13).replace('T', ' '))
    const listed = await listHealthSamples(services.contextFor('viewer'), {
      clusterId,
      from: now - 25 * 60 * MINUTE,
      to: now,
      limit: 10,
    })
    expect(listed).toMatchObject([{ version: '3.9.4' }, { version: '3.9.5' }])
  }))
