import { mkdtemp, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import type { ClusterConnection } from '../../adapters/zookeeper/connection.ts'
import { createZooKeeper } from '../../adapters/zookeeper/zookeeper.ts'
import { OPEN_ACL } from '../../domain/znode/acl.ts'
import { createEngineContext } from '../../testing/engine-context.ts'
import { LiveTree } from '../../testing/live-tree.ts'
import {
  findCachedVersions,
  findFreePort,
  startZooKeeper,
  type ZooKeeperServer,
} from '../../testing/zookeeper-server.ts'
import type { EngineContext } from '../context.ts'
import { diffSources } from './diff-sources.ts'
import { takeAdminBackup } from './take-admin-backup.ts'

// The command `snapshot` came with 3.9: without such a server there is nothing to prove.
const VERSION =
  findCachedVersions().findLast(({ version, cached }) => cached && version.startsWith('3.9.'))?.version ?? null

describe.skipIf(VERSION === null)(`a backup through the AdminServer of ${VERSION}`, () => {
  let server: ZooKeeperServer
  let client: ClusterConnection
  let tree: LiveTree
  let store = ''
  let url = ''
  const auth = { scheme: 'digest', id: 'ark:pw' } as const

  beforeAll(async () => {
    const port = await findFreePort()
    url = `http://127.0.0.1:${port}`
    server = await startZooKeeper({
      version: VERSION ?? undefined,

      config: {
        'admin.enableServer': 'true',
        'admin.serverPort': String(port),
        'admin.serverAddress': '127.0.0.1',
        'admin.rateLimiterIntervalInMS': '0',
      },
    })
    client = await createZooKeeper().connect({ connectString: server.connectString })
    tree = new LiveTree(client)
    await tree.create('/app', 'root')
    await tree.create('/app/null', null)
    await tree.create('/app/ünï ✓', Buffer.from([0, 255]))
    await tree.create('/other', 'beside')
    await client.create({ path: '/app/container', data: null, acl: OPEN_ACL, kind: 'container' })
    await tree.create('/app/container/child')
    await client.create({ path: '/app/ttl', data: Buffer.from('t'), acl: OPEN_ACL, kind: 'ttl', ttlMs: 3_600_000 })
    await client.create({ path: '/app/ephemeral', data: Buffer.from('e'), acl: OPEN_ACL, kind: 'ephemeral' })
  })
  afterAll(async () => {
    await client?.close()
    await server?.stop()
  })
  beforeEach(async () => {
    store = await mkdtemp(join(tmpdir(), 'arkeeper-store-'))
  })
  afterEach(() => rm(store, { recursive: true, force: true }))

  const input = (connectString: string | null, paths: string[] = []) => ({
    admins: [{ url, auth }],
    target: connectString === null ? null : { connectString },
    clusterName: 'test',
    paths,
    parentDir: store,
  })
  async function differences(context: EngineContext, dir: string, connection: ClusterConnection) {
    const reader = await context.archives.open(dir)
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

  it('of a quiet server is exact, proved by its own digest, and knows all kinds', async () => {
    const context = createEngineContext()
    const taken = await takeAdminBackup(context, input(server.connectString))
    expect(taken.manifest).toMatchObject({
      source: 'admin',
      status: 'complete',
      consistency: { class: 'exact', proof: 'digest', moved: [] },
      fidelity: { container: 1, ttl: 1, ephemeral: 1, unknownKind: 0 },
    })
    expect(await differences(context, taken.dir, client)).toEqual([])
    expect(await context.archives.verify(taken.dir)).toMatchObject({ ok: true, problems: [] })
  })

  it('needs no client port', async () => {
    const taken = await takeAdminBackup(createEngineContext(), input(null))
    expect(taken.manifest).toMatchObject({ consistency: { class: 'exact', proof: 'digest' }, cluster: { chroot: '/' } })
  })

  it('of a cluster with a chroot holds what its clients see', async () => {
    const context = createEngineContext()
    const taken = await takeAdminBackup(context, input(`${server.connectString}/app`, ['/container']))
    expect(taken.manifest).toMatchObject({ scope: { paths: ['/container'] }, cluster: { chroot: '/app' } })
    const reader = await context.archives.open(taken.dir)
    try {
      expect(await reader.get('/container/child')).toMatchObject({ kind: 'found' })
      expect(await reader.get('/container')).toMatchObject({ znode: { kind: 'container' } })
      expect((await reader.get('/ttl')).kind).toBe('missing')
    } finally {
      await reader.close()
    }
  })

  it('of a path that is not there is an error and leaves nothing', async () => {
    const refused = takeAdminBackup(createEngineContext(), input(server.connectString, ['/nosuch']))
    await expect(refused).rejects.toMatchObject({ code: 'NO_NODE' })
    expect(await readdir(store)).toEqual([])
  })

  it('reads again what moved while the server wrote, and keeps the kinds of what stayed', async () => {
    const context = createEngineContext()
    const { takeSnapshot } = context.adminServers
    let calls = 0
    const adminServers = {
      ...context.adminServers,
      // A window of its own making: writes fall before and after the server's file, whose name tells of the time before them.
      takeSnapshot: async (...args: Parameters<typeof takeSnapshot>) => {
        calls++
        const lastZxid = await client.sync('/')
        await tree.set('/app/container', 'moved once')
        const snapshot = await takeSnapshot(...args)
        await tree.set('/app/container', 'moved twice')
        await tree.create('/app/new', 'n')
        await tree.remove('/app/null')
        return { ...snapshot, lastZxid }
      },
    }
    const taken = await takeAdminBackup({ ...context, adminServers }, input(server.connectString))
    expect(calls).toBe(1)
    // Each zxid of the window was seen on a znode, in the file or read again: one state, that of the last sync.
    expect(taken.manifest.consistency).toMatchObject({ class: 'exact', proof: 'converged', movedReread: true })
    expect(taken.manifest.consistency.moved).toEqual(['/app/container', '/app/new', '/app/null'])
    expect(await differences(context, taken.dir, client)).toEqual([])
    const reader = await context.archives.open(taken.dir)
    try {
      expect(await reader.get('/app/container')).toMatchObject({ znode: { kind: 'container' } })
    } finally {
      await reader.close()
    }
    await tree.create('/app/null', null)
    await tree.remove('/app/new')
  })

  it('says who is not let in, and leaves nothing', async () => {
    const nobody = { ...input(server.connectString), admins: [{ url }] }
    await expect(takeAdminBackup(createEngineContext(), nobody)).rejects.toMatchObject({
      code: 'ADMIN_DENIED',
      remedy: expect.stringContaining('all five permissions'),
    })
    await tree.setAcl('/', [
      { perms: 31, scheme: 'ip', id: '192.0.2.1' },
      { perms: 21, scheme: 'world', id: 'anyone' },
    ])
    try {
      const refused = takeAdminBackup(createEngineContext(), input(server.connectString))
      await expect(refused).rejects.toMatchObject({ code: 'ADMIN_DENIED' })
    } finally {
      await tree.setAcl('/', OPEN_ACL)
    }
    expect(await readdir(store)).toEqual([])
  })
})
