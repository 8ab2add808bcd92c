import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { OPEN_ACL } from '../../domain/znode/acl.ts'
import { startZooKeeperProxy, type ZooKeeperProxy } from '../../testing/zookeeper-proxy.ts'
import { startZooKeeper, type ZooKeeperServer } from '../../testing/zookeeper-server.ts'
import type { ClusterConnection } from './connection.ts'
import { createZooKeeper } from './zookeeper.ts'

const zookeeper = createZooKeeper()
let server: ZooKeeperServer
let proxy: ZooKeeperProxy
let other: ClusterConnection
let writer: ClusterConnection

beforeAll(async () => {
  server = await startZooKeeper()
})
afterAll(() => server?.stop())
beforeEach(async () => {
  proxy = await startZooKeeperProxy(server.port)
  writer = await zookeeper.connect({ connectString: proxy.connectString })
  other = await zookeeper.connect({ connectString: server.connectString })
})
afterEach(async () => {
  await writer.close()
  await other.close()
  await proxy.stop()
})

const target = () => ({ connectString: server.connectString })
const create = (path: string) => [
  { op: 'create' as const, path, data: null, acl: OPEN_ACL, kind: 'persistent' as const, ttlMs: null },
]

describe('ending the session of another', () => {
  it('keeps from being carried out what is on its way, however late it arrives', async () => {
    proxy.freeze()
    const late = writer.multi(create('/late'))
    await zookeeper.endSession(target(), writer.sessionTicket)
    proxy.resume()
    const outcome = await late.catch((error: unknown) => error)
    expect(outcome).not.toMatchObject({ kind: 'done' })
    await other.sync('/')
    expect(await other.get('/late')).toMatchObject({ kind: 'missing' })
  })

  it('leaves what was carried out before, and other sessions', async () => {
    expect(await writer.multi(create('/before'))).toMatchObject({ kind: 'done' })
    await zookeeper.endSession(target(), writer.sessionTicket)
    expect(await other.get('/before')).toMatchObject({ kind: 'found' })
    expect(await other.multi(create('/after'))).toMatchObject({ kind: 'done' })
  })

  it('takes one that is over already, and one that never was, for ended', async () => {
    const { sessionTicket } = writer
    await zookeeper.endSession(target(), sessionTicket)
    await zookeeper.endSession(target(), sessionTicket)
    await zookeeper.endSession(target(), `0x123:${'00'.repeat(16)}`)
    await expect(zookeeper.endSession(target(), 'no ticket')).rejects.toThrow('ticket')
  })

  it('goes on to a server that answers, and says when there is none', async () => {
    const gone = await startZooKeeperProxy(server.port)
    await gone.stop()
    const servers = `${gone.connectString},${server.connectString}`
    await zookeeper.endSession({ connectString: servers }, writer.sessionTicket)
    await expect(
      zookeeper.endSession({ connectString: gone.connectString, connectTimeoutMs: 300 }, other.sessionTicket),
    ).rejects.toMatchObject({ code: 'CONNECT_REFUSED' })
  })
})
