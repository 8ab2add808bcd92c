import type { Socket } from 'node:net'
import { CancelledError } from '../../../../base/errors.ts'
import type { ServerAddress } from '../../connect-string.ts'
import type { ObserverError } from '../../errors.ts'
import { dial, reach } from '../dial.ts'
import { speaksTls, type WireTls } from '../tls.ts'
import { noReasonGiven, notTheQuorumPort, refused, saslRequired, tlsExpected } from './faults.ts'

const PEEK_TIMEOUT_MS = 3_000
/** A server that closes does so as it reads. */
const ANSWER_MS = 1_000
/** OBSERVERINFO and half of its zxid: where SASL is a must these eight bytes are looked at for its magic number, everybody else waits for more. */
const HALF_A_GREETING = Buffer.from('0000001000000000', 'hex')
const SRVR = Buffer.from('srvr', 'latin1')
const ANSWERS_OF_CLIENT_PORTS = /^Zookeeper version|is not in the whitelist|not currently serving/

type Answer = { readonly kind: 'closed' | 'stays' | 'gone' } | { readonly kind: 'text'; readonly text: string }

/**
 * Why a port closes on an observer without a word, as far as that can be told by knocking again. Seen on 3.8.0 and 3.9.5: a leader that wants SASL
 * closes after eight bytes; client and election ports after the whole greeting, and a client port answers `srvr`; a member that does not lead any
 * more listens no longer, or closes before it has heard anything.
 */
export async function findWhyClosed(
  server: ServerAddress,
  { tls, signal }: { readonly tls: WireTls | null; readonly signal?: AbortSignal },
): Promise<ObserverError> {
  if (tls === null && (await expectsTls(server, signal))) return tlsExpected(server)
  const knock = (bytes: Buffer) => knockWith(server, bytes, { tls, signal })
  const [half, word] = await Promise.all([knock(HALF_A_GREETING), knock(SRVR)])
  if (word.kind === 'text' && ANSWERS_OF_CLIENT_PORTS.test(word.text)) return notTheQuorumPort(server)
  if (half.kind === 'gone') return gone(server)
  if (half.kind === 'stays') return noReasonGiven(server)
  const { kind } = await knock(Buffer.alloc(0))
  if (kind === 'gone' || kind === 'closed') return gone(server)
  return half.kind === 'closed' ? saslRequired(server) : noReasonGiven(server)
}

function gone(server: ServerAddress): ObserverError {
  return refused(
    server,
    'closes connections before it has heard anything',
    'wait: a member that gives up leading does so for a moment. If it goes on, look for a proxy or a firewall in between that accepts for a server that is not there, or that lets in named addresses only',
  )
}

async function expectsTls(server: ServerAddress, signal: AbortSignal | undefined): Promise<boolean> {
  try {
    return await speaksTls(await dial(server, { timeoutMs: PEEK_TIMEOUT_MS, signal }), PEEK_TIMEOUT_MS)
  } catch (error) {
    if (error instanceof CancelledError) throw error
    return false
  }
}

async function knockWith(
  server: ServerAddress,
  bytes: Buffer,
  { tls, signal }: { readonly tls: WireTls | null; readonly signal?: AbortSignal },
): Promise<Answer> {
  let socket: Socket
  try {
    socket = await reach(server, tls, { timeoutMs: PEEK_TIMEOUT_MS, signal })
  } catch (error) {
    if (error instanceof CancelledError) throw error
    return { kind: 'gone' }
  }
  return new Promise((resolve) => {
    const finish = (answer: Answer) => {
      clearTimeout(timer)
      socket.destroy()
      resolve(answer)
    }
    const timer = setTimeout(() => finish({ kind: 'stays' }), ANSWER_MS)
    socket.once('data', (chunk: Buffer) => finish({ kind: 'text', text: chunk.toString('latin1') }))
    socket.once('close', () => finish({ kind: 'closed' }))
    if (bytes.length > 0) socket.write(bytes)
  })
}
