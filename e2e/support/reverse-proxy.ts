import { once } from 'node:events'
import { createServer, request } from 'node:http'
import type { AddressInfo } from 'node:net'

export interface ReverseProxy {
  readonly origin: string
  /** Where it sends what it gets; may be told after it has begun to listen. */
  forwardTo(url: string): void
  stop(): Promise<void>
}

/** What stands in front of the product elsewhere: it hands everything on as it is, with the Host of the server behind and its word on whom it has seen. */
export async function startReverseProxy(seen: string): Promise<ReverseProxy> {
  let target: URL | null = null
  const server = createServer((incoming, outgoing) => {
    if (!target) return void outgoing.writeHead(502).end()
    const forwardedFor = [incoming.headers['x-forwarded-for'], seen].filter(Boolean).join(', ')
    const inner = request(
      {
        host: target.hostname,
        port: target.port,
        method: incoming.method,
        path: incoming.url,
        headers: { ...incoming.headers, host: target.host, 'x-forwarded-for': forwardedFor },
      },
      (answer) => {
        outgoing.writeHead(answer.statusCode ?? 502, answer.headers)
        answer.pipe(outgoing)
      },
    )
    inner.on('error', () => outgoing.destroy())
    outgoing.on('close', () => inner.destroy())
    incoming.pipe(inner)
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    origin: `http://localhost:${(server.address() as AddressInfo).port}`,
    forwardTo: (url) => {
      target = new URL(url)
    },
    stop: async () => {
      server.closeAllConnections()
      server.close()
      await once(server, 'close')
    },
  }
}
