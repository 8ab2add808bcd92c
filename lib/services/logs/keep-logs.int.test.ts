import { mkdir, readdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { createFileArchives } from '../../adapters/archive/file-archives.ts'
import type { Member } from '../../adapters/members/members.ts'
import type { ClusterConnection } from '../../adapters/zookeeper/connection.ts'
import { createZooKeeper } from '../../adapters/zookeeper/zookeeper.ts'
import { formatHex64 } from '../../base/hex64.ts'
import { TXN_TYPE } from '../../domain/txnlog/txn.ts'
import { hostOf, readLog, zxidRange } from '../../testing/kept-logs.ts'
import { LiveTree } from '../../testing/live-tree.ts'
import { createTestServices, type TestServices } from '../../testing/service-context.ts'
import { startEnsemble, startZooKeeper, type ZooKeeperServer } from '../../testing/zookeeper-server.ts'
import { addCluster } from '../clusters/add-cluster.ts'
import { setClusterStores } from '../stores/cluster-stores.ts'
import { addStore } from '../stores/edit-store.ts'
import { archiveLogs } from './archive-logs.ts'
import { getLogKeeping } from './get-log-keeping.ts'
import { keepLogs } from './keep-logs.ts'
import { logFolder } from './log-folder.ts'
import { runDueLogMirrors } from './run-due-log-mirrors.ts'
import { runDueLogs } from './run-due-logs.ts'

const member = (name: string, dataDir: string): Member => ({
  cluster: 'orders',
  name,
  dataDir,
  dataLogDir: dataDir,
  client: null,
  adminUrl: null,
  stop: null,
  start: null,
  owner: null,
})

async function open(members: readonly Member[], connectString: string) {
  const services = await createTestServices({ zookeeper: createZooKeeper(), archives: createFileArchives(), members })
  const { id } = await addCluster(services.contextFor('admin'), { name: 'orders', connectString })
  return { services, clusterId: id }
}

describe('the transaction log of a running server', () => {
  let server: ZooKeeperServer
  let client: ClusterConnection
  let tree: LiveTree
  let services: TestServices
  let clusterId = ''

  beforeAll(async () => {
    // Small numbers, so that the server begins many logs.
    server = await startZooKeeper({ config: { snapCount: '20' }, javaProperties: { 'zookeeper.preAllocSize': '16' } })
    client = await createZooKeeper().connect({ connectString: server.connectString })
    tree = new LiveTree(client)
  })
  afterAll(async () => {
    await client?.close()
    await server?.stop()
  })
  beforeEach(async () => {
    const opened = await open([member('zk1', server.dataDir)], server.connectString)
    services = opened.services
    clusterId = opened.clusterId
  })
  afterEach(async () => {
    await services.close()
    await tree.clear()
  })
  const admin = () => services.contextFor('admin')

  async function readArchive() {
    const { logs } = admin().archives
    const dir = logFolder(admin(), 'orders')
    const { segments } = await logs.list(dir)
    const zxids: bigint[] = []
    let creates = 0
    for (const segment of segments) {
      for await (const batch of logs.read(dir, segment)) {
        for (const entry of batch) {
          zxids.push(entry.zxid)
          if (entry.type === TXN_TYPE.create) creates++
        }
      }
    }
    return { zxids, creates }
  }

  it('is kept up to what the cluster has committed, run after run, without a hole', async () => {
    await keepLogs(admin(), { clusterId, enabled: true, everySeconds: 10 })
    for (let i = 0; i < 30; i++) await tree.create(`/a${i}`)
    expect(await runDueLogs(admin(), 'worker-1')).toBe(true)
    expect(await runDueLogs(admin(), 'worker-1'), 'not due again yet').toBe(false)
    const first = await getLogKeeping(admin(), clusterId)
    expect(first).toMatchObject({
      enabled: true,
      error: null,
      members: ['zk1'],
      coverage: [{ member: 'zk1', error: null }],
    })

    for (let i = 0; i < 30; i++) await tree.create(`/b${i}`)
    services.clock.advance(10_000)
    expect(await runDueLogs(admin(), 'worker-2')).toBe(true)
    const { zxids, creates } = await readArchive()
    expect(zxids).toEqual(zxids.map((_, i) => zxids[0]! + BigInt(i)))
    expect(zxids.at(-1)).toBeGreaterThanOrEqual(client.lastZxidSeen())
    expect(creates).toBeGreaterThanOrEqual(60)
    const { archive } = await getLogKeeping(admin(), clusterId)
    expect(archive).toMatchObject({ transactions: zxids.length, gaps: [], problems: [] })
    expect((await services.readAudit()).filter(({ action }) => action.startsWith('logs.'))).toMatchObject([
      { action: 'logs.keep', outcome: 'ok', after: { enabled: true, everySeconds: 10 } },
    ])
  })

  it('goes on with a worker of another host where the store ends', async () => {
    const path = join(admin().paths.dataDir, 'shelf')
    await mkdir(path)
    const { storeId } = await addStore(admin(), { kind: 'folder', name: 'shelf', settings: { path } })
    await setClusterStores(admin(), { clusterId, storeId, copies: [] })
    await keepLogs(admin(), { clusterId, enabled: true, everySeconds: 10 })
    const two = hostOf(admin(), 'two')
    for (let i = 0; i < 5; i++) await tree.create(`/a${i}`)
    expect(await runDueLogs(admin(), 'worker-1')).toBe(true)
    while (await runDueLogMirrors(admin(), 'worker-1'));
    const { archive: before } = await getLogKeeping(two, clusterId)
    for (let i = 0; i < 5; i++) await tree.create(`/b${i}`)
    services.clock.advance(60_000)
    expect(await runDueLogs(two, 'worker-2')).toBe(true)
    const cluster = { id: clusterId, name: 'orders' }
    const { zxids, ...rest } = await readLog(two, cluster)
    expect(rest).toEqual({ gaps: [], problems: [] })
    expect(zxids).toEqual(zxidRange(zxids[0]!, zxids.at(-1)!))
    expect([formatHex64(zxids[0]!), zxids.length]).toEqual([before.first, expect.any(Number)])
    expect(zxids.length).toBeGreaterThanOrEqual(before.transactions + 5)
    while (await runDueLogMirrors(two, 'worker-2'));
    expect(await readLog(admin(), cluster)).toEqual({ zxids, ...rest })
  })

  it('survives a server that has purged meanwhile: the gap is told, and put on record', async () => {
    await tree.create('/before')
    const { last } = await archiveLogs(admin(), clusterId)
    for (let i = 0; i < 90; i++) await tree.create(`/gone${i}`)
    const logDir = join(server.dataDir, 'version-2')
    const zxid = (name: string) => Number.parseInt(name.slice(4), 16)
    const logs = (await readdir(logDir)).filter((name) => name.startsWith('log.')).sort((a, b) => zxid(a) - zxid(b))
    expect(logs.length).toBeGreaterThan(2)
    // What is open stays: the server goes on writing to it.
    for (const name of logs.slice(0, -1)) await rm(join(logDir, name))
    const again = await archiveLogs(admin(), clusterId)
    expect(again.gaps).toEqual([{ after: last, before: BigInt(zxid(logs.at(-1)!)) }])
    expect((await getLogKeeping(admin(), clusterId)).archive.gaps).toHaveLength(1)
    expect((await services.readAudit()).at(-1)).toMatchObject({ action: 'logs.archive', outcome: 'failed' })
  })

  it('says what is wrong, and goes on when it is mended', async () => {
    const broken = await open([member('zk1', join(server.dataDir, 'nowhere'))], server.connectString)
    try {
      const context = broken.services.contextFor('admin')
      await keepLogs(context, { clusterId: broken.clusterId, enabled: true })
      expect(await runDueLogs(context, 'worker-1')).toBe(true)
      expect(await getLogKeeping(context, broken.clusterId)).toMatchObject({
        lastOkAt: null,
        error: {
          code: 'BAD_SOURCE',
          message: expect.stringContaining('zk1'),
          remedy: expect.stringContaining('dataDir'),
        },
      })
    } finally {
      await broken.services.close()
    }
  })

  it('is an administrator’s to switch on, and needs a member', async () => {
    const refused = keepLogs(services.contextFor('operator'), { clusterId, enabled: true })
    await expect(refused).rejects.toMatchObject({ code: 'FORBIDDEN' })
    const nobody = await open([], server.connectString)
    try {
      const input = { clusterId: nobody.clusterId, enabled: true }
      await expect(keepLogs(nobody.services.contextFor('admin'), input)).rejects.toMatchObject({
        code: 'INVALID_INPUT',
      })
    } finally {
      await nobody.services.close()
    }
  })
})

describe('the transaction log of an ensemble', () => {
  it('is read from all its members as one: what one has lost, another gives', async () => {
    const ensemble = await startEnsemble(3, { config: { snapCount: '20' } })
    const members = ensemble.servers.map((server, i) => member(`zk${i + 1}`, server.dataDir))
    const { services, clusterId } = await open(members, ensemble.connectString)
    const client = await createZooKeeper().connect({ connectString: ensemble.connectString })
    try {
      const tree = new LiveTree(client)
      for (let i = 0; i < 90; i++) await tree.create(`/a${i}`)
      // One member has lost all, another all but its open log.
      for (const [at, server] of ensemble.servers.entries()) {
        const dir = join(server.dataDir, 'version-2')
        const logs = (await readdir(dir)).filter((name) => name.startsWith('log.'))
        const zxid = (name: string) => Number.parseInt(name.slice(4), 16)
        logs.sort((a, b) => zxid(a) - zxid(b))
        const lost = at === 0 ? logs : at === 1 ? logs.slice(0, -1) : []
        for (const name of lost) await rm(join(dir, name))
      }
      const archived = await archiveLogs(services.contextFor('admin'), clusterId)
      expect(archived.gaps).toEqual([])
      expect(archived.last).toBeGreaterThanOrEqual(client.lastZxidSeen())
      // A server may have begun a log since: what tells is where each one's logs begin.
      const [lost, newest, whole] = archived.coverage
      expect(whole).toMatchObject({ member: 'zk3', error: null })
      for (const one of [lost, newest]) expect(one!.first === null || one!.first > whole!.first!).toBe(true)
    } finally {
      await client.close()
      await services.close()
      await ensemble.stop()
    }
  })
})
