import type { Socket } from 'node:net'
import { CancelledError } from '../../../base/errors.ts'
import { describeServerError } from '../../../domain/znode/server-errors.ts'
import { formatServer, type ServerAddress } from '../connect-string.ts'
import { ZooKeeperError } from '../errors.ts'
import { FrameSplitter } from './frame-splitter.ts'
import { JuteReader, JuteWriter } from './jute.ts'
import { OP, XID } from './protocol.ts'
import { SASL_SCHEME, SaslExchange } from './sasl.ts'
import { tlsFaultOf } from './tls.ts'

/** What is needed to take up a session again on another connection. Id 0 asks for a new one. */
export interface SessionTicket {
  readonly sessionId: bigint
  readonly password: Buffer
  readonly lastZxid: bigint
  readonly timeoutMs: number
}

export interface Credential {
  readonly scheme: string
  readonly id: string
}

/** Longer than any answer to a connect request; a longer one comes from something that is not ZooKeeper. */
const CONNECT_RESPONSE_BYTES_MAX = 1024

export function newTicket(timeoutMs: number): SessionTicket {
  return { sessionId: 0n, password: Buffer.alloc(16), lastZxid: 0n, timeoutMs }
}

export function encodeConnectRequest(ticket: SessionTicket): Buffer {
  return new JuteWriter()
    .int(0)
    .int(0)
    .long(ticket.lastZxid)
    .int(ticket.timeoutMs)
    .long(ticket.sessionId)
    .bytes(ticket.password)
    .patchFrameLength()
    .toBuffer()
}

/** Frame of an auth packet; its reply carries XID.auth and no body. */
export function encodeAuth(credential: Credential): Buffer {
  return new JuteWriter()
    .int(0)
    .int(XID.auth)
    .int(OP.auth)
    .int(0)
    .string(credential.scheme)
    .bytes(Buffer.from(credential.id, 'utf8'))
    .patchFrameLength()
    .toBuffer()
}

/**
 * Session handshake on a fresh socket. Throws NOT_SERVING when the server closes, stays silent or speaks something else,
 * and SESSION_EXPIRED when it does not know the session of the ticket any more.
 */
export async function shakeHands(
  socket: Socket,
  server: ServerAddress,
  ticket: SessionTicket,
  limit: { timeoutMs: number; signal?: AbortSignal },
): Promise<SessionTicket> {
  const [frame] = await exchange(socket, server, encodeConnectRequest(ticket), 1, limit)
  return decodeConnectResponse(frame ?? new JuteReader(Buffer.alloc(0)), server, ticket)
}

export function decodeConnectResponse(reader: JuteReader, server: ServerAddress, ticket: SessionTicket): SessionTicket {
  if (reader.remaining < 36 || reader.remaining > CONNECT_RESPONSE_BYTES_MAX) throw notZooKeeper(server)
  reader.int()
  const timeoutMs = reader.int()
  const sessionId = reader.long()
  const password = reader.bytes()
  if (password === null || password.length !== 16) throw notZooKeeper(server)
  if (timeoutMs <= 0 || sessionId === 0n) {
    throw new ZooKeeperError('SESSION_EXPIRED', `${formatServer(server)} does not know this session any more`, {
      remedy: 'connect again',
    })
  }
  return { sessionId, password, timeoutMs, lastZxid: ticket.lastZxid }
}

/** The credential of SASL, which is an exchange of its own, and those that go out in one packet each. */
export function splitCredentials(credentials: readonly Credential[]): { sasl: Credential | null; auth: Credential[] } {
  const sasl = credentials.filter(({ scheme }) => scheme === SASL_SCHEME)
  if (sasl.length > 1) {
    throw new ZooKeeperError('AUTH_FAILED', 'A session has one SASL identity at most', {
      remedy: 'give one pair of SASL credentials',
    })
  }
  if (sasl[0] && sasl[0].id.indexOf(':') <= 0) {
    throw new ZooKeeperError('AUTH_FAILED', 'SASL needs a user and a password', {
      remedy: 'give them as sasl:user:password; Kerberos is not supported',
    })
  }
  return { sasl: sasl[0] ?? null, auth: credentials.filter(({ scheme }) => scheme !== SASL_SCHEME) }
}

/** SASL on a connection whose session is open. Throws AUTH_FAILED. */
export async function authenticateBySasl(
  socket: Socket,
  server: ServerAddress,
  id: string,
  limit: { timeoutMs: number; signal?: AbortSignal },
): Promise<void> {
  const sasl = new SaslExchange(server, id)
  for (let request: Buffer | null = sasl.begin(); request !== null; ) {
    const [reply] = await exchange(socket, server, request, 1, limit)
    request = sasl.next(reply ?? new JuteReader(Buffer.alloc(0)))
  }
}

/** Sends every credential and waits until all are accepted. Throws AUTH_FAILED. */
export async function authenticate(
  socket: Socket,
  server: ServerAddress,
  credentials: readonly Credential[],
  limit: { timeoutMs: number; signal?: AbortSignal },
): Promise<void> {
  const { sasl, auth } = splitCredentials(credentials)
  if (sasl) await authenticateBySasl(socket, server, sasl.id, limit)
  if (auth.length === 0) return
  const request = Buffer.concat(auth.map(encodeAuth))
  const replies = await exchange(socket, server, request, auth.length, limit, auth)
  for (const reply of replies) checkAuthReply(reply, auth)
}

function checkAuthReply(reply: JuteReader, credentials: readonly Credential[]): void {
  const start = reply.position
  reply.int()
  reply.long()
  const err = reply.int()
  reply.position = start
  if (err !== 0) throw authFailed(credentials, err)
}

export function authFailed(credentials: readonly Credential[], err: number): ZooKeeperError {
  const schemes = [...new Set(credentials.map((credential) => credential.scheme))].join(', ')
  return new ZooKeeperError('AUTH_FAILED', `The server refused the credentials of scheme ${schemes}`, {
    remedy: 'check the scheme (digest is the usual one) and the credentials of this cluster',
    details: { serverError: err, reason: describeServerError(err) },
  })
}

export function notZooKeeper(server: ServerAddress): ZooKeeperError {
  return new ZooKeeperError('NOT_SERVING', `${formatServer(server)} does not answer as a ZooKeeper client port does`, {
    remedy: 'check that the port is the client port, and whether it expects TLS',
  })
}

/** `socket`: the one that was closed, which may know why. */
export function closedBeforeAnswer(server: ServerAddress, socket: Socket): ZooKeeperError {
  const fault = tlsFaultOf(socket)
  if (fault) return fault
  return new ZooKeeperError(
    'NOT_SERVING',
    `${formatServer(server)} accepted the connection and closed it without an answer`,
    {
      remedy:
        'check that the ensemble has a quorum, that the connection limit is not reached, and whether it expects TLS',
    },
  )
}

export function silentServer(server: ServerAddress, timeoutMs: number): ZooKeeperError {
  return new ZooKeeperError(
    'NOT_SERVING',
    `${formatServer(server)} accepted the connection but gave no answer within ${timeoutMs} ms`,
    { remedy: 'check whether the server hangs, and that the port is a ZooKeeper client port' },
  )
}

/** Writes the request and collects `count` frames. The socket is left without our listeners, paused. */
function exchange(
  socket: Socket,
  server: ServerAddress,
  request: Buffer,
  count: number,
  limit: { timeoutMs: number; signal?: AbortSignal },
  credentials?: readonly Credential[],
): Promise<JuteReader[]> {
  return new Promise((resolve, reject) => {
    const frames: JuteReader[] = []
    const splitter = new FrameSplitter((buffer, start, end) => {
      const frame = new JuteReader(buffer, start, end)
      if (credentials !== undefined) checkAuthReply(frame, credentials)
      frames.push(frame)
    })
    const settle = (finish: () => void) => {
      clearTimeout(timer)
      limit.signal?.removeEventListener('abort', onAbort)
      socket.off('data', onData)
      socket.off('close', onClose)
      socket.pause()
      finish()
    }
    const onData = (chunk: Buffer) => {
      try {
        splitter.push(chunk)
      } catch (error) {
        const malformed = error instanceof ZooKeeperError && error.code === 'REPLY_MALFORMED'
        settle(() => reject(malformed ? notZooKeeper(server) : error))
        return
      }
      if (frames.length >= count) settle(() => resolve(frames))
    }
    const onClose = () => settle(() => reject(closedBeforeAnswer(server, socket)))
    const onAbort = () =>
      settle(() => reject(new CancelledError(`Connecting to ${formatServer(server)} was cancelled`)))
    const timer = setTimeout(() => settle(() => reject(silentServer(server, limit.timeoutMs))), limit.timeoutMs)
    if (limit.signal?.aborted) return onAbort()
    if (socket.destroyed) return onClose()
    limit.signal?.addEventListener('abort', onAbort, { once: true })
    socket.on('data', onData)
    socket.on('close', onClose)
    socket.resume()
    socket.write(request)
  })
}
