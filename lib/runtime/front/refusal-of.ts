import type { Env } from '../env.ts'
import { cookieTag, isLoopback, isWildcard, publicOrigin, trustedOrigins } from '../trusted-origins.ts'
import { PROBES } from './probes.ts'

/** Why a request gets no further than the door: a status, and what every failed route answers. */
export interface Refusal {
  readonly status: 400 | 403 | 413 | 421
  readonly view: {
    readonly code: string
    readonly message: string
    readonly unaffected: string
    readonly remedy: string
  }
}

export interface Knock {
  readonly method: string
  /** As it stands in the request line. */
  readonly target: string
  /** Without query and base path. */
  readonly path: string
  readonly header: (name: string) => string | undefined
  /** How often a header stands there, which `header` does not tell. */
  readonly count: (name: string) => number
}

type Address = Pick<Env, 'host' | 'port' | 'publicUrl'>

const READS = ['GET', 'HEAD', 'OPTIONS']
/** A znode of a mebibyte in base64 with room to spare; files are streamed and have limits of their own. */
export const BODY_BYTES_MAX = 8 * 1_048_576

export function isReading(method: string): boolean {
  return READS.includes(method)
}

/** The body is a file: streamed, and bounded by the service that takes it. */
export function isUpload(method: string, path: string): boolean {
  return method === 'POST' && /^\/api\/(v1\/)?clusters\/[^/]+\/import$/.test(path)
}

/** The one place that every request passes, whatever will answer it: pages, actions, routes, signing in. Null lets it through. */
export function refusalOf(env: Address, knock: Knock): Refusal | null {
  return refuseShape(knock) ?? refuseHost(env, knock) ?? refuseForeign(env, knock) ?? refuseBody(knock)
}

function refuseShape({ target, count }: Knock): Refusal | null {
  // `//host` and `/\host` are other sites to a browser that is sent on; an absolute target is for proxies, which this is not.
  const path = target.split('?')[0] ?? ''
  if (/^\/(?![/\\])[^\\#\s]*$/.test(path) && !/^\/(%5c|%2f)/i.test(path) && isDecodable(path) && count('host') <= 1) {
    return null
  }
  return refuse(400, 'BAD_REQUEST', 'This is no address of a page of Arkeeper', 'open Arkeeper at its first page')
}

function isDecodable(path: string): boolean {
  try {
    decodeURIComponent(path)
    return !/%00/.test(path)
  } catch {
    return false
  }
}

/** Another name that leads here is somebody's trick: a page of theirs whose name was pointed at this address after it was loaded. */
function refuseHost(env: Address, { path, header }: Knock): Refusal | null {
  // Metrics are open to this host without a token: only what shows one, which no page of a stranger has, comes by another name.
  const isProbe = PROBES.includes(path) && (path !== '/metrics' || header('authorization') !== undefined)
  if (isProbe || isOwnHost(env, header('host') ?? '')) return null
  return refuse(
    421,
    'WRONG_HOST',
    'Arkeeper is not known by this name',
    'open it at the address that it printed at its start, or set ARKEEPER_PUBLIC_URL to this one',
  )
}

/** The name only: a tunnel may well lead here from another port. */
function isOwnHost(env: Address, host: string): boolean {
  if (!/^(\[[0-9a-f:.]+\]|[a-z0-9_.-]+)(:\d{1,5})?$/i.test(host)) return false
  const name = host.toLowerCase().replace(/:\d+$/, '')
  if (name === new URL(publicOrigin(env)).hostname) return true
  if (isLoopback(env.host) || isWildcard(env.host)) if (isLoopback(name)) return true
  // On all addresses it has as many names as the network gives it, until it is told the one that counts.
  return isWildcard(env.host) && env.publicUrl === null
}

/**
 * A cookie goes along from every port and sibling name of this host, so what does more than read must come from a page of ours:
 * by its Origin, or by Sec-Fetch-Site where a browser sends no Origin. With a session cookie one of them must be there.
 */
export function refuseForeign(env: Address, { method, path, header }: Knock): Refusal | null {
  const site = header('sec-fetch-site')
  const isOurs = site === undefined || site === 'same-origin' || site === 'none'
  if (isReading(method)) {
    // A link to a page or a file may stand anywhere; data as part of somebody's page may not.
    return isOurs || !path.startsWith('/api/') || header('sec-fetch-mode') === 'navigate' ? null : foreign()
  }
  const origin = header('origin')
  if (origin !== undefined) return trustedOrigins(env, header('host') ?? null).includes(origin) ? null : foreign()
  if (!isOurs) return foreign()
  const hasSession = (header('cookie') ?? '').includes(`${cookieTag(env)}.`)
  return site === undefined && hasSession && header('authorization') === undefined ? foreign() : null
}

function foreign(): Refusal {
  return refuse(
    403,
    'FORBIDDEN',
    'This request comes from a page that is not Arkeeper',
    'open Arkeeper at the address that it printed at its start, or set ARKEEPER_PUBLIC_URL to this one',
  )
}

function refuseBody({ method, path, header }: Knock): Refusal | null {
  if (isUpload(method, path) || Number(header('content-length') ?? 0) <= BODY_BYTES_MAX) return null
  return refuse(413, 'TOO_LARGE', 'The request is larger than 8 MiB', 'send less at once')
}

function refuse(status: Refusal['status'], code: string, message: string, remedy: string): Refusal {
  return { status, view: { code, message, unaffected: 'nothing was done', remedy } }
}
