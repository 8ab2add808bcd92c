import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { connect } from 'node:tls'
import type { TlsSettings } from '../adapters/zookeeper/connection.ts'
import { createTestAuthority, type TestIdentity } from './certificates.ts'
import { findFreePort, startZooKeeper, type ZooKeeperServer, ZooKeeperServerError } from './zookeeper-server.ts'

const START_TIMEOUT_MS = 60_000

export interface TlsRig {
  /** Address of the secureClientPort. */
  readonly secureConnectString: string
  readonly securePort: number
  /** The one that is running; `restart` puts another in its place. */
  readonly server: ZooKeeperServer
  readonly client: TestIdentity
  /** What a client has to set that is welcome. */
  readonly tls: TlsSettings
  /** The same data and ports with another certificate or more lines of zoo.cfg. */
  restart(options?: { identity?: TestIdentity; config?: Readonly<Record<string, string>> }): Promise<void>
  /** A certificate of the authority that the clients trust. */
  issue: ReturnType<typeof createTestAuthority>['issue']
  stop(): Promise<void>
}

/** A server with a plain port and a TLS port for 127.0.0.1, which asks every client for a certificate of the same authority. */
export async function startTlsServer(
  options: {
    readonly config?: Readonly<Record<string, string>>
    readonly javaProperties?: Readonly<Record<string, string>>
    /** The same certificate for the AdminServer, which takes that of the quorum port. */
    readonly adminTls?: boolean
    readonly version?: string
  } = {},
): Promise<TlsRig> {
  const dir = await mkdtemp(join(tmpdir(), 'arkeeper-tls-'))
  const authority = createTestAuthority('CN=Test authority,O=Arkeeper')
  const client = authority.issue('CN=arkeeper,O=Arkeeper')
  const keyStore = join(dir, 'server.pem')
  const trustStore = join(dir, 'authority.pem')
  await writeFile(trustStore, authority.cert)
  const [clientPort, securePort] = [await findFreePort(), await findFreePort()]
  let server: ZooKeeperServer
  const start = async (identity: TestIdentity, config: Readonly<Record<string, string>>) => {
    await writeFile(keyStore, identity.both)
    server = await startZooKeeper({
      dataDir: join(dir, 'data'),
      clientPort,
      javaProperties: options.javaProperties,
      version: options.version,
      config: {
        secureClientPort: String(securePort),
        secureClientPortAddress: '127.0.0.1',
        serverCnxnFactory: 'org.apache.zookeeper.server.NettyServerCnxnFactory',
        'ssl.keyStore.location': keyStore,
        'ssl.trustStore.location': trustStore,
        'ssl.clientAuth': 'need',
        // As 3.9 has it by itself; 3.8 speaks 1.2 alone unless told.
        'ssl.protocol': 'TLSv1.3',
        'ssl.enabledProtocols': 'TLSv1.3,TLSv1.2',
        'ssl.ciphersuites': 'TLS_AES_128_GCM_SHA256,TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256',
        ...(options.adminTls
          ? { 'ssl.quorum.keyStore.location': keyStore, 'ssl.quorum.trustStore.location': trustStore }
          : {}),
        ...options.config,
        ...config,
      },
    })
    await waitUntilSecure(securePort, client)
  }
  const good = authority.issue('CN=zk1,O=Arkeeper', { names: ['127.0.0.1'] })
  await start(good, {})
  return {
    secureConnectString: `127.0.0.1:${securePort}`,
    securePort,
    get server() {
      return server
    },
    client,
    tls: { ca: authority.cert, cert: client.cert, key: client.key, checkName: true },
    issue: authority.issue,
    restart: async ({ identity = good, config = {} } = {}) => {
      await server.stop()
      await start(identity, config)
    },
    stop: async () => {
      await server.stop()
      await rm(dir, { recursive: true, force: true })
    },
  }
}

/**
 * The TLS port is opened after the plain one has answered, and the first handshakes of a JVM take longer on a busy machine than a product waits
 * that only asks for a version. Serving is what counts here, not the certificate, which a test may want to be wrong.
 */
async function waitUntilSecure(port: number, client: TestIdentity): Promise<void> {
  const deadline = Date.now() + START_TIMEOUT_MS
  while (Date.now() < deadline) {
    if ((await askOverTls(port, client)).includes('Mode:')) return
    await delay(50)
  }
  throw new ZooKeeperServerError(
    'NOT_STARTED',
    `the TLS port 127.0.0.1:${port} did not answer in ${START_TIMEOUT_MS} ms`,
  )
}

function askOverTls(port: number, { cert, key }: TestIdentity): Promise<string> {
  return new Promise((resolve) => {
    let answer = ''
    const socket = connect({ host: '127.0.0.1', port, cert, key, rejectUnauthorized: false })
    socket.setTimeout(10_000, () => socket.destroy())
    socket.on('secureConnect', () => socket.write('srvr'))
    socket.on('data', (chunk) => {
      answer += chunk.toString('latin1')
    })
    socket.on('error', () => socket.destroy())
    socket.on('close', () => resolve(answer))
  })
}
