import type { Socket } from 'node:net'
import type { CertificateFacts } from '../../base/certificates.ts'
import { formatServer, parseConnectString } from './connect-string.ts'
import type { ClusterConnection, ClusterTarget, ServerAnswer, ZooKeeperPort } from './connection.ts'
import { BulkPool } from './internal/bulk-pool.ts'
import type { WireOptions } from './internal/bulk-session.ts'
import { testWire } from './internal/connection-test.ts'
import { endSession } from './internal/end-session.ts'
import { askFourLetterWord, explainRefusedStatus, parseServerStatus } from './internal/four-letter-word.ts'
import { splitCredentials } from './internal/handshake.ts'
import { PackageSession } from './internal/package-session.ts'
import { createServerReports } from './internal/server-reports.ts'
import { createWireTls, peerCertificateOf } from './internal/tls.ts'
import { ZooKeeperConnection } from './internal/zookeeper-connection.ts'

const SESSION_TIMEOUT_MS = 30_000
const CONNECT_TIMEOUT_MS = 10_000
const REQUEST_TIMEOUT_MS = 15_000
/** Frame of one request without its length: the limit that a server with default settings puts on it (jute.maxbuffer). */
const REQUEST_BYTES_MAX = 1_048_575
const STATUS_TIMEOUT_MS = 3_000
/** For the version only, on the way to a connection: not worth more waiting. */
const VERSION_TIMEOUT_MS = 3_000

/** Clusters over TCP. Holds nothing itself: each connection is its caller's to close. */
export function createZooKeeper(): ZooKeeperPort {
  return { connect, endSession: endSessionOf, testConnection, serverStatus, reports: createServerReports() }
}

async function connect(target: ClusterTarget, options: { signal?: AbortSignal } = {}): Promise<ClusterConnection> {
  const wire = toWireOptions(target)
  // Connections start at different servers, so that they spread over the ensemble.
  const startIndex = Math.floor(Math.random() * wire.servers.length)
  const session = await PackageSession.open(wire, { startIndex, signal: options.signal })
  const serverVersion = await findVersion(session, wire)
  const pool = new BulkPool(wire, { startIndex })
  return new ZooKeeperConnection({ session, pool, chroot: wire.chroot, serverVersion })
}

function endSessionOf(target: ClusterTarget, ticket: string): Promise<void> {
  return endSession(toWireOptions(target), ticket)
}

function testConnection(target: ClusterTarget, options: { signal?: AbortSignal } = {}) {
  return testWire(toWireOptions(target), options.signal)
}

async function serverStatus(target: ClusterTarget): Promise<readonly ServerAnswer[]> {
  const { servers, tls } = toWireOptions(target)
  return Promise.all(
    servers.map(async (address) => {
      const server = formatServer(address)
      let certificate: CertificateFacts | null = null
      const onSocket = (socket: Socket) => {
        certificate = peerCertificateOf(socket)
      }
      try {
        const answer = await askFourLetterWord(address, 'srvr', { timeoutMs: STATUS_TIMEOUT_MS, tls, onSocket })
        const status = parseServerStatus(answer)
        return { server, status, certificate, error: status === null ? explainRefusedStatus(answer) : null }
      } catch (error) {
        return { server, status: null, certificate, error: error instanceof Error ? error.message : String(error) }
      }
    }),
  )
}

async function findVersion(session: PackageSession, { tls }: WireOptions): Promise<string | null> {
  try {
    const answer = await askFourLetterWord(session.connectedServer, 'srvr', { timeoutMs: VERSION_TIMEOUT_MS, tls })
    return parseServerStatus(answer)?.version ?? null
  } catch (_unanswered) {
    // Nothing depends on the version but words on a page; the connection itself is good.
    return null
  }
}

function toWireOptions(target: ClusterTarget): WireOptions {
  splitCredentials(target.auth ?? [])
  const { servers, chroot } = parseConnectString(target.connectString)
  return {
    servers,
    chroot,
    credentials: target.auth ?? [],
    tls: target.tls ? createWireTls(target.tls) : null,
    sessionTimeoutMs: target.sessionTimeoutMs ?? SESSION_TIMEOUT_MS,
    connectTimeoutMs: target.connectTimeoutMs ?? CONNECT_TIMEOUT_MS,
    requestTimeoutMs: target.requestTimeoutMs ?? REQUEST_TIMEOUT_MS,
    requestBytesMax: target.requestBytesMax ?? REQUEST_BYTES_MAX,
  }
}
