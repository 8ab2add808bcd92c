import 'server-only'
import { addressOf } from '@/lib/runtime/request-address.ts'
import { getRuntime } from '@/lib/runtime/runtime.ts'
import { findOperation, methodsOf } from '@/lib/services/api/contract.ts'
import type { Stream } from '@/lib/services/api/handler.ts'
import { runOperation } from '@/lib/services/api/run-operation.ts'
import type { Actor } from '@/lib/services/context.ts'
import { ServiceError } from '@/lib/services/errors.ts'
import { findTokenActor, tokenRefused } from '@/lib/services/tokens/find-token-actor.ts'
import { statusOf, toErrorView } from './error-response.ts'
import { downloadHeaders, pieceBody } from './respond.ts'

const PRIVATE = { 'cache-control': 'private, no-store' }
const BODY_BYTES_MAX = 4 * 1024 * 1024

/**
 * A request to /api/v1. By token only: a cookie, which a browser sends along by itself, opens nothing here, so that no page of anybody
 * else can ride on one.
 */
export async function respondApi(request: Request, segments: readonly string[]): Promise<Response> {
  try {
    const actor = await getTokenActor(request)
    const found = findOperation(request.method, segments)
    if (!found) return refuseAddress(segments)
    const context = (await getRuntime()).contextFor(actor, { signal: request.signal })
    const answer = await runOperation(context, {
      id: found.id,
      params: found.params,
      query: readQuery(request),
      body: found.operation.body === null ? undefined : await readBody(request),
      idempotencyKey: request.headers.get('idempotency-key'),
    })
    if (answer.kind === 'none') return new Response(null, { status: answer.status, headers: PRIVATE })
    if (answer.kind === 'stream') return await toStreamResponse(answer.stream, answer.status)
    const headers = { ...PRIVATE, ...(answer.isRepeated ? { 'idempotent-replayed': 'true' } : {}) }
    return Response.json(answer.body, { status: answer.status, headers })
  } catch (error) {
    return problemResponse(error)
  }
}

async function getTokenActor(request: Request): Promise<Actor> {
  const token = /^Bearer +(\S+)$/i.exec(request.headers.get('authorization') ?? '')?.[1]
  if (token === undefined) throw tokenRefused()
  const { db, clock } = await getRuntime()
  return findTokenActor({ db, clock }, token, addressOf(request.headers))
}

async function problemResponse(error: unknown, status = statusOf(error), headers = {}): Promise<Response> {
  const { code, message, unaffected = null, remedy = null, fields, id } = await toErrorView(error)
  return Response.json(
    { code, message, unaffected, remedy, fields, id },
    { status, headers: { ...PRIVATE, ...headers, ...(status === 401 ? { 'www-authenticate': 'Bearer' } : {}) } },
  )
}

function refuseAddress(segments: readonly string[]): Promise<Response> {
  const methods = methodsOf(segments)
  const remedy = 'see /api/v1/openapi.json for what there is'
  if (methods.length === 0) {
    return problemResponse(new ServiceError('NOT_FOUND', 'The API has no such address', { remedy }))
  }
  const message = `This address takes ${methods.join(' and ')}`
  return problemResponse(new ServiceError('INVALID_INPUT', message, { remedy }), 405, { allow: methods.join(', ') })
}

function readQuery(request: Request): Record<string, string> {
  const query: Record<string, string> = {}
  for (const [name, value] of new URL(request.url).searchParams) {
    if (Object.hasOwn(query, name)) throw new ServiceError('INVALID_INPUT', `${name} is given more than once`)
    query[name] = value
  }
  return query
}

async function readBody(request: Request): Promise<unknown> {
  const pieces: Uint8Array[] = []
  let bytes = 0
  for await (const piece of request.body ?? []) {
    bytes += piece.length
    if (bytes > BODY_BYTES_MAX) throw new ServiceError('INVALID_INPUT', 'The body is larger than 4 MiB')
    pieces.push(piece)
  }
  if (bytes === 0) return undefined
  try {
    return JSON.parse(Buffer.concat(pieces).toString('utf8'))
  } catch {
    throw new ServiceError('INVALID_INPUT', 'The body is not JSON', { unaffected: 'nothing was changed' })
  }
}

async function toStreamResponse(stream: Stream, status: number): Promise<Response> {
  return new Response(await pieceBody(stream.pieces), { status, headers: downloadHeaders(stream) })
}
