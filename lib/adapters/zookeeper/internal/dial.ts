import { connect, isIP, type Socket } from 'node:net'
import { CancelledError } from '../../../base/errors.ts'
import { formatServer, type ServerAddress } from '../connect-string.ts'
import { ZooKeeperError, type ZooKeeperErrorCode } from '../errors.ts'
import { secure, type WireTls } from './tls.ts'

/** A connection that is ready for ZooKeeper's protocol: TCP, and TLS where it is on. Throws what `dial` and `secure` throw. */
export async function reach(server: ServerAddress, tls: WireTls | null, options: DialOptions): Promise<Socket> {
  const startedAt = Date.now()
  const socket = await dial(server, options)
  if (tls === null) return socket
  const timeoutMs = Math.max(1, options.timeoutMs - (Date.now() - startedAt))
  return secure(socket, server, tls, { timeoutMs, signal: options.signal })
}

export interface DialOptions {
  readonly timeoutMs: number
  readonly signal?: AbortSignal
}

/**
 * Name resolution and TCP connect, all addresses of the host included. Throws RESOLVE_FAILED, CONNECT_REFUSED or CONNECT_TIMEOUT.
 * The socket comes without listeners but one for errors; it is paused until a data listener is attached.
 */
export function dial(server: ServerAddress, options: DialOptions): Promise<Socket> {
  return new Promise((resolve, reject) => {
    if (options.signal?.aborted) {
      reject(new CancelledError(`Connecting to ${formatServer(server)} was cancelled`))
      return
    }
    let resolved = isIP(server.host) !== 0
    const socket = connect({ host: server.host, port: server.port, noDelay: true })
    const settle = (finish: () => void) => {
      clearTimeout(timer)
      options.signal?.removeEventListener('abort', onAbort)
      socket.removeAllListeners()
      // Errors of a socket that nobody uses any more must not become uncaught exceptions; users add their own listeners.
      socket.on('error', ignoreSocketError)
      finish()
    }
    const fail = (error: Error) =>
      settle(() => {
        socket.destroy()
        reject(error)
      })
    const onAbort = () => fail(new CancelledError(`Connecting to ${formatServer(server)} was cancelled`))
    const timer = setTimeout(() => fail(timedOut(server, resolved, options.timeoutMs)), options.timeoutMs)
    options.signal?.addEventListener('abort', onAbort, { once: true })
    socket.on('lookup', (error) => {
      if (!error) resolved = true
    })
    socket.once('connect', () => settle(() => resolve(socket)))
    socket.once('error', (error) => fail(toDialError(server, error, resolved)))
  })
}

function ignoreSocketError(): void {
  // The close event that follows every error is what is acted on.
}

function timedOut(server: ServerAddress, resolved: boolean, timeoutMs: number): ZooKeeperError {
  return resolved
    ? new ZooKeeperError(
        'CONNECT_TIMEOUT',
        `${formatServer(server)} did not accept a connection within ${timeoutMs} ms`,
        {
          remedy: 'check the address, and that no firewall drops packets to this port',
        },
      )
    : new ZooKeeperError('RESOLVE_FAILED', `The name ${server.host} was not resolved within ${timeoutMs} ms`, {
        remedy: 'check the name and the DNS servers of this host',
      })
}

const RESOLVE_ERRORS = new Set(['ENOTFOUND', 'EAI_AGAIN', 'EAI_FAIL', 'EAI_NONAME', 'EAI_NODATA', 'ENODATA'])

function toDialError(server: ServerAddress, error: Error, resolved: boolean): ZooKeeperError {
  const code = errorCodeOf(error)
  const address = formatServer(server)
  const known = (name: ZooKeeperErrorCode, message: string, remedy: string) =>
    new ZooKeeperError(name, message, { remedy, cause: error, details: { systemError: code } })
  if (RESOLVE_ERRORS.has(code) || (!resolved && code.startsWith('EAI_'))) {
    return known('RESOLVE_FAILED', `The name ${server.host} has no address (${code})`, 'check the spelling of the name')
  }
  if (code === 'ECONNREFUSED') {
    return known(
      'CONNECT_REFUSED',
      `${address} refused the connection`,
      'check that ZooKeeper runs there and that the port is its client port',
    )
  }
  if (code === 'ECONNRESET') {
    return known('NOT_SERVING', `${address} closed the connection at once`, 'check that it is a ZooKeeper client port')
  }
  return known('CONNECT_TIMEOUT', `${address} cannot be reached (${code})`, 'check the network between here and there')
}

/** Code of a system error; of the first one where several addresses were tried. */
function errorCodeOf(error: Error): string {
  if ('code' in error && typeof error.code === 'string') return error.code
  if (error instanceof AggregateError) {
    for (const inner of error.errors) if (inner instanceof Error) return errorCodeOf(inner)
  }
  return error.name
}

export interface ServerFailure {
  readonly server: ServerAddress
  readonly error: Error
}

/** From the most telling to the least: what a cluster says weighs more than that some server is away. */
const BY_WEIGHT: readonly string[] = [
  'AUTH_FAILED',
  'SESSION_EXPIRED',
  'TLS_CLIENT_CERTIFICATE',
  'TLS_EXPIRED',
  'TLS_NAME_MISMATCH',
  'TLS_UNTRUSTED',
  'TLS_FAILED',
  'TLS_NOT_OFFERED',
  'NOT_SERVING',
  'CONNECT_TIMEOUT',
  'CONNECT_REFUSED',
  'RESOLVE_FAILED',
]

/** One error for a whole round over the servers; the message names each server's cause. */
export function summarizeFailures(failures: readonly ServerFailure[]): ZooKeeperError {
  const known = failures.map((failure) => ({ server: formatServer(failure.server), error: failure.error }))
  const weightOf = (error: Error) => {
    const weight = error instanceof ZooKeeperError ? BY_WEIGHT.indexOf(error.code) : -1
    return weight === -1 ? BY_WEIGHT.length : weight
  }
  const first = known.toSorted((a, b) => weightOf(a.error) - weightOf(b.error))[0]
  const cause = first?.error
  if (known.length === 1 && cause instanceof ZooKeeperError) return cause
  const code = cause instanceof ZooKeeperError ? cause.code : 'CONNECT_TIMEOUT'
  const list = known.map((failure) => failure.error.message).join('; ')
  return new ZooKeeperError(code, `None of the ${known.length} servers can be used: ${list}`, {
    cause,
    remedy: cause instanceof ZooKeeperError ? cause.remedy : undefined,
    details: {
      servers: known.map((failure) => ({
        server: failure.server,
        code: failure.error instanceof ZooKeeperError ? failure.error.code : 'OTHER',
        message: failure.error.message,
      })),
    },
  })
}
