import { lookup } from 'node:dns/promises'
import { request as httpRequest } from 'node:http'
import { request as httpsRequest } from 'node:https'
import { BlockList, isIP } from 'node:net'
import { ForwardError } from './errors.ts'

const LINK_LOCAL = new BlockList()
LINK_LOCAL.addSubnet('169.254.0.0', 16, 'ipv4')
LINK_LOCAL.addSubnet('fe80::', 10, 'ipv6')
// Metadata services that are not link-local.
LINK_LOCAL.addAddress('fd00:ec2::254', 'ipv6')
LINK_LOCAL.addAddress('fd20:ce::254', 'ipv6')
LINK_LOCAL.addAddress('100.100.100.200', 'ipv4')
// The same by way of a gateway to IPv4 (NAT64).
LINK_LOCAL.addSubnet('64:ff9b::a9fe:0', 112, 'ipv6')
LINK_LOCAL.addAddress('64:ff9b::6464:64c8', 'ipv6')

/** Of an answer, what people are shown when they ask; the rest is not read. */
const ANSWER_BYTES_MAX = 2_000
const ANSWER_MS_MAX = 2_000

/** Connected is to exactly this address: a name that is asked a second time may give another one. */
export async function resolveAddress(hostName: string, allowLocal: boolean): Promise<string> {
  const host = hostName.replace(/^\[|\]$/g, '')
  const addresses = isIP(host) ? [host] : (await lookup(host, { all: true })).map(({ address }) => address)
  const [address] = addresses
  if (address === undefined) throw new ForwardError('FORWARD_FAILED', `${host} has no address`)
  const local = allowLocal ? undefined : addresses.find(isLinkLocal)
  if (local === undefined) return address
  throw new ForwardError('FORWARD_REFUSED', `${host} is ${local}, a link-local or metadata address`, {
    remedy: 'give another address, or allow such addresses for this receiver',
  })
}

export function isLinkLocal(address: string): boolean {
  // BlockList takes an IPv4 address inside of an IPv6 one for what it is.
  return LINK_LOCAL.check(address.replace(/%.*$/, ''), isIP(address) === 6 ? 'ipv6' : 'ipv4')
}

/** What TLS asks the other side to prove; undefined for an address, which its certificate names as such. */
export function serverNameOf(hostName: string): string | undefined {
  return isIP(hostName.replace(/^\[|\]$/g, '')) ? undefined : hostName
}

export interface OutboundAnswer {
  readonly status: number
  /** The beginning of its body. */
  readonly text: string
}

/** Redirects are not followed: they would lead to an address that nobody has given. */
export function postJson(
  url: URL,
  address: string,
  options: {
    readonly ca: string | null
    readonly headers: Readonly<Record<string, string>>
    readonly body: string
    readonly signal: AbortSignal
  },
): Promise<OutboundAnswer> {
  const send = url.protocol === 'https:' ? httpsRequest : httpRequest
  return new Promise((resolve, reject) => {
    const request = send(
      {
        method: 'POST',
        host: address,
        servername: serverNameOf(url.hostname),
        port: url.port || undefined,
        path: `${url.pathname}${url.search}`,
        agent: false,
        signal: options.signal,
        ca: options.ca ?? undefined,
        headers: {
          host: url.host,
          'content-type': 'application/json',
          'content-length': Buffer.byteLength(options.body),
          'user-agent': 'arkeeper',
          ...options.headers,
        },
      },
      (response) => {
        const pieces: Buffer[] = []
        let bytes = 0
        // The status has come: a body that is cut off, or has no end, does not make it another one.
        const end = () => {
          clearTimeout(limit)
          const text = Buffer.concat(pieces).subarray(0, ANSWER_BYTES_MAX).toString('utf8')
          resolve({ status: response.statusCode ?? 0, text })
          response.destroy()
        }
        const limit = setTimeout(end, ANSWER_MS_MAX)
        response.on('data', (piece: Buffer) => {
          pieces.push(piece)
          bytes += piece.length
          if (bytes >= ANSWER_BYTES_MAX) end()
        })
        response.once('end', end)
        response.once('error', end)
      },
    )
    request.once('error', reject)
    request.end(options.body)
  })
}

/** The first cause, without the stack. */
export function describeOutbound(error: unknown): string {
  if (!(error instanceof Error)) return String(error)
  const [first] = error instanceof AggregateError ? error.errors : [error]
  return first instanceof Error ? first.message || String('code' in first ? first.code : first.name) : error.message
}
