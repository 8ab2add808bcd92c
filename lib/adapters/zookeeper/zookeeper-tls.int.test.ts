import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { OPEN_ACL } from '../../domain/znode/acl.ts'
import { createTestAuthority } from '../../testing/certificates.ts'
import { startTlsServer, type TlsRig } from '../../testing/tls-server.ts'
import type { ClusterConnection, ClusterTarget, ConnectionStep, LiveEvent } from './connection.ts'
import { ZooKeeperError } from './errors.ts'
import { createZooKeeper } from './zookeeper.ts'

const zooKeeper = createZooKeeper()
let rig: TlsRig

beforeAll(async () => {
  rig = await startTlsServer()
})
afterAll(() => rig.stop())

const target = (changes: Partial<NonNullable<ClusterTarget['tls']>> = {}, port = rig.securePort): ClusterTarget => ({
  connectString: `127.0.0.1:${port}`,
  tls: { ...rig.tls, ...changes },
})

async function connectError(to: ClusterTarget): Promise<ZooKeeperError> {
  try {
    const connection = await zooKeeper.connect(to)
    await connection.close()
  } catch (error) {
    if (error instanceof ZooKeeperError) return error
    throw error
  }
  throw new Error('the connection was made')
}

async function testSteps(to: ClusterTarget): Promise<ConnectionStep[]> {
  const steps: ConnectionStep[] = []
  for await (const step of zooKeeper.testConnection(to)) steps.push(step)
  return steps
}

function nextState(connection: ClusterConnection, state: string): Promise<void> {
  return new Promise((resolve) => {
    const off = connection.onEvent((event: LiveEvent) => {
      if (event.kind !== 'connection' || event.state !== state) return
      off()
      resolve()
    })
  })
}

describe('over TLS', () => {
  test('everything works as it does without: writes, large values, bulk reads, watches, words of four letters', async () => {
    const connection = await zooKeeper.connect(target())
    try {
      expect(connection.serverVersion).toMatch(/^\d+\.\d+\.\d+$/)
      const big = Buffer.alloc(900_000, 'x')
      await connection.create({ path: '/big', data: big, acl: OPEN_ACL, kind: 'persistent' })
      const seen = new Promise<LiveEvent>((resolve) => {
        void connection.watch({ dirs: ['/'], znodes: [] }, resolve)
      })
      const names = Array.from({ length: 200 }, (_, i) => `/n${String(i).padStart(3, '0')}`)
      const data = big.subarray(0, 9)
      await connection.multi(
        names.map((path) => ({ op: 'create', path, data, acl: OPEN_ACL, kind: 'persistent', ttlMs: null })),
      )
      expect(await seen).toMatchObject({ kind: 'children', path: '/' })
      const reading = await connection.get('/big')
      expect(reading.kind === 'found' && big.equals(reading.znode.data ?? new Uint8Array())).toBe(true)

      const walked: string[] = []
      const walk = connection.walk(['/'], { sessions: 4 })
      for await (const { znodes } of walk.stream) walked.push(...znodes.map((znode) => znode.path))
      expect(walked).toEqual(['/', '/big', ...names])
      expect(walk.facts().dataBytes).toBe(900_000 + 200 * 9)
      const many = await connection.readMany(names)
      expect(many.every((reading) => reading.kind === 'found')).toBe(true)
    } finally {
      await connection.close()
    }
    expect(await zooKeeper.serverStatus(target())).toMatchObject([{ status: { mode: 'standalone' }, error: null }])
    const [told] = await zooKeeper.reports.addresses(target())
    expect(told).toMatchObject({ kind: 'told' })
  })

  test('a session can be ended by its ticket, and is then expired for whoever has it', async () => {
    const connection = await zooKeeper.connect({ ...target(), sessionTimeoutMs: 4_000 })
    const expired = nextState(connection, 'expired')
    await zooKeeper.endSession(target(), connection.sessionTicket)
    await expired
    await expect(connection.get('/')).rejects.toMatchObject({ code: 'SESSION_EXPIRED' })
    await connection.close()
  })

  test('the test names the certificate of the server and the identity that ours gives us', async () => {
    const steps = await testSteps(target())
    expect(steps.map(({ name, ok }) => [name, ok])).toEqual(
      ['resolve', 'connect', 'tls', 'handshake', 'authenticate', 'read-root', 'identity'].map((name) => [name, true]),
    )
    expect(steps[2]?.message).toMatch(
      /TLSv1\.3: certificate CN=zk1,O=Arkeeper for 127\.0\.0\.1, issued by CN=Test authority/,
    )
    expect(steps[2]?.message).toMatch(/expires in 199 days/)
    expect(steps.at(-1)?.message).toContain('x509:CN=arkeeper,O=Arkeeper')
  })
})

describe('what is wrong with TLS is said by its cause', () => {
  test('an authority that is not trusted', async () => {
    const { cert } = createTestAuthority('CN=Another authority')
    for (const ca of [cert, null]) {
      expect(await connectError(target({ ca }))).toMatchObject({ code: 'TLS_UNTRUSTED' })
    }
    const last = (await testSteps(target({ ca: cert }))).at(-1)
    expect(last).toMatchObject({ name: 'tls', ok: false })
    expect(last?.message).toMatch(/not trusted here.*issued by CN=Test authority/)
  })

  test('a name that the certificate does not have, unless names are not checked', async () => {
    const connectString = `localhost:${rig.securePort}`
    const error = await connectError({ ...target(), connectString })
    expect(error).toMatchObject({ code: 'TLS_NAME_MISMATCH' })
    expect(error.message).toContain('localhost')
    const unnamed = { ...target({ checkName: false }), connectString }
    const connection = await zooKeeper.connect(unnamed)
    expect(await connection.get('/')).toMatchObject({ kind: 'found' })
    await connection.close()
    expect((await testSteps(unnamed))[2]?.message).toContain('the names in the certificates are not checked')
    // Its authority is checked all the same.
    expect(await connectError({ ...target({ checkName: false, ca: null }), connectString })).toMatchObject({
      code: 'TLS_UNTRUSTED',
    })
  })

  test('a client certificate that is missing, or that the server does not take', async () => {
    const none = target({ cert: null, key: null })
    const missing = await connectError(none)
    expect(missing).toMatchObject({ code: 'TLS_CLIENT_CERTIFICATE' })
    expect(missing.message).toContain('none is set')
    const [status] = await zooKeeper.serverStatus(none)
    expect(status?.error).toContain('none is set')

    const stranger = createTestAuthority('CN=Another authority').issue('CN=stranger')
    const refused = await connectError(target(stranger))
    expect(refused).toMatchObject({ code: 'TLS_CLIENT_CERTIFICATE' })
    expect(refused.message).toContain('refuses our client certificate')
  })

  test('TLS on the plain port, and none on the TLS port', async () => {
    expect(await connectError(target({}, rig.server.port))).toMatchObject({ code: 'TLS_NOT_OFFERED' })
    const plain = { connectString: rig.secureConnectString }
    expect(await connectError(plain)).toMatchObject({ code: 'NOT_SERVING' })
    const last = (await testSteps(plain)).at(-1)
    expect(last).toMatchObject({ name: 'handshake', ok: false })
    expect(last?.message).toMatch(/speaks TLS: certificate CN=zk1.*switch TLS on/)
  })

  test('settings that no server can be asked with', async () => {
    const other = rig.issue('CN=other')
    for (const wrong of [{ key: other.key }, { key: null }, { ca: 'not PEM' }]) {
      expect(await connectError(target(wrong))).toMatchObject({ code: 'TLS_BAD_SETTINGS' })
    }
  })
})

describe('a server that starts again', () => {
  test('a session goes on over a new TLS connection', async () => {
    const connection = await zooKeeper.connect(target())
    const { sessionId } = connection
    const lost = nextState(connection, 'disconnected')
    const back = nextState(connection, 'connected')
    await rig.restart({ config: { 'ssl.protocol': 'TLSv1.2', 'ssl.enabledProtocols': 'TLSv1.2' } })
    await lost
    await back
    expect(await connection.get('/big')).toMatchObject({ kind: 'found' })
    expect(connection.sessionId).toBe(sessionId)
    await connection.close()
    // With TLS 1.2 the server refuses in the handshake itself.
    expect(await connectError(target({ cert: null, key: null }))).toMatchObject({ code: 'TLS_CLIENT_CERTIFICATE' })
  })

  test('a certificate that has expired is refused, and the day is named', async () => {
    const names = ['127.0.0.1']
    const identity = rig.issue('CN=zk1', { names, from: new Date('2024-01-01'), to: new Date('2025-01-01') })
    await rig.restart({ identity })
    expect(await connectError(target())).toMatchObject({ code: 'TLS_EXPIRED' })
    expect((await testSteps(target())).at(-1)?.message).toMatch(
      /has expired.*valid until 2025-01-01 \(expired \d+ days ago\)/,
    )
  })
})
