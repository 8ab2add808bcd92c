import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import type { Member } from '../../adapters/members/members.ts'
import { createZooKeeper } from '../../adapters/zookeeper/zookeeper.ts'
import { type ControlledServers, createControlledServers } from '../../testing/controlled-servers.ts'
import { createTestServices, type TestServices } from '../../testing/service-context.ts'
import { findCachedVersions } from '../../testing/zookeeper-server.ts'
import { addCluster } from '../clusters/add-cluster.ts'
import { setAdminServers } from '../clusters/set-admin-servers.ts'
import type { ServiceContext } from '../context.ts'
import { getHealth } from './get-health.ts'
import { getHealthHistory } from './get-health-history.ts'
import { HealthRounds } from './run-due-health.ts'
import { parseKnownSettings } from './settings-store.ts'

vi.setConfig({ testTimeout: 60_000, hookTimeout: 60_000 })

/** 3.9 where it is there; the installed one is 3.8, which the other tests ask. */
const NEWEST = findCachedVersions().findLast(({ version, cached }) => cached && version.startsWith('3.9.'))?.version

const rows = (context: ServiceContext, clusterId: string) =>
  context.db.healthSample.findMany({ where: { clusterId }, orderBy: [{ at: 'asc' }, { server: 'asc' }] })

describe('an ensemble of three, asked through its AdminServers', () => {
  let ensemble: ControlledServers
  let services: TestServices
  let context: ServiceContext
  let clusterId: string
  const rounds = new HealthRounds('worker-1')
  beforeAll(async () => {
    ensemble = await createControlledServers({ cluster: 'Orders', size: 3, adminServers: true, version: NEWEST })
    await ensemble.startAll()
    services = await createTestServices({ zookeeper: createZooKeeper() })
    context = services.contextFor('admin')
    clusterId = (await addCluster(context, { name: 'Orders', connectString: ensemble.connectString })).id
    const urls = ensemble.members.map(({ adminUrl }) => adminUrl ?? '')
    await setAdminServers(context, { clusterId, urls, auth: { kind: 'none' } })
  })
  afterAll(async () => {
    await services?.close()
    await ensemble?.remove()
  })

  it('each server is one row a look, under the address that clients know', async () => {
    expect(await rounds.runDue(context)).toBe(true)
    // Nothing is due before the minute is over, whoever asks.
    expect(await rounds.runDue(context)).toBe(false)
    const found = await rows(context, clusterId)
    expect(found.map(({ server }) => server)).toEqual(ensemble.servers.map((one) => one.connectString).toSorted())
    for (const row of found) {
      expect(row).toMatchObject({
        ok: true,
        fault: null,
        gap: null,
        source: 'admin',
        quorumSize: 3,
        tier: 2,
        znodes: 4,
      })
      expect(row.version).toMatch(/^3\.\d+\.\d+$/)
    }
    expect(found.map(({ role }) => role).toSorted()).toEqual(['follower', 'follower', 'leader'])
    expect(found.find(({ role }) => role === 'leader')).toMatchObject({ learners: 2, syncedFollowers: 2 })
    const watch = await context.db.healthWatch.findUniqueOrThrow({ where: { clusterId } })
    const known = parseKnownSettings(watch.settings)
    expect(known.members?.map(({ id, isVoter }) => [id, isVoter])).toEqual([
      [1, true],
      [2, true],
      [3, true],
    ])
    expect(known.servers.map(({ serverId }) => serverId)).toEqual([1, 2, 3])
    expect(known.servers[0]?.properties).toMatchObject({ 'zookeeper.forceSync': 'no' })
    const health = await getHealth(services.contextFor('viewer'), clusterId)
    expect(health.servers).toHaveLength(3)
    // The tests' servers are set up for speed, and that is what is found.
    expect(health.findings.map(({ rule }) => rule)).toEqual(
      expect.arrayContaining(['force-sync', 'one-host', 'all-words']),
    )
    expect(health.checks.find(({ rule }) => rule === 'in-sync')).toMatchObject({ unknown: null })
  })

  it('a leader that is gone is a row with its fault, and another one leads', async () => {
    const before = await rows(context, clusterId)
    const old = before.find(({ role }) => role === 'leader')?.server
    const leader = ensemble.servers.find(({ connectString }) => connectString === old)
    await leader?.stop()
    // The others elect before they serve again: a look meanwhile says so.
    await vi.waitFor(
      async () => {
        services.clock.advance(60_000)
        await rounds.runDue(context)
        const last = (await rows(context, clusterId)).slice(-3)
        expect(last.filter(({ ok }) => ok)).toHaveLength(2)
        expect(last.filter(({ role }) => role === 'leader')).toHaveLength(1)
      },
      { timeout: 40_000, interval: 200 },
    )
    const last = (await rows(context, clusterId)).slice(-3)
    const gone = last.find(({ server }) => server === old)
    expect(gone).toMatchObject({ ok: false, role: null, source: null, fault: 'CONNECT_REFUSED' })
    // Its first look as one that is gone is kept for months, with the first of the new leader.
    const turns = (await rows(context, clusterId)).slice(3).filter(({ tier }) => tier === 2)
    expect(turns.some(({ server, ok }) => server === old && !ok)).toBe(true)
    expect(turns.some(({ server, role }) => server !== old && role === 'leader')).toBe(true)
    const now = last.find(({ role }) => role === 'leader')?.server
    expect(now).not.toBe(old)
    const history = await getHealthHistory(context, { clusterId, range: 'day' })
    expect(history.leaderChanges).toMatchObject([{ from: old, to: now }])
    expect(history.leaderChanges[0]?.epoch).toBeGreaterThan(1)
    expect(history.roles.find(({ server }) => server === old)?.spans.at(-1)).toMatchObject({ role: 'down' })
    const { findings } = await getHealth(context, clusterId)
    expect(findings.map(({ rule }) => rule)).toEqual(expect.arrayContaining(['server-down', 'majority']))
    const watch = await context.db.healthWatch.findUniqueOrThrow({ where: { clusterId } })
    expect(watch.summary).toMatchObject({ leader: now, serving: 2, known: 3 })
  })
})

describe('one server, asked by four-letter words', () => {
  it('tells what its whitelist allows, and what is missing for it', async () => {
    const members: Member[] = []
    await using services = await createTestServices({ zookeeper: createZooKeeper(), members })
    const context = services.contextFor('admin')
    const server = await createControlledServers({
      cluster: 'Single',
      size: 1,
      adminServers: true,
      config: { '4lw.commands.whitelist': 'srvr' },
    })
    try {
      await server.startAll()
      for (const member of server.members)
        members.push({ ...member, adminUrl: null, zooCfg: join(member.dataDir, '..', 'zoo.cfg') })
      const { id } = await addCluster(context, { name: 'Single', connectString: server.connectString })
      const rounds = new HealthRounds('worker-1')
      await rounds.runDue(context)
      expect(await rows(context, id)).toMatchObject([
        {
          server: server.connectString,
          ok: true,
          role: 'standalone',
          source: '4lw',
          gap: 'MNTR_NOT_ALLOWED',
          watches: null,
          znodes: 4,
        },
      ])
      // What it does not tell is in its file, which this host sees.
      const watch = await context.db.healthWatch.findUniqueOrThrow({ where: { clusterId: id } })
      expect(parseKnownSettings(watch.settings).servers).toMatchObject([
        { server: server.connectString, running: null, zooCfg: { tickTime: '2000', maxClientCnxns: '0' } },
      ])
      // With its AdminServer the same server tells the rest, and is still the same server.
      const urls = [server.members[0]?.adminUrl ?? '']
      await setAdminServers(context, { clusterId: id, urls, auth: { kind: 'none' } })
      services.clock.advance(60_000)
      await rounds.runDue(context)
      expect((await rows(context, id)).at(-1)).toMatchObject({
        server: server.connectString,
        source: 'admin',
        gap: null,
        watches: 0,
      })
    } finally {
      await server.remove()
    }
  })
})
