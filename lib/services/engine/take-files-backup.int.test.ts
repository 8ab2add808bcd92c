import { cp, mkdir, mkdtemp, readdir, rm, truncate } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import type { ClusterConnection } from '../../adapters/zookeeper/connection.ts'
import { createZooKeeper } from '../../adapters/zookeeper/zookeeper.ts'
import { OPEN_ACL } from '../../domain/znode/acl.ts'
import { createEngineContext } from '../../testing/engine-context.ts'
import { LiveTree } from '../../testing/live-tree.ts'
import { findFreePort, startEnsemble, startZooKeeper, type ZooKeeperServer } from '../../testing/zookeeper-server.ts'
import { diffSources } from './diff-sources.ts'
import { takeFilesBackup } from './take-files-backup.ts'

let store = ''
beforeEach(async () => {
  store = await mkdtemp(join(tmpdir(), 'arkeeper-store-'))
})
afterEach(() => rm(store, { recursive: true, force: true }))

const memberOf = (server: ZooKeeperServer, name = 'zk1', dataLogDir = server.dataDir) => ({
  name,
  dataDir: server.dataDir,
  dataLogDir,
})

async function differences(dir: string, connection: ClusterConnection) {
  const reader = await createEngineContext().archives.open(dir)
  try {
    const diff = diffSources({ left: reader, right: connection, path: '/', includeEphemerals: true })
    const changes = []
    for await (const batch of diff.changes) changes.push(...batch)
    expect(diff.counts().compared).toBeGreaterThan(1)
    return changes
  } finally {
    await reader.close()
  }
}

describe('a backup from the directory of a running server', () => {
  let server: ZooKeeperServer
  let client: ClusterConnection
  let tree: LiveTree
  let logDir = ''
  let admin = { url: '' }

  beforeAll(async () => {
    logDir = await mkdtemp(join(tmpdir(), 'arkeeper-zk-log-'))
    const port = await findFreePort()
    admin = { url: `http://127.0.0.1:${port}` }
    server = await startZooKeeper({
      config: {
        // One snapshot, of the start: each digest that the server publishes lies behind it.
        snapCount: '100000',
        dataLogDir: logDir,
        'admin.enableServer': 'true',
        'admin.serverPort': String(port),
        'admin.serverAddress': '127.0.0.1',
      },
    })
    client = await createZooKeeper().connect({ connectString: server.connectString })
    tree = new LiveTree(client)
    await tree.create('/app', 'root')
    await tree.create('/app/null', null)
    await client.create({ path: '/app/container', data: null, acl: OPEN_ACL, kind: 'container' })
    await tree.create('/app/container/child')
    await client.create({ path: '/app/ttl', data: Buffer.from('t'), acl: OPEN_ACL, kind: 'ttl', ttlMs: 3_600_000 })
    await client.create({ path: '/app/ephemeral', data: Buffer.from('e'), acl: OPEN_ACL, kind: 'ephemeral' })
    for (let i = 0; i < 60; i++) await tree.set('/app', `value ${i}`)
  })
  afterAll(async () => {
    await client?.close()
    await server?.stop()
    await rm(logDir, { recursive: true, force: true })
  })

  const input = (connectString: string | null, paths: string[] = []) => ({
    members: [memberOf(server, 'zk1', logDir)],
    target: connectString === null ? null : { connectString },
    clusterName: 'test',
    paths,
    parentDir: store,
  })

  it('is the exact tree at what is committed, proved by digest, with all kinds', async () => {
    await tree.set('/app', 'the very last')
    const before = client.lastZxidSeen()
    const taken = await takeFilesBackup(createEngineContext(), input(server.connectString))
    expect(taken.manifest).toMatchObject({
      source: 'files',
      status: 'complete',
      consistency: { class: 'exact', proof: 'digest' },
      fidelity: { container: 1, ttl: 1, ephemeral: 1, unknownKind: 0 },
    })
    expect(BigInt(taken.manifest.zxid)).toBeGreaterThanOrEqual(before)
    expect(taken.members).toMatchObject([{ member: 'zk1', message: expect.stringContaining('proved by digest') }])
    expect(taken.warnings).toEqual([])
    expect(await differences(taken.dir, client)).toEqual([])
  })

  it('is held against the digests that the server publishes', async () => {
    // Every 128th zxid is published.
    for (let i = 0; i < 130; i++) await tree.set('/app', `published ${i}`)
    const context = createEngineContext()
    const taken = await takeFilesBackup(context, { ...input(server.connectString), admins: [admin] })
    expect(taken.members).toMatchObject([
      { message: expect.stringMatching(/equal to what the servers publish at \d+ zxid/) },
    ])

    // The same answer with one digest changed: a tree that parts from what the servers say is no backup.
    const { ask } = context.adminServers
    const adminServers = {
      ...context.adminServers,
      ask: async (...args: Parameters<typeof ask>) => {
        const answer = await ask(...args)
        const digests = Array.isArray(answer.digests) ? answer.digests : []
        expect(digests.length).toBeGreaterThan(0)
        return { ...answer, digests: digests.map((one) => ({ ...one, digest: 12345 })) }
      },
    }
    const refused = takeFilesBackup({ ...context, adminServers }, { ...input(server.connectString), admins: [admin] })
    await expect(refused).rejects.toMatchObject({
      code: 'DIGEST_MISMATCH',
      message: expect.stringMatching(/parts from the servers' digest at 0x[0-9a-f]*[08]0\b/),
    })
  })

  it('needs nobody to ask, and says what it does not know then', async () => {
    const taken = await takeFilesBackup(createEngineContext(), input(null))
    expect(taken.manifest.consistency).toMatchObject({ class: 'exact', proof: 'digest' })
    expect(taken.warnings).toEqual([expect.stringContaining('could not be asked')])
    expect(await differences(taken.dir, client)).toEqual([])
  })

  it('of a cluster with a chroot holds what its clients see', async () => {
    const taken = await takeFilesBackup(createEngineContext(), input(`${server.connectString}/app`))
    expect(taken.manifest).toMatchObject({ cluster: { chroot: '/app' }, fidelity: { container: 1, ttl: 1 } })
    const inside = await createZooKeeper().connect({ connectString: `${server.connectString}/app` })
    try {
      expect(await differences(taken.dir, inside)).toEqual([])
    } finally {
      await inside.close()
    }
  })

  it('of a path that is not there is an error and leaves nothing', async () => {
    const refused = takeFilesBackup(createEngineContext(), input(server.connectString, ['/nosuch']))
    await expect(refused).rejects.toMatchObject({ code: 'NO_NODE' })
    expect(await readdir(store)).toEqual([])
  })

  it('of a folder that is no data directory says whose, and what to do', async () => {
    const nowhere = { ...input(server.connectString), members: [{ name: 'zk9', dataDir: store, dataLogDir: store }] }
    await expect(takeFilesBackup(createEngineContext(), nowhere)).rejects.toMatchObject({
      code: 'BAD_SOURCE',
      message: expect.stringContaining('zk9'),
      remedy: expect.stringContaining('dataDir'),
    })
  })
})

describe('a backup from the directory of a server that keeps no digests', () => {
  it('is named after all that it holds, although nothing proves that it is one state', async () => {
    const dataDir = await mkdtemp(join(tmpdir(), 'arkeeper-zk-'))
    const options = {
      dataDir,
      javaProperties: { 'zookeeper.digest.enabled': 'false', 'zookeeper.serializeLastProcessedZxid.enabled': 'false' },
    }
    let server = await startZooKeeper(options)
    let client = await createZooKeeper().connect({ connectString: server.connectString })
    try {
      await new LiveTree(client).create('/a', 'in the snapshot')
      await client.close()
      await server.stop()
      server = await startZooKeeper(options)
      client = await createZooKeeper().connect({ connectString: server.connectString })
      await new LiveTree(client).create('/b', 'in the log only')
      const last = client.lastZxidSeen()
      const taken = await takeFilesBackup(createEngineContext(), {
        members: [memberOf(server)],
        target: { connectString: server.connectString },
        clusterName: 'test',
        paths: [],
        parentDir: store,
      })
      expect(await differences(taken.dir, client)).toEqual([])
      expect(taken.manifest.consistency).toMatchObject({ class: 'fuzzy', to: taken.manifest.zxid })
      expect(BigInt(taken.manifest.zxid)).toBeGreaterThanOrEqual(last)
    } finally {
      await client.close()
      await server.stop()
      await rm(dataDir, { recursive: true, force: true })
    }
  })
})

describe('a backup from the directory of a member that was left behind by an election', () => {
  it('says that the end of its log may never have been committed', async () => {
    const corpus = join(import.meta.dirname, '../../domain/txnlog/corpus/3.9.6')
    const snapshots = join(import.meta.dirname, '../../domain/snapshot/corpus/3.9.6')
    const [left, dataDir] = [
      await mkdtemp(join(tmpdir(), 'arkeeper-left-')),
      await mkdtemp(join(tmpdir(), 'arkeeper-zk-')),
    ]
    for (const dir of [left, dataDir]) await mkdir(join(dir, 'version-2'))
    await cp(join(snapshots, 'snapshot.153'), join(left, 'version-2', 'snapshot.153'))
    for (const name of ['log.101', 'log.155']) await cp(join(corpus, name), join(left, 'version-2', name))
    // The name is what a server believes: it goes on in epoch 1.
    await cp(join(snapshots, 'snapshot.153'), join(dataDir, 'version-2', 'snapshot.100000000'))
    const server = await startZooKeeper({ dataDir })
    try {
      const taken = await takeFilesBackup(createEngineContext(), {
        members: [{ name: 'left', dataDir: left, dataLogDir: left }],
        target: { connectString: server.connectString },
        clusterName: 'test',
        paths: [],
        parentDir: store,
      })
      expect(taken.manifest).toMatchObject({ zxid: '0x180', consistency: { class: 'exact' } })
      expect(taken.warnings).toEqual([expect.stringMatching(/0x180 is not known.*0x10000000\d under a later leader/)])
    } finally {
      await server.stop()
      for (const dir of [left, dataDir]) await rm(dir, { recursive: true, force: true })
    }
  })
})

describe('a backup from the directories of an ensemble', () => {
  it('takes the member that has it all, and says which had what', async () => {
    const ensemble = await startEnsemble(3, { config: { snapCount: '20' } })
    const client = await createZooKeeper().connect({ connectString: ensemble.connectString })
    try {
      const tree = new LiveTree(client)
      for (let i = 0; i < 40; i++) await tree.create(`/a${i}`, `value ${i}`)
      // Copies of what each one holds once it has applied all: the servers themselves go on writing snapshots and logs.
      const members = []
      for (const [i, server] of ensemble.servers.entries()) {
        const own = await createZooKeeper().connect({ connectString: server.connectString })
        await own.sync('/')
        await own.close()
        const dataDir = join(store, `copy-${i + 1}`)
        await cp(join(server.dataDir, 'version-2'), join(dataDir, 'version-2'), { recursive: true })
        members.push({ name: `zk${i + 1}`, dataDir, dataLogDir: dataDir })
      }
      // Of one member all snapshots are gone, of another all logs have lost their content.
      for (const [at, prefix] of ['snapshot.', 'log.'].entries()) {
        const dir = join(members[at]!.dataDir, 'version-2')
        for (const name of await readdir(dir)) {
          if (!name.startsWith(prefix)) continue
          if (at === 0) await rm(join(dir, name))
          else await truncate(join(dir, name), 16)
        }
      }
      const taken = await takeFilesBackup(createEngineContext(), {
        members,
        // Nobody is asked what is committed: all are looked at, and the one that reaches furthest is taken.
        target: null,
        clusterName: 'test',
        paths: [],
        parentDir: join(store, 'archives'),
      })
      expect(taken.members.map(({ member }) => member)).toEqual(['zk1', 'zk2', 'zk3'])
      expect(taken.members[0]!.message).toContain('no snapshot')
      expect(taken.members[2]!.message).toContain('proved by digest')
      expect(taken.manifest.consistency).toMatchObject({ class: 'exact', proof: 'digest' })
      expect(await differences(taken.dir, client)).toEqual([])
    } finally {
      await client.close()
      await ensemble.stop()
    }
  })
})
