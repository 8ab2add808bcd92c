// The web server. Not `next start`, because that ends every request body after five minutes, waits for open event streams when it is
// asked to stop, and answers whoever knocks. HOST, PORT and the rest of the environment are set by the starter.
import { createServer } from 'node:http'
import { pathToFileURL } from 'node:url'
import next from 'next'
import { urlOf } from './ports.mjs'
import { DIST_DIR, ROOT } from './project.mjs'

const STOP_TIMEOUT_MS = 3_000

const { createFront, createLog, followRequest, formatErrorLine, readEnv, readSingleSignOn } = await import(
  pathToFileURL(`${DIST_DIR}/front.mjs`).href
)
const env = readEnvOrExit()
const { host: hostname, port } = env

// When Next.js asks itself something, it asks here, and not whatever the Host header of a request names.
process.env.__NEXT_PRIVATE_ORIGIN = urlOf(hostname, port)
const app = next({ dev: false, dir: ROOT, hostname, port })
const handle = app.getRequestHandler()
await app.prepare()

const front = createFront(env)
const log = createLog({ level: env.logLevel, component: 'web' })
// One request that something here cannot deal with ends by itself, and not the process with everybody's.
const answer = async (request, response) => {
  // Before anything rewrites it.
  const target = request.url ?? ''
  const isAdmitted = front.admit(request, response)
  await followRequest(log, { request, response, target }, async () => {
    if (isAdmitted) await handle(request, response)
  })
}
const server = createServer((request, response) => {
  answer(request, response).catch((error) => {
    log.error({ requestId: request.headers['x-request-id'], err: error }, 'A request could not be answered')
    response.destroy()
  })
})
front.guard(server)
server.on('error', (error) => {
  process.stderr.write(`web: cannot listen on ${hostname}:${port}: ${error.message}\n`)
  process.exit(1)
})
server.listen(port, hostname)

function readEnvOrExit() {
  try {
    const env = readEnv()
    // Whoever could not sign in should learn it here, not from every page.
    readSingleSignOn(env.configFile, env.singleSignOn)
    return env
  } catch (error) {
    process.stderr.write(`web: ${formatErrorLine(error)}\n`)
    process.exit(1)
  }
}

let stopping = false
async function stop() {
  if (stopping) return
  stopping = true
  // /readyz, which is bundled elsewhere, says so from here on to whoever still has a connection.
  globalThis.arkeeperStopping = true
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
