import { randomUUID } from 'node:crypto'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { withLogFields } from '../../base/log-fields.ts'
import type { Log } from '../../services/context.ts'

export const REQUEST_ID_HEADER = 'x-request-id'
/** What may stand in a line of a log and in a header without any harm. */
const WELL_FORMED = /^[A-Za-z0-9._-]{8,64}$/

/** The name of a request in the log: a trusted proxy's own for it where it has one, else a new one. */
export function nameRequest(given: string | undefined, isTrusted: boolean): string {
  return isTrusted && given !== undefined && WELL_FORMED.test(given) ? given : randomUUID()
}

/** An address without what it is about: ids and names become `*`, and there is no query, in which secrets stand. */
export function routeOf(path: string): string {
  const segments = (path.split('?')[0] ?? '').split('/').slice(1)
  if (segments[0] === '_next') return '/_next/*'
  return `/${segments.map((segment) => (/^(?:v\d|[a-z][a-z-]{0,29}|)$/.test(segment) ? segment : '*')).join('/')}`
}

const PROBES = /\/(?:healthz|readyz|metrics)$/

/** Readings that went well are only of interest to whoever looks for something. */
function levelOf(method: string, route: string, status: number): 'debug' | 'info' | 'warn' {
  if (status >= 500) return 'warn'
  const isReading = method === 'GET' || method === 'HEAD'
  return (isReading && status < 400) || PROBES.test(route) ? 'debug' : 'info'
}

/**
 * Runs the answering of one request: all that is logged meanwhile has its id, and one line says how it ended. The request must have been
 * admitted or refused before, which gives it its id.
 */
export function followRequest(
  log: Log,
  { request, response, target }: { request: IncomingMessage; response: ServerResponse; target: string },
  work: () => Promise<void>,
): Promise<void> {
  const startedAt = performance.now()
  const id = request.headers[REQUEST_ID_HEADER]
  return withLogFields(typeof id === 'string' ? { requestId: id } : {}, () => {
    const method = request.method ?? ''
    const route = routeOf(target)
    const end = () => {
      const status = response.statusCode
      const fields = { method, route, status, ms: Math.round(performance.now() - startedAt) }
      const isCut = !response.writableFinished
      log[levelOf(method, route, status)](isCut ? { ...fields, cut: true } : fields, 'Request')
    }
    // What was refused may have gone out already.
    if (response.closed) end()
    else response.once('close', end)
    return work()
  })
}
