import type { Socket } from 'node:net'
import { setTimeout as delay } from 'node:timers/promises'
import { formatHex64, parseHex64 } from '../../../base/hex64.ts'
import { invariant } from '../../../base/invariant.ts'
import { formatServer, type ServerAddress } from '../connect-string.ts'
import { ZooKeeperError } from '../errors.ts'
import { encodeRequest, type WireOptions } from './bulk-session.ts'
import { reach, type ServerFailure, summarizeFailures } from './dial.ts'
import { authenticateBySasl, shakeHands, splitCredentials } from './handshake.ts'
import { JuteWriter } from './jute.ts'
import { ERR, OP } from './protocol.ts'
import { saslRequired } from './sasl.ts'

const PASSWORD_BYTES = 16
const PAUSE_MS = 100
const GOODBYE_XID = 1

/** Id and password of a session as text: whoever has it can end the session, and nothing else that anybody with a connection could not. */
export function formatTicket(sessionId: bigint, password: Uint8Array): string {
  return `${formatHex64(sessionId)}:${Buffer.from(password).toString('hex')}`
}

function parseTicket(text: string): { sessionId: bigint; password: Buffer } {
  const [id = '', hex = ''] = text.split(':')
  const sessionId = parseHex64(id)
  const password = Buffer.from(hex, 'hex')
  invariant(sessionId !== null && password.length === PASSWORD_BYTES, 'the ticket of a session is not one')
  return { sessionId, password }
}

/**
 * Takes the session over and closes it, which the leader puts in order with everything else: what its former holder has sent and was not
 * carried out yet never will be. Resolves when it is over, also when it was before. Throws when no server answers within the connect timeout.
 */
export async function endSession(wire: WireOptions, text: string): Promise<void> {
  const ticket = { ...parseTicket(text), lastZxid: 0n, timeoutMs: wire.sessionTimeoutMs }
  const deadline = Date.now() + wire.connectTimeoutMs
  const { sasl } = splitCredentials(wire.credentials)
  let needsSasl = false
  let failures: ServerFailure[] = []
  for (let attempt = 0; ; attempt++) {
    const server = wire.servers[attempt % wire.servers.length]
    if (server === undefined) throw new ZooKeeperError('BAD_CONNECT_STRING', 'There is no server to connect to')
    const timeoutMs = Math.max(500, Math.floor(wire.connectTimeoutMs / (wire.servers.length + 1)))
    try {
      const socket = await reach(server, wire.tls, { timeoutMs })
      try {
        await shakeHands(socket, server, ticket, { timeoutMs })
        // Only where it must be: meanwhile the one who had the session may take it back, and the end has to be tried again.
        if (needsSasl && sasl) await authenticateBySasl(socket, server, sasl.id, { timeoutMs })
        const err = await sayGoodbye(socket, server, timeoutMs)
        if (err !== ERR.saslRequired) return
        needsSasl = true
        throw saslRequired(server)
      } finally {
        socket.destroy()
      }
    } catch (error) {
      if (error instanceof ZooKeeperError && error.code === 'SESSION_EXPIRED') return
      failures = [...failures, { server, error: error instanceof Error ? error : new Error(String(error)) }]
      failures = failures.slice(-wire.servers.length)
      if (Date.now() >= deadline) throw summarizeFailures(failures)
      await delay(PAUSE_MS)
    }
  }
}

/** The one request that is open on this connection, so that whatever comes back is its answer: the error code of it. */
function sayGoodbye(socket: Socket, server: ServerAddress, timeoutMs: number): Promise<number> {
  return new Promise((resolve, reject) => {
    const fail = () =>
      reject(new ZooKeeperError('CONNECTION_LOST', `${formatServer(server)} did not confirm the end of the session`))
    const timer = setTimeout(fail, timeoutMs)
    socket.once('data', (reply: Buffer) => {
      clearTimeout(timer)
      // Frame length 4, xid 4, zxid 8, then the error code.
      resolve(reply.length >= 20 ? reply.readInt32BE(16) : ERR.ok)
    })
    socket.once('close', () => {
      clearTimeout(timer)
      fail()
    })
    const goodbye = new JuteWriter()
    encodeRequest(goodbye, GOODBYE_XID, OP.closeSession, () => undefined)
    socket.write(goodbye.toBuffer())
    socket.resume()
  })
}
