import { createServer, type Server } from 'node:net'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import type { ConnectionStep } from '../../adapters/zookeeper/connection.ts'
import { createZooKeeper } from '../../adapters/zookeeper/zookeeper.ts'
import { createTestServices, type TestServices } from '../../testing/service-context.ts'
import { findFreePort, startZooKeeper, type ZooKeeperServer } from '../../testing/zookeeper-server.ts'
import { addCluster } from './add-cluster.ts'
import { getClusterStatus } from './get-cluster-status.ts'
import { testCluster } from './test-cluster.ts'
import { updateCluster } from './update-cluster.ts'

let server: ZooKeeperServer
beforeAll(async () => {
  server = await startZooKeeper()
})
afterAll(() => server.stop())

let services: TestServices
beforeEach(async () => {
  services = await createTestServices({ zookeeper: createZooKeeper() })
})
afterEach(() => services.close())

const admin = () => services.contextFor('admin')

async function add(connectString: string, name = 'orders'): Promise<string> {
  return (await addCluster(admin(), { name, connectString })).id
}

/** A status takes five seconds at most, and the machine may be busy; a session would take thirty. */
const DEADLINE_MS = 20_000

async function timed<T>(work: Promise<T>): Promise<{ value: T; tookMs: number }> {
  const startedAt = performance.now()
  return { value: await work, tookMs: performance.now() - startedAt }
}

describe('the status of a cluster', () => {
  test('that is up has its mode, version, zxid and number of znodes', async () => {
    const id = await add(server.connectString)
    const other = await createZooKeeper().connect({ connectString: server.connectString })
    const made = await other.create({
      path: '/made',
      data: null,
      acl: [{ perms: 31, scheme: 'world', id: 'anyone' }],
      kind: 'persistent',
    })
    await other.close()
    expect(made.kind).toBe('done')
    const status = await getClusterStatus(services.contextFor('viewer'), id)
    expect(status).toMatchObject({
      state: 'up',
      mode: 'standalone',
      version: expect.stringMatching(/^3\.\d+/),
      servers: [{ server: server.connectString, mode: 'standalone', error: null }],
      latencyMs: expect.any(Number),
    })
    if (status.state !== 'up' || made.kind !== 'done') return
    expect(BigInt(status.zxid)).toBeGreaterThanOrEqual(made.zxid)
    // The root, the three of /zookeeper, its quota or config, and /made: five whatever the order.
    expect(status.znodes).toBe(5)
  })

  test('whose root may not be read is up', async () => {
    const other = await createZooKeeper().connect({ connectString: server.connectString })
    const made = await other.create({
      path: '/locked',
      data: null,
      acl: [{ perms: 31, scheme: 'digest', id: 'nobody:KmGeRSgfGk7Plv2Xqd0yEUlRfhM=' }],
      kind: 'persistent',
    })
    await other.close()
    expect(made.kind).toBe('done')
    const id = await add(`${server.connectString}/locked`)
    expect(await getClusterStatus(admin(), id)).toMatchObject({ state: 'up' })
  })

  test('that nobody listens for is down: refused', async () => {
    const id = await add(`127.0.0.1:${await findFreePort()}`)
    const status = await getClusterStatus(admin(), id)
    expect(status).toMatchObject({
      state: 'down',
      cause: 'refused',
      message: expect.any(String),
      remedy: expect.stringMatching(/\S/),
      servers: [{ error: expect.any(String) }],
    })
  })

  test('with a name that does not resolve is down: resolve', async () => {
    const id = await add('no-such-host.invalid:2181')
    expect(await getClusterStatus(admin(), id)).toMatchObject({ state: 'down', cause: 'resolve' })
  })

  test('behind a server that says nothing is down: timeout, by a deadline of its own', async () => {
    const silent = await listenSilently()
    try {
      const id = await add(`127.0.0.1:${silent.port}`)
      const { value, tookMs } = await timed(getClusterStatus(admin(), id))
      expect(value).toMatchObject({ state: 'down', cause: 'timeout' })
      expect(tookMs).toBeLessThan(DEADLINE_MS)
    } finally {
      await services.sessions.closeAll()
      await silent.close()
    }
  })

  test('that refuses the credentials is down: auth', async () => {
    const id = await add(server.connectString)
    await services.database.client.cluster.update({
      where: { id },
      data: { authScheme: 'nosuchscheme', authSecret: admin().secrets.seal('user:planted-secret') },
    })
    const status = await getClusterStatus(admin(), id)
    expect(status).toMatchObject({ state: 'down', cause: 'auth' })
    expect(JSON.stringify([status, services.logLines])).not.toContain('planted-secret')
  })

  test('whose stored credentials cannot be opened is down: auth', async () => {
    const id = await add(server.connectString)
    await services.database.client.cluster.update({
      where: { id },
      data: { authScheme: 'digest', authSecret: new Uint8Array(64) },
    })
    expect(await getClusterStatus(admin(), id)).toMatchObject({ state: 'down', cause: 'auth' })
  })

  test('that goes down and comes back while a session is open says so each time', async () => {
    const mortal = await startZooKeeper()
    let reborn: ZooKeeperServer | undefined
    try {
      const id = await add(mortal.connectString)
      expect(await getClusterStatus(admin(), id)).toMatchObject({ state: 'up' })
      const { port } = mortal
      await mortal.stop()
      const { value, tookMs } = await timed(getClusterStatus(admin(), id))
      expect(value).toMatchObject({ state: 'down', cause: 'refused' })
      expect(tookMs).toBeLessThan(DEADLINE_MS)
      reborn = await startZooKeeper({ clientPort: port })
      await expect.poll(async () => (await getClusterStatus(admin(), id)).state, { timeout: 60_000 }).toBe('up')
    } finally {
      await services.sessions.closeAll()
      await mortal.stop()
      await reborn?.stop()
    }
  })

  test('that was pointed elsewhere is asked there', async () => {
    const id = await add(`127.0.0.1:${await findFreePort()}`)
    expect(await getClusterStatus(admin(), id)).toMatchObject({ state: 'down' })
    await updateCluster(admin(), { clusterId: id, name: 'orders', connectString: server.connectString })
    expect(await getClusterStatus(admin(), id)).toMatchObject({ state: 'up' })
  })
})

describe('the connection test', () => {
  const run = async (...args: Parameters<typeof testCluster>) => {
    const steps: ConnectionStep[] = []
    for await (const step of testCluster(...args)) steps.push(step)
    return steps
  }

  test('goes through its steps for a stored cluster and for one that is not stored', async () => {
    const id = await add(server.connectString)
    const names = ['resolve', 'connect', 'handshake', 'authenticate', 'read-root']
    const stored = await run(services.contextFor('operator'), { clusterId: id })
    expect(stored.map((step) => [step.name, step.ok])).toEqual(names.map((name) => [name, true]))
    const input = {
      name: 'new',
      connectString: server.connectString,
      auth: { kind: 'digest' as const, username: 'ark', password: 'planted-password' },
    }
    const unsaved = await run(admin(), { input })
    expect(unsaved.at(-1)).toMatchObject({ name: 'identity', ok: true })
    expect(JSON.stringify([unsaved, services.logLines, await services.readAudit()])).not.toContain('planted')
  })

  test('ends with the step that fails', async () => {
    const steps = await run(admin(), { input: { name: 'new', connectString: `127.0.0.1:${await findFreePort()}` } })
    expect(steps.at(-1)).toMatchObject({ name: 'connect', ok: false })
  })

  test('of unsaved settings is refused to who may not save them: it could send stored credentials anywhere', async () => {
    const id = await add(server.connectString)
    const input = { name: 'orders', connectString: 'elsewhere:2181', auth: { kind: 'keep' as const } }
    await expect(run(services.contextFor('operator'), { clusterId: id, input })).rejects.toMatchObject({
      code: 'FORBIDDEN',
    })
    await expect(run(services.contextFor('viewer'), { clusterId: id })).rejects.toMatchObject({ code: 'FORBIDDEN' })
    await expect(run(admin(), { input })).rejects.toMatchObject({ code: 'INVALID_INPUT' })
  })
})

async function listenSilently(): Promise<{ port: number; close(): Promise<void> }> {
  const sockets = new Set<{ destroy(): void }>()
  const listener: Server = createServer((socket) => {
    sockets.add(socket)
    socket.on('error', () => socket.destroy())
  })
  await new Promise<void>((resolve) => listener.listen(0, '127.0.0.1', resolve))
  const address = listener.address()
  const port = typeof address === 'object' && address ? address.port : 0
  return {
    port,
    close: () =>
      new Promise((resolve) => {
        for (const socket of sockets) socket.destroy()
        listener.close(() => resolve())
      }),
  }
}
