import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createFileArchives } from '../../adapters/archive/file-archives.ts'
import type { ClusterConnection } from '../../adapters/zookeeper/connection.ts'
import { createZooKeeper } from '../../adapters/zookeeper/zookeeper.ts'
import { catalogServerFiles } from '../../testing/archive-of-server.ts'
import { type ControlledServers, createControlledServers } from '../../testing/controlled-servers.ts'
import { LiveTree } from '../../testing/live-tree.ts'
import { createTestServices, type TestServices } from '../../testing/service-context.ts'
import { addTestPeople, workOffJobs } from '../../testing/work-off-jobs.ts'
import { findCachedVersions } from '../../testing/zookeeper-server.ts'
import { addCluster } from '../clusters/add-cluster.ts'
import { armCluster } from '../clusters/arm-cluster.ts'
import type { ServiceContext } from '../context.ts'
import { createPhysical } from './create-physical.ts'
import { getPhysical } from './get-physical.ts'
import { confirmPhysical } from './start-physical.ts'

// The command `restore` came with 3.9: without such a server there is nothing to prove.
const VERSION =
  findCachedVersions().find(({ version, cached }) => cached && version.startsWith('3.9.'))?.version ?? null
const CLUSTER = 'through admin'

describe.skipIf(VERSION === null).each([1, 3])(
  `a restore through the AdminServers of ${VERSION}, %d servers`,
  (size) => {
    let rig: ControlledServers
    let services: TestServices
    let context: ServiceContext
    let client: ClusterConnection
    let backupId = ''

    beforeAll(async () => {
      rig = await createControlledServers({
        cluster: CLUSTER,
        size,
        adminServers: true,
        config: { 'admin.rateLimiterIntervalInMS': '0' },
        version: VERSION ?? undefined,
      })
      await rig.startAll()
      services = await createTestServices({
        zookeeper: createZooKeeper(),
        archives: createFileArchives(),
        // Without credentials in the configuration file the address decides.
        members: rig.members,
      })
      await addTestPeople(services)
      context = services.contextFor('admin')
      const { id } = await addCluster(context, { name: CLUSTER, connectString: rig.connectString })
      await context.db.cluster.update({
        where: { id },
        data: { adminUrls: rig.members.map(({ adminUrl }) => adminUrl).join('\n'), adminAuthScheme: 'ip' },
      })
      await armCluster(context, { clusterId: id, minutes: 60, reason: 'test' })
      client = await createZooKeeper().connect({ connectString: rig.connectString })
      const tree = new LiveTree(client)
      await tree.create('/app', 'one')
      await tree.create('/app/null', null)
      await rig.stopAll()
      await rig.startAll()
      backupId = await catalogServerFiles(context, { id, name: CLUSTER }, rig.servers)
      await tree.set('/app', 'two')
      await tree.create('/later', 'l')
    }, 120_000)
    afterAll(async () => {
      await client?.close()
      await services?.close()
      await rig?.remove()
    })

    it('holds on every server, and after each has been restarted', async () => {
      const { physicalId } = await createPhysical(context, { backupId, way: 'admin' })
      await workOffJobs(services)
      const { plan, planHash } = await getPhysical(context, physicalId)
      expect(plan?.findings.filter(({ level }) => level === 'blocker')).toEqual([])
      expect(plan?.servers.map(({ isMember }) => isMember)).toEqual(rig.members.map(() => true))
      const pids = rig.servers.map((server) => server.pid())
      await confirmPhysical(context, { physicalId, planHash: planHash ?? '', typedName: CLUSTER, reason: 'test' })
      await workOffJobs(services)
      const done = await getPhysical(context, physicalId)
      expect(done).toMatchObject({ error: null, state: 'succeeded', report: { differenceCount: 0 } })
      expect(rig.servers.every((server, i) => server.pid() !== null && server.pid() !== pids[i])).toBe(true)
      await rig.stopAll()
      await rig.startAll()
      for (const { connectString } of rig.servers) {
        const each = await createZooKeeper().connect({ connectString })
        const readings = await Promise.all(['/app', '/app/null', '/later'].map((path) => each.get(path)))
        expect(readings.map((reading) => (reading.kind === 'found' ? reading.znode.data : reading.kind))).toEqual([
          Buffer.from('one'),
          null,
          'missing',
        ])
        await each.close()
      }
    }, 120_000)
  },
)
