// The web server. Not `next start`, because that ends every request body after five minutes, and waits for open event streams when it is
// asked to stop. HOST and PORT are set by the starter.
import { createServer } from 'node:http'
import next from 'next'
import { ROOT } from './project.mjs'

const HEADERS_TIMEOUT_MS = 60_000
const STOP_TIMEOUT_MS = 3_000

const hostname = process.env.HOST ?? '127.0.0.1'
const port = Number(process.env.PORT ?? 3000)

const app = next({ dev: false, dir: ROOT, hostname, port })
const handle = app.getRequestHandler()
await app.prepare()

const server = createServer((request, response) => {
  // A signed-out deep link returns to where it pointed: pages do not see their own address otherwise. What a client sends is overwritten.
  request.headers['x-arkeeper-path'] = request.url ?? '/'
  handle(request, response).catch((error) => {
    process.stderr.write(`web: ${request.method} ${request.url?.split('?')[0]}: ${error?.stack ?? error}\n`)
    response.destroy()
  })
})
server.requestTimeout = 0
server.headersTimeout = HEADERS_TIMEOUT_MS
server.on('upgrade', (_request, socket) => socket.destroy())
server.on('error', (error) => {
  process.stderr.write(`web: cannot listen on ${hostname}:${port}: ${error.message}\n`)
  process.exit(1)
})
server.listen(port, hostname)

let stopping = false
async function stop() {
  if (stopping) return
  stopping = true
  setTimeout(() => process.exit(0), STOP_TIMEOUT_MS).unref()
  const closed = new Promise((resolve) => server.close(resolve))
  // Event streams have no end of their own.
  setTimeout(() => server.closeAllConnections(), 500).unref()
  server.closeIdleConnections()
  await closed
  process.exit(0)
}
process.on('SIGTERM', stop)
process.on('SIGINT', stop)
