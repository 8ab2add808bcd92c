import { randomBytes } from 'node:crypto'
import type { IncomingMessage, Server, ServerResponse } from 'node:http'
import type { Env } from '../env.ts'
import { PROBES } from './probes.ts'
import { type Client, clientOf, isThroughProxy, PROXIED_HEADER } from './proxies.ts'
import { BODY_BYTES_MAX, isReading, isUpload, type Knock, type Refusal, refusalOf } from './refusal-of.ts'
import { nameRequest, REQUEST_ID_HEADER } from './request-log.ts'
import { mayBeKept, pagePolicy, responseHeaders } from './response-headers.ts'

export interface FrontLimits {
  /** For the headers, and again for a body that is not a file. */
  readonly requestMs: number
  /** Between two looks at an upload, in which at least `uploadBytesMin` must have come. */
  readonly stallMs: number
  readonly uploadBytesMin: number
  /** Of a connection on which nothing moves; event streams send a heartbeat every 15 s. */
  readonly idleMs: number
  readonly connectionsMax: number
}

export const FRONT_LIMITS: FrontLimits = {
  requestMs: 60_000,
  stallMs: 30_000,
  uploadBytesMin: 1024,
  idleMs: 300_000,
  connectionsMax: 2000,
}

type FrontEnv = Pick<Env, 'host' | 'port' | 'publicUrl' | 'basePath' | 'trustedProxies'>

/** What a client may not say of itself: it is said here, or Next.js would take it for its own. */
const NOT_FROM_OUTSIDE = /^(x-forwarded-|x-middleware-|x-arkeeper-|x-real-ip$|forwarded$|content-security-policy)/

/** The door of the web process. True when the request may go on, with headers that can be believed; otherwise it was answered here. */
export function createFront(env: FrontEnv, limits: FrontLimits = FRONT_LIMITS) {
  const publicHost = env.publicUrl === null ? null : new URL(env.publicUrl).host
  // Next.js hands an action on to the page that has it by asking this server again, with the headers that it was asked with.
  const pass = randomBytes(16).toString('hex')

  function admit(request: IncomingMessage, response: ServerResponse): boolean {
    const target = request.url ?? ''
    const path = pathOf(target)
    const isOurOwn = request.headers['x-arkeeper-pass'] === pass
    const client = whoAsks(request, isOurOwn)
    const https = env.publicUrl?.startsWith('https:') ?? client.secure
    const nonce = randomBytes(16).toString('base64')
    const isTrusted = isOurOwn || env.trustedProxies.holds(request.socket.remoteAddress ?? '')
    const requestId = nameRequest(textOf(request.headers[REQUEST_ID_HEADER]), isTrusted)
    request.headers[REQUEST_ID_HEADER] = requestId
    sayLast(response, path, { ...responseHeaders({ path, nonce, https }), [REQUEST_ID_HEADER]: requestId })
    const refusal = isOurOwn ? null : refusalOf(env, toKnock(request, target, path))
    if (refusal) return refuse(request, response, refusal)
    if (sendOn(request, response)) return false

    const isProxied = isOurOwn ? request.headers[PROXIED_HEADER] !== undefined : isThroughProxy(request)
    for (const name of Object.keys(request.headers)) if (NOT_FROM_OUTSIDE.test(name)) delete request.headers[name]
    // Next.js holds an action's Origin, which was judged above, against the host; behind a proxy that is not what the browser asked for.
    // Of a reading nobody has judged it: it may say anything.
    const isJudged = isOurOwn || !isReading(request.method ?? '')
    const origin = isJudged ? URL.parse(textOf(request.headers.origin) ?? '') : null
    const host = origin?.host || publicHost
    if (host !== null) request.headers.host = host
    request.headers['x-arkeeper-pass'] = pass
    if (isProxied) request.headers[PROXIED_HEADER] = '1'
    request.headers['x-forwarded-for'] = client.address
    request.headers['x-forwarded-proto'] = https ? 'https' : 'http'
    // Next.js gives its own scripts the nonce that it finds here.
    request.headers['content-security-policy'] = pagePolicy(nonce)
    // A signed-out deep link returns to where it pointed: pages do not see their own address otherwise.
    request.headers['x-arkeeper-path'] = target.slice(env.basePath.length) || '/'
    watchBody(request, path)
    return true
  }

  function whoAsks(request: IncomingMessage, isOurOwn: boolean): Client {
    const forwardedFor = textOf(request.headers['x-forwarded-for'])
    const forwardedProto = textOf(request.headers['x-forwarded-proto'])
    if (isOurOwn) return { address: forwardedFor ?? '', secure: forwardedProto === 'https' }
    return clientOf(env.trustedProxies, { peer: request.socket.remoteAddress, forwardedFor, forwardedProto })
  }

  function pathOf(target: string): string {
    const path = target.split('?')[0] ?? ''
    const isBelow = path === env.basePath || path.startsWith(`${env.basePath}/`)
    return isBelow ? path.slice(env.basePath.length) || '/' : path
  }

  /** Probes are asked for at the root by whoever knows no base path; whoever comes to the root otherwise is shown the way. */
  function sendOn(request: IncomingMessage, response: ServerResponse): boolean {
    if (env.basePath === '') return false
    const target = request.url ?? ''
    if (PROBES.includes(target)) request.url = env.basePath + target
    if (target !== '/') return false
    response.writeHead(307, { location: env.basePath }).end()
    return true
  }

  /** A body that never ends would hold a connection, and memory, for as long as its sender likes. */
  function watchBody(request: IncomingMessage, path: string): void {
    if (request.headers['content-length'] === undefined && request.headers['transfer-encoding'] === undefined) return
    const giveUp = () => request.socket.destroy()
    const isFile = isUpload(request.method ?? '', path)
    if (!isFile) countBody(request, giveUp)
    let seen = request.socket.bytesRead
    const timer = isFile
      ? setInterval(() => {
          const came = request.socket.bytesRead - seen
          seen += came
          // Bytes that wait here because the disk is slow are not the sender's fault.
          if (came < limits.uploadBytesMin && !request.complete && request.readableLength === 0) giveUp()
        }, limits.stallMs)
      : setTimeout(() => request.complete || giveUp(), limits.requestMs)
    timer.unref()
    request.once('close', () => clearTimeout(timer))
  }

  function guard(server: Server): void {
    server.headersTimeout = limits.requestMs
    // Node.js would end the upload of a large backup with it; `watchBody` looks at how it goes on instead.
    server.requestTimeout = 0
    server.setTimeout(limits.idleMs)
    server.maxConnections = limits.connectionsMax
    server.on('upgrade', (_request, socket) => socket.destroy())
  }

  return { admit, guard }
}

/** A body that does not say how long it is can only be counted as it comes. */
function countBody(request: IncomingMessage, giveUp: () => void): void {
  const push = request.push.bind(request)
  let bytes = 0
  request.push = (chunk, encoding) => {
    bytes += chunk?.length ?? 0
    if (bytes <= BODY_BYTES_MAX) return push(chunk, encoding)
    giveUp()
    return false
  }
}

/** Last, so that nothing that answers can leave them out or say otherwise. */
function sayLast(response: ServerResponse, path: string, headers: Record<string, string>): void {
  const writeHead = response.writeHead.bind(response)
  response.writeHead = ((...said: Parameters<typeof writeHead>) => {
    if (!response.headersSent) {
      for (const [name, value] of Object.entries(headers)) response.setHeader(name, value)
      if (!response.hasHeader('cache-control') && !mayBeKept(path)) response.setHeader('cache-control', 'no-store')
    }
    return writeHead(...said)
  }) as typeof response.writeHead
}

function refuse(request: IncomingMessage, response: ServerResponse, refusal: Refusal): false {
  // What follows on this connection could be the body of what was refused.
  response.writeHead(refusal.status, { 'content-type': 'application/json', connection: 'close' })
  response.end(JSON.stringify(refusal.view))
  request.resume()
  return false
}

function toKnock(request: IncomingMessage, target: string, path: string): Knock {
  const names = request.rawHeaders.filter((_, index) => index % 2 === 0).map((name) => name.toLowerCase())
  return {
    method: request.method ?? '',
    target,
    path,
    header: (name) => textOf(request.headers[name]),
    count: (wanted) => names.filter((name) => name === wanted).length,
  }
}

function textOf(value: string | string[] | undefined): string | undefined {
  return Array.isArray(value) ? value.join(', ') : value
}
