import type { Env } from './env.ts'

const LOOPBACK_NAMES = ['localhost', '127.0.0.1', '[::1]']

type Address = Pick<Env, 'host' | 'port' | 'publicUrl'>

/** The address that the product gives for itself. */
export function publicOrigin(env: Address): string {
  if (env.publicUrl !== null) return env.publicUrl
  return originOf(isWildcard(env.host) ? '127.0.0.1' : env.host, env.port)
}

/** True where nobody but the people of this host gets here. */
export function isOnlyThisHost(env: Pick<Address, 'host' | 'publicUrl'>): boolean {
  return isLoopback(env.host) && env.publicUrl === null
}

/**
 * What names of cookies begin with. Two installations on two ports of one host share the host's cookies, and the port keeps them apart; several
 * web processes of one installation, each on a port of its own behind one public address, must call them alike.
 */
export function cookieTag(env: Address): string {
  if (env.publicUrl === null) return `arkeeper-${env.port}`
  const { port, protocol } = new URL(env.publicUrl)
  return `arkeeper-${port || (protocol === 'https:' ? 443 : 80)}`
}

/**
 * Origins that may send a request with a cookie. Where the process listens on all addresses nobody can list them, so the name that
 * the browser itself used for the request counts as well: a page of another origin cannot set its Host header.
 */
export function trustedOrigins(env: Address, hostHeader: string | null): string[] {
  const origins = new Set<string>([publicOrigin(env)])
  if (isWildcard(env.host) || isLoopback(env.host)) {
    for (const name of LOOPBACK_NAMES) origins.add(originOf(name, env.port))
  }
  if (isWildcard(env.host) && env.publicUrl === null && hostHeader !== null && /^[\w.:[\]-]+$/.test(hostHeader)) {
    origins.add(`http://${hostHeader.toLowerCase()}`)
  }
  return [...origins]
}

/** True for a request that another site's page has sent. Clients that are no browser send no origin, and hold no cookie by accident. */
export function isForeignOrigin(env: Address, headers: Pick<Headers, 'get'>): boolean {
  const origin = headers.get('origin')
  return origin !== null && !trustedOrigins(env, headers.get('host')).includes(origin)
}

export function isWildcard(host: string): boolean {
  return host === '0.0.0.0' || host === '::' || host === '[::]'
}

export function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || host === '[::1]' || /^127(\.\d{1,3}){3}$/.test(host)
}

function originOf(host: string, port: number): string {
  const name = host.includes(':') && !host.startsWith('[') ? `[${host}]` : host
  return new URL(`http://${name}:${port}`).origin
}
