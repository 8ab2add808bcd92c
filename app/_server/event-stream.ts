import 'server-only'
import { formatErrorLine } from '@/lib/base/errors.ts'
import { getRuntime } from '@/lib/runtime/runtime.ts'
import type { Actor } from '@/lib/services/context.ts'
import { ServiceError } from '@/lib/services/errors.ts'
import { findActorAgain, getActor, signedOut } from './actor.ts'
import { toErrorView } from './error-response.ts'

const HEARTBEAT_MS = 15_000
const SESSION_CHECK_MS = 5_000

/**
 * Server-sent events: one `data` line of JSON an event, `event: open` first, `event: failure` with an ErrorView when the source ends by an error,
 * a comment as heartbeat. The source is given a signal that fires when the reader has gone, or whose session has ended.
 */
export function eventStream(request: Request, source: (signal: AbortSignal) => AsyncIterable<unknown>): Response {
  const stop = new AbortController()
  const signOut = new AbortController()
  const encoder = new TextEncoder()
  const begunBy = getActor()
  if (request.signal.aborted) stop.abort()
  request.signal.addEventListener('abort', () => stop.abort(), { once: true })
  const body = new ReadableStream<Uint8Array>({
    async start(controller) {
      const send = (text: string) => {
        if (!stop.signal.aborted) controller.enqueue(encoder.encode(text))
      }
      const heartbeat = setInterval(() => send(': still here\n\n'), HEARTBEAT_MS)
      const sessionCheck = setInterval(() => {
        endWhenOthersMayRead(request, begunBy, signOut).catch(warnOfCheck)
      }, SESSION_CHECK_MS)
      try {
        send('event: open\ndata: {}\n\n')
        const signal = AbortSignal.any([stop.signal, signOut.signal])
        for await (const event of source(signal)) send(`data: ${JSON.stringify(event)}\n\n`)
        signOut.signal.throwIfAborted()
        send('event: end\ndata: {}\n\n')
      } catch (error) {
        const cause = signOut.signal.aborted ? signOut.signal.reason : error
        if (!stop.signal.aborted) send(`event: failure\ndata: ${JSON.stringify(await toErrorView(cause))}\n\n`)
      } finally {
        clearInterval(heartbeat)
        clearInterval(sessionCheck)
        if (!stop.signal.aborted) controller.close()
      }
    },
    cancel() {
      stop.abort()
    },
  })
  return new Response(body, {
    headers: {
      'content-type': 'text/event-stream',
      'cache-control': 'private, no-store, no-transform',
      'x-accel-buffering': 'no',
    },
  })
}

/**
 * A stream outlives the request that it was allowed to: whose session has ended since, or who was deactivated, reads no further. With
 * other roles it is to be asked for anew.
 */
async function endWhenOthersMayRead(
  request: Request,
  begunBy: Promise<Actor | null>,
  signOut: AbortController,
): Promise<void> {
  const now = await findActorAgain(request.headers)
  if (now === null) signOut.abort(signedOut())
  else if (rolesOf(now) !== rolesOf(await begunBy)) signOut.abort(rolesChanged())
}

function rolesOf(actor: Actor | null): string {
  const { role, clusterRoles = {} } = actor ?? {}
  return JSON.stringify([role, Object.entries(clusterRoles).sort(([a], [b]) => (a < b ? -1 : 1))])
}

function rolesChanged(): ServiceError {
  return new ServiceError('FORBIDDEN', 'Your roles were changed', { remedy: 'load the page again' })
}

async function warnOfCheck(error: unknown): Promise<void> {
  const { log } = await getRuntime()
  log.warn({ error: formatErrorLine(error) }, 'Whether the reader of a stream is still signed in could not be asked')
}
