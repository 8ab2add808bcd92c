import { createSocket } from 'node:dgram'
import { connect as connectTcp, isIP, type Socket } from 'node:net'
import { connect as connectTls } from 'node:tls'
import { ForwardError } from './errors.ts'
import { describeOutbound, postJson, resolveAddress, serverNameOf } from './outbound.ts'
import { SIGNATURE_HEADER, signBody } from './sign-body.ts'

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

const TIMEOUT_MS = 10_000
/** Facility 13, log audit. */
const FACILITY = 13
/** What every receiver of UDP takes (RFC 5426 asks for 480, and recommends 2048). */
const DATAGRAM_MAX = 8_192

export function createForward(hostName: string): ForwardPort {
  return {
    send: async (target, messages, signal) => {
      const url = new URL(target.url)
      const limit = AbortSignal.any([AbortSignal.timeout(TIMEOUT_MS), ...(signal ? [signal] : [])])
      try {
        const address = await resolveAddress(url.hostname, target.allowLocal)
        if (url.protocol === 'http:' || url.protocol === 'https:') await post(url, address, target, messages, limit)
        else if (url.protocol === 'udp:') await sendDatagrams(url, address, hostName, messages)
        else await sendStream(url, address, target, hostName, messages, limit)
      } catch (error) {
        if (error instanceof ForwardError) throw error
        const late = limit.aborted && signal?.aborted !== true
        const why = late ? `no answer within ${TIMEOUT_MS / 1000} seconds` : describeOutbound(error)
        throw new ForwardError('FORWARD_FAILED', `${url.protocol}//${url.host}: ${why}`, { cause: error })
      }
    },
  }
}

async function post(
  url: URL,
  address: string,
  { ca, secret }: ForwardTarget,
  messages: readonly ForwardMessage[],
  signal: AbortSignal,
): Promise<void> {
  const body = `{"entries":[${messages.map(({ json }) => json).join(',')}]}`
  const headers: Record<string, string> =
    secret === null ? {} : { [SIGNATURE_HEADER]: signBody(secret, body, Date.now()) }
  const { status } = await postJson(url, address, { ca, headers, body, signal })
  if (status < 200 || status >= 300) throw new ForwardError('FORWARD_FAILED', `${url.host} answered ${status}`)
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
  const servername = serverNameOf(url.hostname)
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
