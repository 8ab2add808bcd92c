import { createHmac } from 'node:crypto'
import { createSocket } from 'node:dgram'
import { lookup } from 'node:dns/promises'
import { request as httpRequest } from 'node:http'
import { request as httpsRequest } from 'node:https'
import { BlockList, connect as connectTcp, isIP, type Socket } from 'node:net'
import { connect as connectTls } from 'node:tls'
import { ForwardError } from './errors.ts'

/** One receiver of entries. The address is one that an administrator has given. */
export interface ForwardTarget {
  /** tcp://, tls:// or udp://host:port for syslog, http:// or https:// for a webhook. */
  readonly url: string
  /** PEM of the authority to trust for TLS; null trusts the system's. */
  readonly ca: string | null
  /** Of a webhook: what its requests are signed with. */
  readonly secret: string | null
  /** Link-local addresses, where clouds hand out credentials, are refused unless allowed. */
  readonly allowLocal: boolean
}

export interface ForwardMessage {
  readonly sequence: number
  readonly at: Date
  /** RFC 5424 severity: 6 informational, 4 warning. */
  readonly severity: number
  /** One line of JSON. */
  readonly json: string
}

/** Gives messages to a receiver, in order; what it resolves with was taken by the other side as far as the protocol tells. */
export interface ForwardPort {
  send(target: ForwardTarget, messages: readonly ForwardMessage[], signal?: AbortSignal): Promise<void>
}

export const SIGNATURE_HEADER = 'x-arkeeper-signature'
const TIMEOUT_MS = 10_000
/** Facility 13, log audit. */
const FACILITY = 13
/** What every receiver of UDP takes (RFC 5426 asks for 480, and recommends 2048). */
const DATAGRAM_MAX = 8_192

const LINK_LOCAL = new BlockList()
LINK_LOCAL.addSubnet('169.254.0.0', 16, 'ipv4')
LINK_LOCAL.addSubnet('fe80::', 10, 'ipv6')
// Metadata services that are not link-local.
LINK_LOCAL.addAddress('fd00:ec2::254', 'ipv6')
LINK_LOCAL.addAddress('100.100.100.200', 'ipv4')

export function createForward(hostName: string): ForwardPort {
  return {
    send: async (target, messages, signal) => {
      const url = new URL(target.url)
      const limit = AbortSignal.any([AbortSignal.timeout(TIMEOUT_MS), ...(signal ? [signal] : [])])
      try {
        const address = await resolveAddress(url, target.allowLocal)
        if (url.protocol === 'http:' || url.protocol === 'https:') await post(url, address, target, messages, limit)
        else if (url.protocol === 'udp:') await sendDatagrams(url, address, hostName, messages)
        else await sendStream(url, address, target, hostName, messages, limit)
      } catch (error) {
        if (error instanceof ForwardError) throw error
        const late = limit.aborted && signal?.aborted !== true
        const why = late ? `no answer within ${TIMEOUT_MS / 1000} seconds` : describe(error)
        throw new ForwardError('FORWARD_FAILED', `${url.protocol}//${url.host}: ${why}`, { cause: error })
      }
    },
  }
}

/** Connected is to exactly this address: a name that is asked a second time may give another one. */
async function resolveAddress(url: URL, allowLocal: boolean): Promise<string> {
  const host = url.hostname.replace(/^\[|\]$/g, '')
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

/** Redirects are not followed: they would lead to an address that nobody has given. */
function post(
  url: URL,
  address: string,
  { ca, secret }: ForwardTarget,
  messages: readonly ForwardMessage[],
  signal: AbortSignal,
): Promise<void> {
  const body = `{"entries":[${messages.map(({ json }) => json).join(',')}]}`
  const time = String(Math.floor(Date.now() / 1000))
  const signature = secret === null ? null : createHmac('sha256', secret).update(`${time}.${body}`).digest('hex')
  const send = url.protocol === 'https:' ? httpsRequest : httpRequest
  return new Promise((resolve, reject) => {
    const request = send(
      {
        method: 'POST',
        host: address,
        servername: isIP(url.hostname.replace(/^\[|\]$/g, '')) ? undefined : url.hostname,
        port: url.port || undefined,
        path: `${url.pathname}${url.search}`,
        agent: false,
        signal,
        ca: ca ?? undefined,
        headers: {
          host: url.host,
          'content-type': 'application/json',
          'content-length': Buffer.byteLength(body),
          'user-agent': 'arkeeper',
          ...(signature === null ? {} : { [SIGNATURE_HEADER]: `t=${time},v1=${signature}` }),
        },
      },
      (response) => {
        response.resume()
        const status = response.statusCode ?? 0
        if (status >= 200 && status < 300) resolve()
        else reject(new ForwardError('FORWARD_FAILED', `${url.host} answered ${status}`))
      },
    )
    request.once('error', reject)
    request.end(body)
  })
}

/** RFC 6587, octet counting: whoever has taken the end of the stream has taken all of it. */
async function sendStream(
  url: URL,
  address: string,
  { ca }: ForwardTarget,
  hostName: string,
  messages: readonly ForwardMessage[],
  signal: AbortSignal,
): Promise<void> {
  const isTls = url.protocol === 'tls:'
  const port = Number(url.port || (isTls ? 6514 : 601))
  const servername = isIP(url.hostname.replace(/^\[|\]$/g, '')) ? undefined : url.hostname
  const socket: Socket = isTls
    ? connectTls({ host: address, port, servername, ca: ca ?? undefined })
    : connectTcp({ host: address, port })
  const stop = () => socket.destroy(signal.reason)
  signal.addEventListener('abort', stop, { once: true })
  try {
    await new Promise<void>((resolve, reject) => {
      socket.on('error', reject)
      socket.once(isTls ? 'secureConnect' : 'connect', () => {
        const frames = messages.map((message) => {
          const frame = Buffer.from(formatSyslog(message, hostName), 'utf8')
          return Buffer.concat([Buffer.from(`${frame.length} `), frame])
        })
        socket.resume()
        socket.end(Buffer.concat(frames))
      })
      // The other side has closed after us, so it has read to the end.
      socket.once('close', (hadError) => (hadError ? undefined : resolve()))
    })
  } finally {
    signal.removeEventListener('abort', stop)
    socket.destroy()
  }
}

async function sendDatagrams(url: URL, address: string, hostName: string, messages: readonly ForwardMessage[]) {
  const socket = createSocket(isIP(address) === 6 ? 'udp6' : 'udp4')
  try {
    for (const message of messages) {
      const frame = Buffer.from(formatSyslog(message, hostName), 'utf8').subarray(0, DATAGRAM_MAX)
      await new Promise<void>((resolve, reject) => {
        socket.once('error', reject)
        socket.send(frame, Number(url.port || 514), address, (error) => (error ? reject(error) : resolve()))
      })
    }
  } finally {
    socket.close()
  }
}

/** RFC 5424. The message is JSON, in UTF-8 with the mark that says so. */
export function formatSyslog({ sequence, at, severity, json }: ForwardMessage, hostName: string): string {
  const host = hostName.replace(/[^\x21-\x7e]/g, '').slice(0, 255) || '-'
  return `<${FACILITY * 8 + severity}>1 ${at.toISOString()} ${host} arkeeper - audit [audit@32473 sequence="${sequence}"] \ufeff${json}`
}

function describe(error: unknown): string {
  if (!(error instanceof Error)) return String(error)
  const [first] = error instanceof AggregateError ? error.errors : [error]
  return first instanceof Error ? first.message || String('code' in first ? first.code : first.name) : error.message
}
