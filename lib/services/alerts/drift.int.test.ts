import { afterAll, beforeAll, expect, test } from 'vitest'
import { createFileArchives } from '../../adapters/archive/file-archives.ts'
import type { ClusterConnection } from '../../adapters/zookeeper/connection.ts'
import { createZooKeeper } from '../../adapters/zookeeper/zookeeper.ts'
import { LiveTree } from '../../testing/live-tree.ts'
import { createTestServices, type TestServices } from '../../testing/service-context.ts'
import { addTestPeople, workOffJobs } from '../../testing/work-off-jobs.ts'
import { startZooKeeper, type ZooKeeperServer } from '../../testing/zookeeper-server.ts'
import { listBackups } from '../backups/list-backups.ts'
import { startBackup } from '../backups/start-backup.ts'
import { addCluster } from '../clusters/add-cluster.ts'
import { addIgnoreRule } from '../ignore-rules/add-ignore-rule.ts'
import { getDriftWatch, setDriftWatch } from './drift-watch.ts'
import { listAlerts } from './list-alerts.ts'
import { runDueAlerts } from './run-due-alerts.ts'
import { runDueDrift } from './run-due-drift.ts'

let server: ZooKeeperServer
let other: ClusterConnection
let live: LiveTree
let services: TestServices
beforeAll(async () => {
  server = await startZooKeeper()
  other = await createZooKeeper().connect({ connectString: server.connectString })
  live = new LiveTree(other)
  services = await createTestServices({ zookeeper: createZooKeeper(), archives: createFileArchives() })
  await addTestPeople(services)
})
afterAll(async () => {
  await services.close()
  await other.close()
  await server.stop()
})

test('how far a live cluster is from its baseline is measured by the clock, below a path, without what is ignored', async () => {
  const admin = services.contextFor('admin')
  const { id: clusterId } = await addCluster(admin, {
    name: 'orders',
    connectString: server.connectString,
    auth: { kind: 'none' },
  })
  for (const path of ['/app', '/app/a', '/app/b', '/app/noise', '/else']) await live.create(path, path)
  await startBackup(admin, { clusterId, paths: [] })
  await workOffJobs(services)
  const [backup] = (await listBackups(admin)).backups
  const backupId = backup?.id ?? ''
  await addIgnoreRule(admin, { clusterId, pattern: '/app/noise/**', note: 'changes all the time' })
  const system = services.contextOf({ kind: 'system', id: null, name: 'worker', role: 'admin' })
  const alerts = async () => {
    services.clock.advance(60_000)
    await runDueAlerts(system, 'w1')
    return (await listAlerts(admin)).open.map(({ rule, text }) => ({ rule, text }))
  }

  const watch = { clusterId, enabled: true, backupId, path: '/app', everyMinutes: 60, znodesMax: 1 }
  await expect(setDriftWatch(services.contextFor('operator'), watch)).rejects.toMatchObject({ code: 'FORBIDDEN' })
  await setDriftWatch(admin, watch)
  await live.set('/app/a', 'another')
  await live.set('/app/noise', 'another')
  await live.set('/else', 'another')
  const ran = await Promise.all(['w1', 'w2'].map((owner) => runDueDrift(system, owner)))
  expect(ran).toContain(true)
  expect(await runDueDrift(system, 'w1')).toBe(false)
  expect(await getDriftWatch(admin, clusterId)).toMatchObject({
    last: { added: 0, removed: 0, changed: 1, ignored: 1 },
    error: null,
  })
  expect(await alerts()).toEqual([])

  await live.create('/app/new')
  await live.remove('/app/b')
  services.clock.advance(61 * 60_000)
  expect(await runDueDrift(system, 'w1')).toBe(true)
  expect(await alerts()).toEqual([
    {
      rule: 'drift',
      text: '3 znodes of orders differ from the baseline (1 added, 1 removed, 1 changed); 1 may',
    },
  ])

  // A baseline that is gone is told when it has been gone for a while, and what was measured last stands.
  await admin.db.backup.update({ where: { id: backupId }, data: { deletedAt: new Date(services.clock.now()) } })
  for (let hour = 0; hour < 3; hour++) {
    services.clock.advance(61 * 60_000)
    await runDueDrift(system, 'w1')
  }
  expect((await getDriftWatch(admin, clusterId))?.error).toContain('NOT_FOUND')
  expect((await alerts()).map(({ text }) => text)).toContainEqual(expect.stringContaining('could not be measured'))
})
