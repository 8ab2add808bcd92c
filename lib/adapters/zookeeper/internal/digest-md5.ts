import { createHash, timingSafeEqual } from 'node:crypto'

/** What ZooKeeper's servers call themselves in SASL, whatever their host (SecurityUtils.createSaslServer). */
const DIGEST_URI = 'zookeeper/zk-sasl-md5'
const NONCE_COUNT = '00000001'
const QOP = 'auth'

export type DirectiveMap = ReadonlyMap<string, string>

/** `key=value,key="quoted \"value\""` of RFC 2831, 7.1. Null for what does not read like that. */
export function parseDirectives(text: string): DirectiveMap | null {
  const found = new Map<string, string>()
  const pattern = /\s*([A-Za-z0-9-]+)\s*=\s*(?:"((?:\\.|[^"\\])*)"|([^\s,"]*))\s*(?:,|$)/y
  while (pattern.lastIndex < text.length) {
    const match = pattern.exec(text)
    if (match === null) return null
    const [, key = '', quoted, plain = ''] = match
    found.set(key.toLowerCase(), quoted === undefined ? plain : quoted.replace(/\\(.)/g, '$1'))
  }
  return found
}

/** Answer to a server's challenge, and what the server has to say back to show that it knows the password too. */
export interface DigestAnswer {
  readonly response: string
  readonly serverProof: string
}

/** RFC 2831, 2.1.2, for authentication only. `challenge` has a nonce. */
export function answerChallenge(
  challenge: DirectiveMap,
  input: { username: string; password: string; cnonce: string; uri?: string },
): DigestAnswer {
  const { username, password, cnonce, uri = DIGEST_URI } = input
  const realm = challenge.get('realm') ?? ''
  const nonce = challenge.get('nonce') ?? ''
  const secret = md5(Buffer.concat([toBytes(username), COLON, toBytes(realm), COLON, toBytes(password)]))
  const a1 = Buffer.concat([secret, Buffer.from(`:${nonce}:${cnonce}`)])
  const prove = (a2: string) =>
    hex(Buffer.from([hex(a1), nonce, NONCE_COUNT, cnonce, QOP, hex(Buffer.from(a2))].join(':')))
  const response = [
    ...(challenge.get('charset')?.toLowerCase() === 'utf-8' ? ['charset=utf-8'] : []),
    `username=${quote(username)}`,
    ...(challenge.has('realm') ? [`realm=${quote(realm)}`] : []),
    `nonce=${quote(nonce)}`,
    `nc=${NONCE_COUNT}`,
    `cnonce=${quote(cnonce)}`,
    `digest-uri=${quote(uri)}`,
    `response=${prove(`AUTHENTICATE:${uri}`)}`,
    `qop=${QOP}`,
  ].join(',')
  return { response, serverProof: prove(`:${uri}`) }
}

export function isProof(given: string | undefined, expected: string): boolean {
  return given?.length === expected.length && timingSafeEqual(Buffer.from(given), Buffer.from(expected))
}

const COLON = Buffer.from(':')

/** RFC 2831, 2.1.2.1: a text that Latin-1 can hold is hashed as Latin-1, whatever the charset of the message. */
function toBytes(text: string): Buffer {
  return Buffer.from(text, [...text].every((c) => c.charCodeAt(0) <= 0xff) ? 'latin1' : 'utf8')
}

/** MD5 is what this mechanism is made of; it is no choice of ours. */
function md5(bytes: Buffer): Buffer {
  return createHash('md5').update(bytes).digest()
}

const hex = (bytes: Buffer) => md5(bytes).toString('hex')
const quote = (text: string) => `"${text.replace(/["\\]/g, '\\$&')}"`
