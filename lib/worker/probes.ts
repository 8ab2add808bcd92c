import { once } from 'node:events'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { formatErrorLine } from '../base/errors.ts'
import { isThroughProxy } from '../runtime/front/proxies.ts'
import { type Readiness, readReadiness } from '../runtime/readiness.ts'
import type { Runtime } from '../runtime/runtime.ts'
import { isLoopback, isOnlyThisHost } from '../runtime/trusted-origins.ts'
import { ServiceError } from '../services/errors.ts'
import { collectMetrics } from '../services/metrics/collect-metrics.ts'
import { findMetricsActor } from '../services/metrics/find-metrics-actor.ts'

const REQUEST_MS = 10_000
const CONNECTIONS_MAX = 50

export interface Probes {
  /** Null: nobody listens. */
  readonly port: number | null
  close(): Promise<void>
}

/**
 * Where a worker answers an orchestrator and a scraper, as the web process does. A port that is taken (several workers of one host) keeps no
 * worker from its work: the first one has it.
 */
export async function startProbes(
  runtime: Pick<Runtime, 'db' | 'log' | 'clock' | 'contextFor' | 'env'>,
): Promise<Probes> {
  const { env, log } = runtime
  if (env.workerListener === null) return { port: null, close: async () => undefined }
  const { host, port } = env.workerListener
  const server = createServer((request, response) => {
    answer(runtime, request, response).catch((error: unknown) => {
      log.error({ error: formatErrorLine(error) }, 'A probe could not be answered')
      response.destroy()
    })
  })
  server.headersTimeout = REQUEST_MS
  server.requestTimeout = REQUEST_MS
  server.maxConnections = CONNECTIONS_MAX
  try {
    server.listen(port, host)
    await once(server, 'listening')
  } catch (error) {
    log.warn({ host, port, error: formatErrorLine(error) }, 'This worker answers no probes: it cannot listen there')
    return { port: null, close: async () => undefined }
  }
  const address = server.address() as AddressInfo
  log.info({ host, port: address.port }, 'Probes are answered')
  return { port: address.port, close: () => close(server) }
}

async function answer(
  runtime: Pick<Runtime, 'db' | 'clock' | 'contextFor' | 'env'>,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  request.resume()
  if (request.method !== 'GET' && request.method !== 'HEAD') return sendJson(response, 405, { status: 'get-only' })
  switch (request.url?.split('?')[0]) {
    case '/healthz':
      return sendJson(response, 200, { status: 'ok' })
    case '/readyz': {
      const readiness: Readiness = await readReadiness(async () => runtime, { worker: false })
      return sendJson(response, readiness.status === 'ready' ? 200 : 503, readiness)
    }
    case '/metrics':
      return sendMetrics(runtime, request, response)
    default:
      return sendJson(response, 404, { status: 'not-found' })
  }
}

async function sendMetrics(
  { db, clock, env, contextFor }: Pick<Runtime, 'db' | 'clock' | 'contextFor' | 'env'>,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  try {
    const authorization = request.headers.authorization ?? null
    const ip = request.socket.remoteAddress ?? null
    const { metricsToken, publicUrl, workerListener } = env
    // By its own name: a page of a stranger whose name was pointed at this host comes by that one.
    const isOwnName = isLoopback((request.headers.host ?? '').toLowerCase().replace(/:\d+$/, ''))
    const isDirect = isOwnName && !isThroughProxy(request)
    const onlyThisHost = isDirect && isOnlyThisHost({ host: workerListener?.host ?? '', publicUrl })
    const actor = await findMetricsActor({ db, clock }, { authorization, metricsToken, ip, onlyThisHost })
    const text = await collectMetrics(contextFor(actor))
    response.writeHead(200, { 'content-type': 'text/plain; version=0.0.4; charset=utf-8', 'cache-control': 'no-store' })
    response.end(text)
  } catch (error) {
    if (!(error instanceof ServiceError)) throw error
    const { code, message } = error
    sendJson(response, code === 'FORBIDDEN' ? 403 : 401, { code, message })
  }
}

function sendJson(response: ServerResponse, status: number, body: object): void {
  response.writeHead(status, { 'content-type': 'application/json', 'cache-control': 'no-store' })
  response.end(JSON.stringify(body))
}

async function close(server: Server): Promise<void> {
  const closed = once(server, 'close')
  server.close()
  server.closeAllConnections()
  await closed
}
