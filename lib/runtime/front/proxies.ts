import type { IncomingMessage } from 'node:http'
import { BlockList, isIP } from 'node:net'

/** Addresses of proxies whose word on where a request comes from is taken. */
export interface ProxyList {
  holds(address: string): boolean
}

export interface Client {
  readonly address: string
  readonly secure: boolean
}

/** Addresses and ranges (`10.0.0.0/8`), separated by commas or spaces. Null for what is none. */
export function parseProxies(text: string): ProxyList | null {
  const list = new BlockList()
  for (const word of text.split(/[\s,]+/).filter(Boolean)) {
    const [, address = '', bits] = /^([^/]+)(?:\/(\d{1,3}))?$/.exec(word) ?? []
    const family = isIP(address)
    if (family === 0 || address.includes('%')) return null
    const kind = family === 4 ? 'ipv4' : 'ipv6'
    if (bits === undefined) list.addAddress(address, kind)
    else if (Number(bits) > (family === 4 ? 32 : 128)) return null
    else list.addSubnet(address, Number(bits), kind)
  }
  return { holds: (address) => isIP(address) !== 0 && list.check(address, isIP(address) === 4 ? 'ipv4' : 'ipv6') }
}

/**
 * Who has sent a request. `X-Forwarded-For` is read from its end, where the nearest proxy has written, as long as the one who wrote is
 * trusted: what stands in front of that a client can have made up.
 */
export function clientOf(
  proxies: ProxyList,
  request: { peer: string | undefined; forwardedFor: string | undefined; forwardedProto: string | undefined },
): Client {
  let address = plainAddress(request.peer ?? '') ?? '0.0.0.0'
  if (!proxies.holds(address)) return { address, secure: false }
  const secure = request.forwardedProto?.split(',').at(-1)?.trim().toLowerCase() === 'https'
  for (const hop of (request.forwardedFor ?? '').split(',').reverse()) {
    const next = plainAddress(hop.trim())
    if (next === null) break
    address = next
    if (!proxies.holds(next)) break
  }
  return { address, secure }
}

const OF_PROXIES = /^(x-forwarded(-|$)|forwarded$|via$|x-real-ip$)/
/** Set by the door for what stands behind it. */
export const PROXIED_HEADER = 'x-arkeeper-proxied'

/**
 * Whether a request shows that somebody has handed it on: by what proxies add, trusted or not, or by the HTTP/1.0 that nginx speaks unless told
 * otherwise. Such a one may come from anywhere, however near its connection begins.
 */
export function isThroughProxy({ headers, httpVersion }: Pick<IncomingMessage, 'headers' | 'httpVersion'>): boolean {
  return httpVersion === '1.0' || Object.keys(headers).some((name) => OF_PROXIES.test(name))
}

/** Without port, brackets and the form that an IPv4 address takes on an IPv6 socket; null for what is no address. */
function plainAddress(text: string): string | null {
  const bare = /^\[([^\]]+)\](?::\d+)?$/.exec(text)?.[1] ?? /^([\d.]+):\d+$/.exec(text)?.[1] ?? text
  const mapped = /^::ffff:([\d.]+)$/i.exec(bare)?.[1]
  if (mapped !== undefined && isIP(mapped) === 4) return mapped
  return isIP(bare) === 0 ? null : bare.toLowerCase()
}
