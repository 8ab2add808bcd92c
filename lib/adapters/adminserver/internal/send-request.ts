import { type ClientRequest, request as httpRequest, type IncomingMessage, type RequestOptions } from 'node:http'
import { request as httpsRequest } from 'node:https'
import { pipeline } from 'node:stream/promises'
import { CancelledError } from '../../../base/errors.ts'
import { explainTlsFault, findTlsFault } from '../../../base/tls-fault.ts'
import type { AdminTarget } from '../admin-server.ts'
import { AdminServerError } from '../errors.ts'

export interface AdminRequest {
  readonly target: AdminTarget
  readonly command: string
  readonly query?: string
  readonly method: 'GET' | 'POST'
  readonly body?: { readonly bytes: number; readonly chunks: AsyncIterable<Uint8Array> }
  /** Until the head of the answer is there. */
  readonly timeoutMs: number
  readonly signal?: AbortSignal
}

/** Sends one request on a connection of its own and gives the answer's head; its body is still to be read. Redirects are not followed. */
export function sendRequest(input: AdminRequest): Promise<IncomingMessage> {
  const { target, signal } = input
  const url = commandUrl(target.url, input.command, input.query)
  const what = `The AdminServer at ${url.host}`
  const headers: Record<string, string> = { connection: 'close', accept: '*/*' }
  const authorization = authorizationOf(target)
  if (authorization !== null) headers.authorization = authorization
  if (input.body) {
    headers['content-length'] = String(input.body.bytes)
    headers['content-type'] = 'application/octet-stream'
  }
  const options: RequestOptions = { method: input.method, headers, agent: false }
  return new Promise<IncomingMessage>((resolve, reject) => {
    const request = open(url, options, target)
    let settled = false
    const settle = (finish: () => void) => {
      // An upload that is refused half-way ends twice: by the answer, which counts, and by the broken pipe behind it.
      if (settled) return
      settled = true
      clearTimeout(timer)
      signal?.removeEventListener('abort', onAbort)
      finish()
    }
    const fail = (error: Error) =>
      settle(() => {
        request.destroy()
        reject(error)
      })
    const onAbort = () => fail(new CancelledError(`Asking the AdminServer at ${url.host} was cancelled`))
    const timer = setTimeout(() => fail(silence(what, input.timeoutMs)), input.timeoutMs)
    if (signal?.aborted) return onAbort()
    signal?.addEventListener('abort', onAbort, { once: true })
    request.once('error', (error) => fail(toAdminError(error, what, Boolean(target.tls?.cert))))
    request.once('response', (response) => settle(() => resolve(response)))
    if (!input.body) request.end()
    // What fails while sending is told by the request itself, with its cause; a refused upload still has an answer to read.
    else pipeline(input.body.chunks, request).catch((error: unknown) => fail(toAdminError(error, what)))
  })
}

/** Reads the body as text. Bounded: an answer of a command is small, but a tree of a million ephemerals has a long `dump`. */
export async function readText(
  response: IncomingMessage,
  limits: { readonly what: string; readonly bytesMax: number; readonly timeoutMs: number },
): Promise<string> {
  const timer = setTimeout(() => response.destroy(silence(limits.what, limits.timeoutMs)), limits.timeoutMs)
  const chunks: Buffer[] = []
  let bytes = 0
  try {
    for await (const chunk of response) {
      bytes += chunk.length
      if (bytes > limits.bytesMax) {
        throw new AdminServerError('ADMIN_MALFORMED', `${limits.what} answered with more than ${limits.bytesMax} bytes`)
      }
      chunks.push(chunk)
    }
    return Buffer.concat(chunks).toString('utf8')
  } catch (error) {
    throw toAdminError(error, limits.what)
  } finally {
    clearTimeout(timer)
    response.destroy()
  }
}

/** `http://host:8080` → its command's address. Throws ADMIN_BAD_URL; a path in front of `/commands` is kept, for proxies. */
export function commandUrl(base: string, command: string, query = ''): URL {
  const url = parseAdminUrl(base)
  url.pathname = `${url.pathname.replace(/\/+$/, '').replace(/\/commands$/, '')}/commands/${command}`
  url.search = query
  return url
}

/** Throws ADMIN_BAD_URL for what is no http or https address, and for one that carries credentials. */
export function parseAdminUrl(text: string): URL {
  const url = URL.canParse(text) ? new URL(text) : null
  const fault =
    url === null || (url.protocol !== 'http:' && url.protocol !== 'https:')
      ? 'is not an http or https address'
      : url.username !== '' || url.password !== ''
        ? 'carries credentials, which belong into their own fields'
        : null
  if (url === null || fault !== null) {
    throw new AdminServerError('ADMIN_BAD_URL', `The AdminServer's address ${fault ?? 'is wrong'}`, {
      remedy: 'give it as http://host:8080 or https://host:8080',
    })
  }
  url.hash = ''
  return url
}

function open(url: URL, options: RequestOptions, target: AdminTarget): ClientRequest {
  if (url.protocol === 'http:') return httpRequest(url, options)
  const { ca, cert, key } = target.tls ?? {}
  return httpsRequest(url, {
    ...options,
    ca: ca ?? undefined,
    cert: cert ?? undefined,
    key: key ?? undefined,
    minVersion: 'TLSv1.2',
  })
}

function authorizationOf({ auth }: AdminTarget): string | null {
  if (!auth) return null
  return auth.scheme === 'digest' ? `digest ${auth.id}` : auth.scheme
}

export function silence(what: string, timeoutMs: number): AdminServerError {
  return new AdminServerError('ADMIN_TIMEOUT', `${what} gave no answer within ${timeoutMs} ms`, {
    remedy: 'check firewalls between this machine and the server, and that the server is not overloaded',
    details: { timeoutMs },
  })
}

/** `hasCertificate`: whether we have a client certificate to show. */
export function toAdminError(error: unknown, what: string, hasCertificate = false): Error {
  if (error instanceof AdminServerError || error instanceof CancelledError) return error
  const code = error instanceof Error && 'code' in error ? String(error.code) : ''
  const message = error instanceof Error ? error.message : String(error)
  const fault = findTlsFault(error)
  if (fault !== null && error instanceof Error) {
    const plainPort = 'https is for admin.portUnification or admin.forceHttps; else the address begins with http'
    const told = explainTlsFault(fault, { who: what, error, hasClientCertificate: hasCertificate, plainPort })
    return new AdminServerError('ADMIN_TLS', told.message, { remedy: told.remedy, cause: error, details: { fault } })
  }
  const remedy =
    code === 'ENOTFOUND' || code === 'EAI_AGAIN'
      ? 'check the spelling of the host and the DNS of this machine'
      : 'check that admin.enableServer is not false, and the address and port (admin.serverPort, 8080 by default)'
  return new AdminServerError('ADMIN_UNREACHABLE', `${what} cannot be reached: ${message || code}`, {
    remedy,
    cause: error,
  })
}
