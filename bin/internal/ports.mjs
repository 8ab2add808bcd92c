import { createServer } from 'node:net'

/** Null when a server of ours could listen there, or the system's code: EADDRINUSE, EACCES, EADDRNOTAVAIL, ENOTFOUND. */
export function whyNotFree(host, port) {
  return new Promise((resolve) => {
    const server = createServer()
    server.once('error', (error) => resolve(error.code ?? error.message))
    server.listen({ host, port, exclusive: true }, () => server.close(() => resolve(null)))
  })
}

/** The first free port from `first` on, below those that the system hands out to outgoing connections. */
export async function findFreePort(host, first) {
  for (let port = first; port < first + 1000; port++) if ((await whyNotFree(host, port)) === null) return port
  return null
}

/** How a browser on this machine names a server that listens on `host`. */
export function urlOf(host, port) {
  const name = host === '0.0.0.0' ? '127.0.0.1' : host === '::' ? '::1' : host
  return `http://${name.includes(':') ? `[${name}]` : name}:${port}`
}
