import 'server-only'
import { toErrorView } from './error-response.ts'

const HEARTBEAT_MS = 15_000

/**
 * Server-sent events: one `data` line of JSON an event, `event: open` first, `event: failure` with an ErrorView when the source ends by an error,
 * a comment as heartbeat. The source is given a signal that fires when the reader has gone.
 */
export function eventStream(request: Request, source: (signal: AbortSignal) => AsyncIterable<unknown>): Response {
  const stop = new AbortController()
  const encoder = new TextEncoder()
  if (request.signal.aborted) stop.abort()
  request.signal.addEventListener('abort', () => stop.abort(), { once: true })
  const body = new ReadableStream<Uint8Array>({
    async start(controller) {
      const send = (text: string) => {
        if (!stop.signal.aborted) controller.enqueue(encoder.encode(text))
      }
      const heartbeat = setInterval(() => send(': still here\n\n'), HEARTBEAT_MS)
      try {
        send('event: open\ndata: {}\n\n')
        for await (const event of source(stop.signal)) send(`data: ${JSON.stringify(event)}\n\n`)
        send('event: end\ndata: {}\n\n')
      } catch (error) {
        if (!stop.signal.aborted) send(`event: failure\ndata: ${JSON.stringify(await toErrorView(error))}\n\n`)
      } finally {
        clearInterval(heartbeat)
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
      'cache-control': 'no-cache, no-transform',
      'x-accel-buffering': 'no',
    },
  })
}
