import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import type { ClusterConnection, ClusterTarget, ZooKeeperPort } from '../../adapters/zookeeper/connection.ts'
import { createZooKeeper } from '../../adapters/zookeeper/zookeeper.ts'
import { createTestServices, type TestServices } from '../../testing/service-context.ts'
import { findFreePort, startZooKeeper, type ZooKeeperServer } from '../../testing/zookeeper-server.ts'
import { addCluster } from './add-cluster.ts'
import { removeCluster } from './remove-cluster.ts'
import { updateCluster } from './update-cluster.ts'

const IDLE_MS = 5 * 60_000

let server: ZooKeeperServer
beforeAll(async () => {
  server = await startZooKeeper()
})
afterAll(() => server.stop())

let services: TestServices
/** What was opened underneath: the real adapter, watched. */
let opened: ClusterConnection[]
beforeEach(async () => {
  opened = []
  services = await createTestServices({ zookeeper: recordConnections(createZooKeeper(), opened) })
})
afterEach(() => services.close())

function recordConnections(port: ZooKeeperPort, into: ClusterConnection[]): ZooKeeperPort {
  return {
    ...port,
    connect: async (target: ClusterTarget, options?: { signal?: AbortSignal }) => {
      const connection = await port.connect(target, options)
      into.push(connection)
      return connection
    },
  }
}

const admin = () => services.contextFor('admin')
const input = () => ({ name: 'orders', connectString: server.connectString })
const isClosed = (connection: ClusterConnection) =>
  connection.get('/').then(
    () => false,
    (error) => error.code === 'CLOSED',
  )
const isOver = (connection: ClusterConnection) =>
  connection.get('/').then(
    () => false,
    (error) => error.code === 'CLOSED' || error.code === 'SESSION_EXPIRED',
  )

describe('shared sessions', () => {
  test('are opened once for all who ask at the same time, and kept for those who ask later', async () => {
    const { id } = await addCluster(admin(), input())
    const lent = await Promise.all(Array.from({ length: 8 }, () => services.sessions.borrow(id)))
    const later = await services.sessions.borrow(id)
    expect(opened).toHaveLength(1)
    expect(new Set([...lent, later].map((connection) => connection.sessionId)).size).toBe(1)
  })

  test('are not closed by a borrower', async () => {
    const { id } = await addCluster(admin(), input())
    const lent = await services.sessions.borrow(id)
    await lent.close()
    expect(await lent.get('/')).toMatchObject({ kind: 'found' })
  })

  test('are replaced when the cluster was changed, and refused when it was removed', async () => {
    const { id } = await addCluster(admin(), input())
    const first = await services.sessions.borrow(id)
    await updateCluster(admin(), { ...input(), clusterId: id, note: 'changed' })
    const second = await services.sessions.borrow(id)
    expect(second.sessionId).not.toBe(first.sessionId)
    expect(await isClosed(first)).toBe(true)
    await removeCluster(admin(), { clusterId: id, typedName: 'orders' })
    await expect(services.sessions.borrow(id)).rejects.toMatchObject({ code: 'NOT_FOUND' })
    expect(await isClosed(second)).toBe(true)
  })

  test('are replaced when another process changed the cluster', async () => {
    const { id } = await addCluster(admin(), input())
    const first = await services.sessions.borrow(id)
    await services.database.client.cluster.update({ where: { id }, data: { revision: { increment: 1 } } })
    const second = await services.sessions.borrow(id)
    expect(second.sessionId).not.toBe(first.sessionId)
  })

  test('that nobody uses are closed, those in use are not', async () => {
    const { id } = await addCluster(admin(), input())
    const lent = await services.sessions.borrow(id)
    services.clock.advance(IDLE_MS - 1)
    await services.sessions.closeIdle()
    expect(await isClosed(lent)).toBe(false)

    const unwatch = await lent.watch({ dirs: ['/'], znodes: [] }, () => undefined)
    services.clock.advance(IDLE_MS)
    await services.sessions.closeIdle()
    expect(await isClosed(lent), 'while something is watched').toBe(false)
    unwatch()

    const walk = lent.readSubtree('/', { includeSystem: true })[Symbol.asyncIterator]()
    await walk.next()
    services.clock.advance(IDLE_MS)
    await services.sessions.closeIdle()
    expect(opened[0] && (await isClosed(opened[0])), 'while something is walked').toBe(false)
    for (let next = await walk.next(); !next.done; next = await walk.next());

    services.clock.advance(IDLE_MS)
    await services.sessions.closeIdle()
    expect(await isClosed(lent)).toBe(true)
    await services.sessions.borrow(id)
    expect(opened).toHaveLength(2)
  })

  test('that could not be opened are tried again, and one who gives up does not spoil it for the others', async () => {
    const port = await findFreePort()
    const { id } = await addCluster(admin(), { name: 'later', connectString: `127.0.0.1:${port}` })
    await expect(services.sessions.borrow(id)).rejects.toMatchObject({ code: 'CONNECT_REFUSED' })
    const late = await startZooKeeper({ clientPort: port })
    try {
      const controller = new AbortController()
      const impatient = services.sessions.borrow(id, { signal: controller.signal })
      const patient = services.sessions.borrow(id)
      controller.abort()
      await expect(impatient).rejects.toMatchObject({ code: 'CANCELLED' })
      expect(await (await patient).get('/')).toMatchObject({ kind: 'found' })
    } finally {
      await services.sessions.closeAll()
      await late.stop()
    }
  })

  test('whose server is gone say why at once, and go on when it is back', async () => {
    const mortal = await startZooKeeper()
    const { id } = await addCluster(admin(), { name: 'mortal', connectString: mortal.connectString })
    const lent = await services.sessions.borrow(id)
    const disconnected = new Promise<void>((resolve) => {
      lent.onEvent((event) => {
        if (event.kind === 'connection' && event.state === 'disconnected') resolve()
      })
    })
    await mortal.stop()
    await disconnected
    await expect(services.sessions.borrow(id)).rejects.toMatchObject({ code: 'CONNECT_REFUSED' })
    const reborn = await startZooKeeper({ clientPort: mortal.port })
    try {
      await expect
        .poll(() => services.sessions.borrow(id).then((connection) => connection.get('/')), { timeout: 60_000 })
        .toMatchObject({ kind: 'found' })
      services.clock.advance(IDLE_MS)
      await services.sessions.closeIdle()
      expect(await Promise.all(opened.map(isOver)), 'the replaced session is closed as well').toEqual([true, true])
    } finally {
      await services.sessions.closeAll()
      await reborn.stop()
    }
  })

  test('are all closed at the end, and no new one is made', async () => {
    const { id } = await addCluster(admin(), input())
    const lent = await services.sessions.borrow(id)
    await services.sessions.closeAll()
    expect(await isClosed(lent)).toBe(true)
    await expect(services.sessions.borrow(id)).rejects.toMatchObject({ code: 'CANCELLED' })
  })
})
