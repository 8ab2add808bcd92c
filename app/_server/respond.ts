import 'server-only'
import { getRuntime } from '@/lib/runtime/runtime.ts'
import { isForeignOrigin } from '@/lib/runtime/trusted-origins.ts'
import type { ServiceContext } from '@/lib/services/context.ts'
import { ServiceError } from '@/lib/services/errors.ts'
import { getContextOrThrow } from './actor.ts'
import { statusOf, toErrorView } from './error-response.ts'

const PRIVATE = { 'cache-control': 'private, no-store' }

/** Every route handler: our own pages only, a session, then the answer; an error becomes its status and an ErrorView as JSON. */
export async function respond(
  request: Request,
  answer: (context: ServiceContext) => Promise<Response>,
): Promise<Response> {
  try {
    await assertOwnOrigin(request)
    return await answer(await getContextOrThrow({ signal: request.signal }))
  } catch (error) {
    return Response.json(await toErrorView(error), { status: statusOf(error), headers: PRIVATE })
  }
}

/** A cookie goes along from every port and sibling name of this host, so a request that does more than read must come from our own pages. */
async function assertOwnOrigin(request: Request): Promise<void> {
  if (request.method === 'GET' || request.method === 'HEAD') return
  const { env } = await getRuntime()
  if (!isForeignOrigin(env, request.headers)) return
  throw new ServiceError('FORBIDDEN', 'This request comes from a page that is not Arkeeper', {
    unaffected: 'nothing was done',
    remedy: 'open Arkeeper at the address that it printed at its start, or set ARKEEPER_PUBLIC_URL to this one',
  })
}

/** The body as JSON; INVALID_INPUT for what is none. */
export async function readJson(request: Request): Promise<unknown> {
  const text = await request.text()
  try {
    return JSON.parse(text)
  } catch (cause) {
    throw new ServiceError('INVALID_INPUT', 'The body of the request is not JSON', {
      cause,
      unaffected: 'nothing was done',
    })
  }
}

export async function respondJson(
  request: Request,
  read: (context: ServiceContext) => Promise<unknown>,
): Promise<Response> {
  return respond(request, async (context) => Response.json(await read(context), { headers: PRIVATE }))
}

/** Headers of a file that the browser saves and never shows: its content is whatever somebody stored. */
export function downloadHeaders(file: { name: string; contentType?: string; bytes?: number }): Record<string, string> {
  const ascii = file.name.replace(/[^\w.-]+/g, '_')
  return {
    ...PRIVATE,
    'content-type': file.contentType ?? 'application/octet-stream',
    'content-disposition': `attachment; filename="${ascii}"; filename*=UTF-8''${encodeURIComponent(file.name)}`,
    'x-content-type-options': 'nosniff',
    ...(file.bytes === undefined ? {} : { 'content-length': String(file.bytes) }),
  }
}

/** Bytes as a body that is made as fast as it is read, and given up when the reader leaves. */
export function byteBody(pieces: AsyncIterable<Uint8Array>): ReadableStream<Uint8Array> {
  const iterator = pieces[Symbol.asyncIterator]()
  return new ReadableStream({
    async pull(controller) {
      const { done, value } = await iterator.next()
      if (done) controller.close()
      else controller.enqueue(value)
    },
    async cancel() {
      await iterator.return?.()
    },
  })
}

/** Text pieces as a body that is made as fast as it is read. The first piece is made before the answer begins, so that its errors have a status. */
export function textBody(pieces: AsyncIterable<string>): Promise<ReadableStream<Uint8Array>> {
  return pieceBody(pieces)
}

/** As above, of text or bytes. */
export async function pieceBody(pieces: AsyncIterable<string | Uint8Array>): Promise<ReadableStream<Uint8Array>> {
  const encoder = new TextEncoder()
  const iterator = pieces[Symbol.asyncIterator]()
  let next: IteratorResult<string | Uint8Array> | null = await iterator.next()
  return new ReadableStream({
    async pull(controller) {
      const result = next ?? (await iterator.next())
      next = null
      if (result.done) controller.close()
      else controller.enqueue(typeof result.value === 'string' ? encoder.encode(result.value) : result.value)
    },
    async cancel() {
      await iterator.return?.()
    },
  })
}
