import { createServer, type Server, type Socket } from 'node:net'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { OPEN_ACL } from '../../domain/znode/acl.ts'
import { findFreePort, startEnsemble, startZooKeeper, type ZooKeeperServer } from '../../testing/zookeeper-server.ts'
import type { ClusterTarget, ConnectionStep } from './connection.ts'
import { ZooKeeperError } from './errors.ts'
import { createZooKeeper } from './zookeeper.ts'

const zooKeeper = createZooKeeper()
let server: ZooKeeperServer

beforeAll(async () => {
  server = await startZooKeeper()
})
afterAll(async () => {
  await server.stop()
})

async function connectError(target: ClusterTarget): Promise<ZooKeeperError> {
  try {
    const connection = await zooKeeper.connect(target)
    await connection.close()
  } catch (error) {
    if (error instanceof ZooKeeperError) return error
    throw error
  }
  throw new Error('the connection was made')
}

async function testSteps(target: ClusterTarget): Promise<ConnectionStep[]> {
  const steps: ConnectionStep[] = []
  for await (const step of zooKeeper.testConnection(target)) steps.push(step)
  return steps
}

/** A server that accepts and does with the socket what it is told. */
async function startStranger(onSocket: (socket: Socket) => void): Promise<{ address: string; stop(): Promise<void> }> {
  const sockets = new Set<Socket>()
  const listener: Server = createServer((socket) => {
    sockets.add(socket)
    socket.on('error', () => socket.destroy())
    onSocket(socket)
  })
  const port = await findFreePort()
  await new Promise<void>((resolve) => {
    listener.listen(port, '127.0.0.1', resolve)
  })
  return {
    address: `127.0.0.1:${port}`,
    stop: async () => {
      for (const socket of sockets) socket.destroy()
      await new Promise<void>((resolve) => {
        listener.close(() => resolve())
      })
    },
  }
}

const silent = (socket: Socket) => socket.resume()
const slamming = (socket: Socket) => socket.destroy()
const chatting = (socket: Socket) => socket.end('HTTP/1.1 400 Bad Request\r\n\r\n')

describe('a cluster that cannot be used says why', () => {
  test('an unknown name is RESOLVE_FAILED', async () => {
    const error = await connectError({ connectString: 'no-such-host.invalid:2181', connectTimeoutMs: 8_000 })
    expect(error).toMatchObject({ code: 'RESOLVE_FAILED' })
    expect(error.message).toContain('no-such-host.invalid')
  })

  test('no server on the port is CONNECT_REFUSED', async () => {
    const error = await connectError({ connectString: `127.0.0.1:${await findFreePort()}` })
    expect(error).toMatchObject({ code: 'CONNECT_REFUSED' })
    expect(error.remedy).toBeTruthy()
  })

  test('a server that accepts and never answers is NOT_SERVING, within the deadline', async () => {
    const stranger = await startStranger(silent)
    const error = await connectError({ connectString: stranger.address, connectTimeoutMs: 1_000 })
    await stranger.stop()
    expect(error).toMatchObject({ code: 'NOT_SERVING' })
    expect(error.message).toMatch(/no answer/)
  })

  test('a server that accepts and closes is NOT_SERVING', async () => {
    const stranger = await startStranger(slamming)
    const error = await connectError({ connectString: stranger.address })
    await stranger.stop()
    expect(error).toMatchObject({ code: 'NOT_SERVING' })
  })

  test('a server that speaks something else is NOT_SERVING', async () => {
    const stranger = await startStranger(chatting)
    const error = await connectError({ connectString: stranger.address })
    await stranger.stop()
    expect(error).toMatchObject({ code: 'NOT_SERVING' })
    expect(error.message).toMatch(/does not answer as a ZooKeeper/)
  })

  test('an unknown authentication scheme is AUTH_FAILED, before any request', async () => {
    const error = await connectError({ connectString: server.connectString, auth: [{ scheme: 'nonsense', id: 'a:b' }] })
    expect(error).toMatchObject({ code: 'AUTH_FAILED' })
    expect(error.message).not.toContain('a:b')
  })

  test('SASL that the server does not offer is AUTH_FAILED: its word of success is not taken for a proof', async () => {
    const error = await connectError({ connectString: server.connectString, auth: [{ scheme: 'sasl', id: 'a:b' }] })
    expect(error).toMatchObject({ code: 'AUTH_FAILED' })
    expect(error.message).toMatch(/does not offer SASL/)
    const kerberos = { connectString: server.connectString, auth: [{ scheme: 'sasl', id: 'host@REALM' }] }
    expect((await connectError(kerberos)).remedy).toMatch(/Kerberos is not supported/)
  })

  test('with several servers each cause is named, and one good server is enough', async () => {
    const refused = `127.0.0.1:${await findFreePort()}`
    const stranger = await startStranger(slamming)
    const error = await connectError({ connectString: `${refused},${stranger.address}` })
    expect(error.message).toContain(refused)
    expect(error.message).toContain(stranger.address)
    expect(error.details.servers).toHaveLength(2)
    const connectString = `${refused},${stranger.address},${server.connectString}`
    for (let i = 0; i < 4; i++) {
      const connection = await zooKeeper.connect({ connectString })
      expect(await connection.get('/')).toMatchObject({ kind: 'found' })
      await connection.close()
    }
    await stranger.stop()
  })

  test('a bad connect string never opens a socket', async () => {
    expect(await connectError({ connectString: 'zk1:notaport' })).toMatchObject({ code: 'BAD_CONNECT_STRING' })
  })

  test('connecting can be cancelled', async () => {
    const stranger = await startStranger(silent)
    const abort = new AbortController()
    const connecting = zooKeeper.connect({ connectString: stranger.address }, { signal: abort.signal })
    abort.abort()
    await expect(connecting).rejects.toMatchObject({ code: 'CANCELLED' })
    await stranger.stop()
  })
})

describe('testConnection', () => {
  test('passes every step on a good cluster, and says whom the server takes us for', async () => {
    const steps = await testSteps({ connectString: server.connectString, auth: [{ scheme: 'digest', id: 'a:b' }] })
    expect(steps.map((step) => [step.name, step.ok])).toEqual([
      ['resolve', true],
      ['connect', true],
      ['handshake', true],
      ['authenticate', true],
      ['read-root', true],
      ['identity', true],
    ])
    expect(steps.at(-2)?.message).toMatch(/\d+ child/)
    expect(steps.at(-1)?.message).toContain('digest:a')
    expect(steps.at(-1)?.message).not.toContain('a:b')
  })

  test('ends at the step that fails, and says what to do', async () => {
    const refused = await testSteps({ connectString: `127.0.0.1:${await findFreePort()}` })
    expect(refused.map((step) => [step.name, step.ok])).toEqual([
      ['resolve', true],
      ['connect', false],
    ])
    const unresolved = await testSteps({ connectString: 'no-such-host.invalid' })
    expect(unresolved.map((step) => [step.name, step.ok])).toEqual([['resolve', false]])

    const stranger = await startStranger(silent)
    const mute = await testSteps({ connectString: stranger.address, connectTimeoutMs: 1_000 })
    await stranger.stop()
    expect(mute.at(-1)).toMatchObject({ name: 'handshake', ok: false })

    const wrongScheme = await testSteps({
      connectString: server.connectString,
      auth: [{ scheme: 'nonsense', id: 'secret' }],
    })
    expect(wrongScheme.at(-1)).toMatchObject({ name: 'authenticate', ok: false })
    expect(JSON.stringify(wrongScheme)).not.toContain('secret')

    const noChroot = await testSteps({ connectString: `${server.connectString}/nowhere` })
    expect(noChroot.at(-1)).toMatchObject({ name: 'read-root', ok: false })
    expect(noChroot.at(-1)?.message).toContain('/nowhere')
  })
})

describe('serverStatus', () => {
  test('asks every server and tells those that do not answer', async () => {
    const refused = `127.0.0.1:${await findFreePort()}`
    const [good, bad] = await zooKeeper.serverStatus({ connectString: `${server.connectString},${refused}` })
    expect(good).toMatchObject({ server: server.connectString, error: null })
    expect(good?.status).toMatchObject({ mode: 'standalone', version: '3.8.0' })
    expect(good?.status?.zxid).toBeGreaterThanOrEqual(0n)
    expect(bad).toMatchObject({ server: refused, status: null })
    expect(bad?.error).toMatch(/refused/)
  })

  test('an ensemble shows one leader, and a session goes on at another server when its own stops', async () => {
    const ensemble = await startEnsemble(3)
    try {
      const target = { connectString: ensemble.connectString, requestTimeoutMs: 20_000 }
      const statuses = await zooKeeper.serverStatus(target)
      const modes = statuses.map((entry) => entry.status?.mode).sort()
      expect(modes).toEqual(['follower', 'follower', 'leader'])
      const connection = await zooKeeper.connect(target)
      const { sessionId } = connection
      await connection.create({ path: '/mine', data: null, acl: OPEN_ACL, kind: 'ephemeral' })
      // Stopping a follower leaves a quorum; whichever server the session is at, it survives.
      const followers = statuses.flatMap((entry, i) => (entry.status?.mode === 'follower' ? [i] : []))
      await ensemble.servers[followers[0] ?? 0]?.stop()
      expect(await connection.get('/mine')).toMatchObject({ kind: 'found', znode: { kind: 'ephemeral' } })
      expect(connection.sessionId).toBe(sessionId)
      const paths: string[] = []
      for await (const batch of connection.readSubtree('/')) paths.push(...batch.znodes.map((znode) => znode.path))
      expect(paths).toEqual(['/', '/mine'])
      await connection.close()
    } finally {
      await ensemble.stop()
    }
  })
})
