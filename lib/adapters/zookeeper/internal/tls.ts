import { isIP, type Socket } from 'node:net'
import { checkServerIdentity, createSecureContext, type SecureContext, connect as tlsConnect } from 'node:tls'
import { describeExpiry } from '../../../base/certificate-expiry.ts'
import {
  type CertificateFacts,
  findIdentityFault,
  parseCertificates,
  parseDerCertificate,
} from '../../../base/certificates.ts'
import { CancelledError } from '../../../base/errors.ts'
import { explainTlsFault, findTlsFault, type TlsFaultKind } from '../../../base/tls-fault.ts'
import { formatServer, type ServerAddress } from '../connect-string.ts'
import type { TlsSettings } from '../connection.ts'
import { ZooKeeperError, type ZooKeeperErrorCode } from '../errors.ts'

/** The settings, read once for all sockets of a connection. */
export interface WireTls {
  readonly context: SecureContext
  readonly checkName: boolean
  /** Null: none is shown. */
  readonly clientCertificate: CertificateFacts | null
}

const MIN_VERSION = 'TLSv1.2'

/** Throws TLS_BAD_SETTINGS. */
export function createWireTls(settings: TlsSettings): WireTls {
  const { ca, cert, key, checkName } = settings
  if (ca !== null && parseCertificates(ca) === null) {
    throw badSettings('The certificate of the authority is not in PEM form', null)
  }
  if ((cert === null) !== (key === null)) {
    throw badSettings('A client certificate and its private key are needed together', null)
  }
  if (cert !== null && key !== null) {
    const fault = findIdentityFault(cert, key)
    if (fault !== null) throw badSettings(`The client certificate cannot be used: ${fault.message}`, null)
  }
  try {
    const context = createSecureContext({
      ca: ca ?? undefined,
      cert: cert ?? undefined,
      key: key ?? undefined,
      minVersion: MIN_VERSION,
    })
    return { context, checkName, clientCertificate: cert === null ? null : (parseCertificates(cert)?.[0] ?? null) }
  } catch (error) {
    throw badSettings('The certificates and keys for TLS cannot be used', error)
  }
}

function badSettings(message: string, cause: unknown): ZooKeeperError {
  return new ZooKeeperError('TLS_BAD_SETTINGS', message, {
    cause: cause ?? undefined,
    remedy: 'correct the TLS settings of this cluster',
    unaffected: 'no server was asked',
  })
}

const peers = new WeakMap<Socket, CertificateFacts>()
const faults = new WeakMap<Socket, ZooKeeperError>()

/** The certificate that the server showed; null on a plain connection. */
export function peerCertificateOf(socket: Socket): CertificateFacts | null {
  return peers.get(socket) ?? null
}

/**
 * Handshake on a connected socket, which this takes over: on failure it is destroyed. Since TLS 1.3 a server refuses a client certificate only after
 * the handshake is over on our side; whoever reads then finds the reason by `tlsFaultOf`.
 */
export function secure(
  raw: Socket,
  server: ServerAddress,
  tls: WireTls,
  limit: { timeoutMs: number; signal?: AbortSignal },
): Promise<Socket> {
  return new Promise((resolve, reject) => {
    let peer: CertificateFacts | null = null
    const host = server.host.replace(/\.$/, '')
    const socket = tlsConnect({
      socket: raw,
      host,
      // A name indication is for names only (RFC 6066).
      servername: isIP(host) === 0 ? host : '',
      secureContext: tls.context,
      minVersion: MIN_VERSION,
      rejectUnauthorized: true,
      checkServerIdentity: (name, certificate) => {
        peer = parseDerCertificate(certificate.raw)
        return tls.checkName ? checkServerIdentity(name, certificate) : undefined
      },
    })
    const settle = (finish: () => void) => {
      clearTimeout(timer)
      limit.signal?.removeEventListener('abort', onAbort)
      socket.off('secureConnect', onSecure)
      socket.off('error', onError)
      // Kept to the end of the socket: an error without a listener would end the process, and the reason may be asked for.
      socket.on('error', (error) => {
        if (findTlsFault(error) !== null) faults.set(socket, toTlsError(error, server, tls))
      })
      finish()
    }
    const fail = (error: Error) =>
      settle(() => {
        socket.destroy()
        raw.destroy()
        reject(error)
      })
    const onAbort = () => fail(new CancelledError(`Connecting to ${formatServer(server)} was cancelled`))
    const onSecure = () =>
      settle(() => {
        if (peer !== null) peers.set(socket, peer)
        resolve(socket)
      })
    const onError = (error: Error) => fail(toTlsError(error, server, tls))
    const timer = setTimeout(() => fail(silentHandshake(server, limit.timeoutMs)), limit.timeoutMs)
    limit.signal?.addEventListener('abort', onAbort, { once: true })
    socket.once('secureConnect', onSecure)
    socket.once('error', onError)
    if (limit.signal?.aborted) onAbort()
  })
}

/** Why a connection was closed after its handshake, when TLS was the reason; null otherwise. */
export function tlsFaultOf(socket: Socket): ZooKeeperError | null {
  return faults.get(socket) ?? null
}

const CODES: Readonly<Record<TlsFaultKind, ZooKeeperErrorCode>> = {
  untrusted: 'TLS_UNTRUSTED',
  name: 'TLS_NAME_MISMATCH',
  expired: 'TLS_EXPIRED',
  'not-yet-valid': 'TLS_EXPIRED',
  'not-offered': 'TLS_NOT_OFFERED',
  'client-certificate': 'TLS_CLIENT_CERTIFICATE',
  'no-common-version': 'TLS_FAILED',
  other: 'TLS_FAILED',
}

function toTlsError(error: Error, server: ServerAddress, tls: WireTls): ZooKeeperError {
  const kind = findTlsFault(error) ?? 'not-offered'
  const who = formatServer(server)
  const { clientCertificate } = tls
  const { message, remedy } = explainTlsFault(kind, {
    who,
    error,
    hasClientCertificate: clientCertificate !== null,
    plainPort: 'TLS is spoken on secureClientPort; on clientPort switch TLS off',
  })
  // Servers call every certificate that they do not take unknown; this they do not take for certain.
  if (kind === 'client-certificate' && clientCertificate && clientCertificate.validTo <= Date.now()) {
    const expiry = describeExpiry(clientCertificate.validTo, Date.now())
    return new ZooKeeperError(CODES.expired, `${who} refuses our client certificate, which ${expiry}`, {
      remedy: 'give one that is valid, with its key',
      cause: error,
      details: { fault: kind },
    })
  }
  return new ZooKeeperError(CODES[kind], message, { remedy, cause: error, details: { fault: kind } })
}

function silentHandshake(server: ServerAddress, timeoutMs: number): ZooKeeperError {
  return new ZooKeeperError(
    'TLS_NOT_OFFERED',
    `${formatServer(server)} accepted the connection but did not finish the TLS handshake within ${timeoutMs} ms`,
    { remedy: 'check that the port is the secureClientPort, and whether the server hangs' },
  )
}

/**
 * Whether a handshake is answered as TLS is, be it with a refusal because we show no certificate. The connection is closed at once and nothing is
 * ever sent over it.
 */
export function speaksTls(raw: Socket, timeoutMs: number): Promise<boolean> {
  return new Promise((resolve) => {
    // Only looked at: see above.
    const socket = tlsConnect({ socket: raw, minVersion: MIN_VERSION, rejectUnauthorized: false })
    const finish = (speaks: boolean) => {
      clearTimeout(timer)
      socket.destroy()
      raw.destroy()
      resolve(speaks)
    }
    const timer = setTimeout(() => finish(false), timeoutMs)
    socket.on('error', (error) => finish((findTlsFault(error) ?? 'not-offered') !== 'not-offered'))
    socket.once('secureConnect', () => finish(true))
  })
}

/**
 * The certificate that a port shows, whoever made it: to name it where it is refused, and to tell a TLS port from a plain one. The connection is
 * closed at once and nothing is ever sent over it. Null where nothing speaks TLS in time.
 */
export function peekCertificate(
  raw: Socket,
  server: ServerAddress,
  tls: WireTls | null,
  timeoutMs: number,
): Promise<CertificateFacts | null> {
  return new Promise((resolve) => {
    const host = server.host.replace(/\.$/, '')
    const socket = tlsConnect({
      socket: raw,
      servername: isIP(host) === 0 ? host : '',
      secureContext: tls?.context,
      minVersion: MIN_VERSION,
      // Only looked at: see above.
      rejectUnauthorized: false,
    })
    const finish = (facts: CertificateFacts | null) => {
      clearTimeout(timer)
      socket.destroy()
      raw.destroy()
      resolve(facts)
    }
    const timer = setTimeout(() => finish(null), timeoutMs)
    socket.on('error', () => finish(null))
    socket.once('secureConnect', () => {
      const { raw: der } = socket.getPeerCertificate()
      finish(der === undefined ? null : parseDerCertificate(der))
    })
  })
}
