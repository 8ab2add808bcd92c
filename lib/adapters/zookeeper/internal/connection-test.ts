import { lookup } from 'node:dns/promises'
import { isIP, type Socket } from 'node:net'
import { TLSSocket } from 'node:tls'
import { describeExpiry } from '../../../base/certificate-expiry.ts'
import type { CertificateFacts } from '../../../base/certificates.ts'
import { withDeadline } from '../../../base/deadline.ts'
import { throwIfAborted } from '../../../base/errors.ts'
import { describeServerError } from '../../../domain/znode/server-errors.ts'
import { formatServer, type ServerAddress } from '../connect-string.ts'
import type { ConnectionStep, ConnectionStepName } from '../connection.ts'
import { ZooKeeperError } from '../errors.ts'
import type { WireOptions } from './bulk-session.ts'
import { encodeRequest } from './bulk-session.ts'
import { dial, type ServerFailure, summarizeFailures } from './dial.ts'
import { FrameSplitter } from './frame-splitter.ts'
import { authenticate, closedBeforeAnswer, newTicket, shakeHands, silentServer } from './handshake.ts'
import { JuteReader, JuteWriter } from './jute.ts'
import { ERR, OP, readStat, toServerPath } from './protocol.ts'
import { saslRequired } from './sasl.ts'
import { peekCertificate, peerCertificateOf, secure, type WireTls } from './tls.ts'

interface Found {
  readonly server: ServerAddress
  readonly socket: Socket
}

/** Each step says what it found; the first failed one ends the test. Whatever was opened is closed again. */
export async function* testWire(wire: WireOptions, signal?: AbortSignal): AsyncGenerator<ConnectionStep> {
  const opened: Socket[] = []
  const deadline = Date.now() + wire.connectTimeoutMs
  const remaining = () => Math.max(1, deadline - Date.now())
  try {
    let ok = true
    const run = async function* (
      name: ConnectionStepName,
      work: () => Promise<string>,
    ): AsyncGenerator<ConnectionStep> {
      if (!ok) return
      throwIfAborted(signal)
      const startedAt = Date.now()
      let message: string
      try {
        message = await work()
      } catch (error) {
        throwIfAborted(signal)
        ok = false
        message = explain(error)
      }
      yield { name, ok, message, durationMs: Date.now() - startedAt }
    }
    let reachable: ServerAddress[] = []
    let sockets: Found[] = []
    let chosen: Found | null = null

    yield* run('resolve', async () => {
      const result = await resolveAll(wire.servers, remaining())
      reachable = result.resolved
      return result.message
    })
    yield* run('connect', async () => {
      const result = await connectAll(reachable, Math.min(remaining(), shareOf(wire)), signal)
      sockets = result.found
      opened.push(...sockets.map((found) => found.socket))
      return result.message
    })
    const { tls } = wire
    if (tls !== null) {
      yield* run('tls', async () => {
        const result = await secureAll(sockets, tls, { timeoutMs: Math.min(remaining(), shareOf(wire)), signal })
        sockets = result.found
        opened.push(...sockets.map((found) => found.socket))
        return result.message
      })
    }
    yield* run('handshake', async () => {
      const failures: ServerFailure[] = []
      for (const found of sockets) {
        try {
          const ticket = await shakeHands(found.socket, found.server, newTicket(wire.sessionTimeoutMs), {
            timeoutMs: Math.min(remaining(), shareOf(wire)),
            signal,
          })
          chosen = found
          return `${formatServer(found.server)} opened a session with a timeout of ${ticket.timeoutMs} ms`
        } catch (error) {
          failures.push({ server: found.server, error: error instanceof Error ? error : new Error(String(error)) })
        }
      }
      throw await sayWhetherTlsIsExpected(summarizeFailures(failures), wire, remaining())
    })
    yield* run('authenticate', async () => {
      const { socket, server } = need(chosen)
      await authenticate(socket, server, wire.credentials, { timeoutMs: wire.requestTimeoutMs, signal })
      const schemes = wire.credentials.map((credential) => credential.scheme).join(', ')
      return schemes === '' ? 'No credentials are configured: reading as anyone' : `Credentials accepted (${schemes})`
    })
    yield* run('read-root', async () => {
      const { socket, server } = need(chosen)
      return readRoot(socket, server, wire)
    })
    if (wire.credentials.length > 0 || tls?.clientCertificate) {
      yield* run('identity', async () => {
        const { socket, server } = need(chosen)
        return describeIdentities(await askWhoAmI(socket, server, wire.requestTimeoutMs))
      })
    }
  } finally {
    for (const socket of opened) sayGoodbye(socket)
  }
}

async function resolveAll(
  servers: readonly ServerAddress[],
  timeoutMs: number,
): Promise<{ resolved: ServerAddress[]; message: string }> {
  const results = await Promise.all(
    servers.map(async (server) => {
      if (isIP(server.host) !== 0) return { server, address: server.host, error: null }
      try {
        const what = `The resolution of ${server.host}`
        const found = await withDeadline(lookup(server.host, { all: true }), { what, timeoutMs })
        return { server, address: found.map((entry) => entry.address).join(', '), error: null }
      } catch (error) {
        return { server, address: null, error: error instanceof Error ? error : new Error(String(error)) }
      }
    }),
  )
  const message = results
    .map(({ server, address, error }) =>
      address === null ? `${server.host} has no address (${codeOf(error)})` : `${server.host} is ${address}`,
    )
    .filter((part, i, all) => all.indexOf(part) === i)
    .join('; ')
  const resolved = results.filter((result) => result.address !== null).map((result) => result.server)
  if (resolved.length === 0) {
    throw new ZooKeeperError('RESOLVE_FAILED', message, {
      remedy: 'check the spelling of the names and the DNS servers',
    })
  }
  return { resolved, message }
}

async function connectAll(
  servers: readonly ServerAddress[],
  timeoutMs: number,
  signal?: AbortSignal,
): Promise<{ found: Found[]; message: string }> {
  const results = await Promise.allSettled(servers.map((server) => dial(server, { timeoutMs, signal })))
  const found: Found[] = []
  const failures: ServerFailure[] = []
  const parts: string[] = []
  results.forEach((result, i) => {
    const server = servers[i]
    if (!server) return
    if (result.status === 'fulfilled') {
      found.push({ server, socket: result.value })
      parts.push(`${formatServer(server)} accepted the connection`)
    } else {
      const error = result.reason instanceof Error ? result.reason : new Error(String(result.reason))
      failures.push({ server, error })
      parts.push(error.message)
    }
  })
  if (found.length === 0) throw summarizeFailures(failures)
  return { found, message: parts.join('; ') }
}

/** All servers are tried, so that one whose certificate is wrong is known before it is the only one left. One good one is enough. */
async function secureAll(
  found: readonly Found[],
  tls: WireTls,
  limit: { timeoutMs: number; signal?: AbortSignal },
): Promise<{ found: Found[]; message: string }> {
  const results = await Promise.allSettled(found.map(({ socket, server }) => secure(socket, server, tls, limit)))
  const secured: Found[] = []
  const failures: ServerFailure[] = []
  const parts: string[] = []
  for (const [i, result] of results.entries()) {
    const server = found[i]?.server
    if (!server) continue
    if (result.status === 'fulfilled') {
      secured.push({ server, socket: result.value })
      const certificate = peerCertificateOf(result.value)
      const protocol = result.value instanceof TLSSocket ? result.value.getProtocol() : null
      parts.push(
        `${formatServer(server)} speaks ${protocol}${certificate ? `: ${describeCertificate(certificate)}` : ''}`,
      )
    } else {
      const error = result.reason instanceof Error ? result.reason : new Error(String(result.reason))
      const seen = await peekAt(server, tls, limit.timeoutMs)
      parts.push(seen ? `${error.message}: ${describeCertificate(seen)}` : error.message)
      failures.push({ server, error })
    }
  }
  if (secured.length > 0) {
    const name = tls.checkName ? '' : '; the names in the certificates are not checked'
    return { found: secured, message: parts.join('; ') + name }
  }
  const summary = summarizeFailures(failures)
  throw new ZooKeeperError(summary.code, parts.join('; '), { remedy: summary.remedy, cause: summary })
}

async function peekAt(server: ServerAddress, tls: WireTls | null, timeoutMs: number): Promise<CertificateFacts | null> {
  try {
    return await peekCertificate(await dial(server, { timeoutMs }), server, tls, timeoutMs)
  } catch (_goneMeanwhile) {
    return null
  }
}

/** A plain client is just closed by a TLS port, as it is by a server without a quorum. Looking tells the two apart. */
async function sayWhetherTlsIsExpected(
  failure: ZooKeeperError,
  wire: WireOptions,
  timeoutMs: number,
): Promise<ZooKeeperError> {
  const [server] = wire.servers
  if (wire.tls !== null || failure.code !== 'NOT_SERVING' || server === undefined) return failure
  const seen = await peekAt(server, null, timeoutMs)
  if (seen === null) return failure
  return new ZooKeeperError('TLS_EXPECTED', `${formatServer(server)} speaks TLS: ${describeCertificate(seen)}`, {
    remedy: 'switch TLS on for this cluster, or give the plain clientPort',
    cause: failure,
  })
}

function describeCertificate({ subject, issuer, names, validTo }: CertificateFacts): string {
  const about = names.length > 0 ? ` for ${names.join(', ')}` : ''
  const until = `${new Date(validTo).toISOString().slice(0, 10)} (${describeExpiry(validTo, Date.now())})`
  return `certificate ${subject || 'without a subject'}${about}, issued by ${issuer}, valid until ${until}`
}

interface Identity {
  readonly scheme: string
  readonly id: string
}

/** Who the server takes this session for (op 107, 3.7+). Null where it does not tell: an older one ends the connection over it. */
async function askWhoAmI(socket: Socket, server: ServerAddress, timeoutMs: number): Promise<Identity[] | null> {
  try {
    const reply = await askOnce(socket, server, timeoutMs, (writer) =>
      encodeRequest(writer, 2, OP.whoAmI, () => undefined),
    )
    reply.int()
    reply.long()
    if (reply.int() !== ERR.ok) return null
    return Array.from({ length: reply.count(8) }, () => ({ scheme: reply.string(), id: reply.string() }))
  } catch (error) {
    if (error instanceof ZooKeeperError && error.code === 'NOT_SERVING') return null
    throw error
  }
}

function describeIdentities(identities: Identity[] | null): string {
  if (identities === null) return 'The server does not tell whom it takes us for (3.7 and later do)'
  const list = identities.map(({ scheme, id }) => (id === '' ? scheme : `${scheme}:${id}`))
  return `The server takes us for ${list.join(', ')}`
}

async function readRoot(socket: Socket, server: ServerAddress, wire: WireOptions): Promise<string> {
  const place = toServerPath(wire.chroot, '/')
  const reply = await askOnce(socket, server, wire.requestTimeoutMs, (writer) =>
    encodeRequest(writer, 1, OP.getData, (body) => body.string(place).bool(false)),
  )
  reply.int()
  reply.long()
  const err = reply.int()
  if (err === ERR.noNode) {
    throw new ZooKeeperError('SERVER_ERROR', `The chroot ${place} does not exist`, {
      remedy: 'create it, or correct the connect string',
    })
  }
  if (err === ERR.saslRequired) throw saslRequired(server)
  if (err === ERR.noAuth) {
    throw new ZooKeeperError('NO_AUTH', `Reading ${place} is not allowed with these credentials`, {
      remedy: 'add credentials that may read it',
    })
  }
  if (err !== ERR.ok) throw new ZooKeeperError('SERVER_ERROR', `Reading ${place} failed: ${describeServerError(err)}`)
  reply.skipBytes()
  const { numChildren } = readStat(reply)
  return `${place} has ${numChildren} ${numChildren === 1 ? 'child' : 'children'}`
}

function askOnce(
  socket: Socket,
  server: ServerAddress,
  timeoutMs: number,
  encode: (writer: JuteWriter) => void,
): Promise<JuteReader> {
  return new Promise((resolve, reject) => {
    const settle = (finish: () => void) => {
      clearTimeout(timer)
      socket.off('data', onData)
      socket.off('close', onClose)
      finish()
    }
    const splitter = new FrameSplitter((buffer, start, end) =>
      settle(() => resolve(new JuteReader(buffer, start, end))),
    )
    const onData = (chunk: Buffer) => {
      try {
        splitter.push(chunk)
      } catch (error) {
        settle(() => reject(error))
      }
    }
    const onClose = () => settle(() => reject(closedBeforeAnswer(server, socket)))
    const timer = setTimeout(() => settle(() => reject(silentServer(server, timeoutMs))), timeoutMs)
    socket.on('data', onData)
    socket.on('close', onClose)
    if (socket.destroyed) return onClose()
    const writer = new JuteWriter()
    encode(writer)
    socket.resume()
    socket.write(writer.toBuffer())
  })
}

function sayGoodbye(socket: Socket): void {
  if (socket.destroyed) return
  const writer = new JuteWriter()
  encodeRequest(writer, 2, OP.closeSession, () => undefined)
  socket.on('data', () => undefined)
  socket.resume()
  socket.setTimeout(500, () => socket.destroy())
  socket.end(writer.toBuffer())
}

function need(found: Found | null): Found {
  if (!found) throw new ZooKeeperError('CLOSED', 'There is no connection to go on with')
  return found
}

function shareOf(wire: WireOptions): number {
  return Math.max(1_000, Math.floor(wire.connectTimeoutMs / wire.servers.length))
}

function codeOf(error: Error | null): string {
  return error && 'code' in error && typeof error.code === 'string' ? error.code : 'unknown'
}

function explain(error: unknown): string {
  if (error instanceof ZooKeeperError) return error.remedy ? `${error.message}; ${error.remedy}` : error.message
  return error instanceof Error ? error.message : String(error)
}
