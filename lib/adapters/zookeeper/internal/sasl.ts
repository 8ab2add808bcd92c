import { randomBytes } from 'node:crypto'
import { describeServerError } from '../../../domain/znode/server-errors.ts'
import { formatServer, type ServerAddress } from '../connect-string.ts'
import { ZooKeeperError } from '../errors.ts'
import { answerChallenge, type DigestAnswer, isProof, parseDirectives } from './digest-md5.ts'
import { type JuteReader, JuteWriter } from './jute.ts'
import { ERR, OP } from './protocol.ts'

export const SASL_SCHEME = 'sasl'
/** Sent before any other request of a connection, and outside the counting of both clients. */
const SASL_XID = 0x7fff_fff0

/** Client side of SASL DIGEST-MD5 on a connection whose session is open: an empty token, the answer to the challenge, then the server's proof. */
export class SaslExchange {
  readonly #server: ServerAddress
  readonly #username: string
  readonly #password: string
  #answer: DigestAnswer | null = null

  /** `id` is user:password. */
  constructor(server: ServerAddress, id: string) {
    const colon = id.indexOf(':')
    this.#server = server
    this.#username = id.slice(0, colon)
    this.#password = id.slice(colon + 1)
  }

  /** Frame that begins it. */
  begin(): Buffer {
    return encodeToken(Buffer.alloc(0))
  }

  /** Takes one reply; gives the next frame, or null when both sides have proved that they know the password. Throws AUTH_FAILED. */
  next(reply: JuteReader): Buffer | null {
    reply.int()
    reply.long()
    const err = reply.int()
    if (err !== ERR.ok) throw this.#refusal(err)
    const token = reply.bytes()
    if (token === null) throw this.#notOffered()
    const directives = parseDirectives(token.toString('utf8'))
    if (this.#answer !== null) {
      if (isProof(directives?.get('rspauth'), this.#answer.serverProof)) return null
      throw refused(`${formatServer(this.#server)} did not prove that it knows the password`, {})
    }
    if (!directives?.has('nonce')) throw this.#notOffered()
    const cnonce = randomBytes(24).toString('base64')
    this.#answer = answerChallenge(directives, { username: this.#username, password: this.#password, cnonce })
    return encodeToken(Buffer.from(this.#answer.response, 'utf8'))
  }

  #refusal(err: number): ZooKeeperError {
    const details = { serverError: err, reason: describeServerError(err) }
    return refused(`${formatServer(this.#server)} refused the SASL user or password`, details)
  }

  #notOffered(): ZooKeeperError {
    return refused(`${formatServer(this.#server)} does not offer SASL DIGEST-MD5`, {})
  }
}

/** For a server that answers nothing before SASL. */
export function saslRequired(server: ServerAddress): ZooKeeperError {
  return new ZooKeeperError('AUTH_FAILED', `${formatServer(server)} serves nobody without SASL`, {
    remedy: 'give the cluster SASL credentials; Kerberos is not supported, DIGEST-MD5 is',
    details: { serverError: ERR.saslRequired, reason: describeServerError(ERR.saslRequired) },
  })
}

function refused(message: string, details: Record<string, unknown>): ZooKeeperError {
  return new ZooKeeperError('AUTH_FAILED', message, {
    remedy:
      "check the user and password against the server's JAAS file (DigestLoginModule); Kerberos is not supported, DIGEST-MD5 is",
    details,
  })
}

function encodeToken(token: Buffer): Buffer {
  return new JuteWriter().int(0).int(SASL_XID).int(OP.sasl).bytes(token).patchFrameLength().toBuffer()
}
