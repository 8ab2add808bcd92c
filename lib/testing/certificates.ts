import { generateKeyPairSync, type KeyObject, randomBytes, sign } from 'node:crypto'
import { isIPv4 } from 'node:net'

/** A key and its certificate, in PEM form; `both` is what ZooKeeper takes for a key store of type PEM. */
export interface TestIdentity {
  readonly cert: string
  readonly key: string
  readonly both: string
}

export interface TestAuthority {
  /** The authority's own certificate. */
  readonly cert: string
  /** `names`: host names and IPv4 addresses that the certificate is for. Valid for a year around now unless told otherwise. */
  issue(subject: string, options?: { names?: readonly string[]; from?: Date; to?: Date }): TestIdentity
}

const DAY_MS = 86_400_000
const EC_P256_SHA256 = '1.2.840.10045.4.3.2'
const ATTRIBUTES: Readonly<Record<string, string>> = { CN: '2.5.4.3', O: '2.5.4.10', C: '2.5.4.6' }

/** An authority of its own, made on the spot: no test depends on a tool or on a file that expires. `subject`: `CN=…` and more, comma-separated. */
export function createTestAuthority(subject: string): TestAuthority {
  const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  const now = Date.now()
  const from = new Date(now - 200 * DAY_MS)
  const to = new Date(now + 200 * DAY_MS)
  const authority = { issuer: subject, key: privateKey }
  const constraints = extension('2.5.29.19', true, sequence(Buffer.from([0x01, 0x01, 0xff])))
  return {
    cert: certify(authority, { subject, publicKey, from, to, extensions: [constraints] }),
    issue: (name, options = {}) => {
      const pair = generateKeyPairSync('ec', { namedCurve: 'P-256' })
      const names = options.names ?? []
      const alternatives = sequence(...names.map(generalName))
      const cert = certify(authority, {
        subject: name,
        publicKey: pair.publicKey,
        from: options.from ?? from,
        to: options.to ?? to,
        extensions: names.length > 0 ? [extension('2.5.29.17', false, alternatives)] : [],
      })
      const key = pair.privateKey.export({ type: 'pkcs8', format: 'pem' }).toString()
      return { cert, key, both: key + cert }
    },
  }
}

interface Content {
  readonly subject: string
  readonly publicKey: KeyObject
  readonly from: Date
  readonly to: Date
  readonly extensions: readonly Buffer[]
}

/** RFC 5280, 4.1: version 3, serial, algorithm, issuer, validity, subject, key, extensions; then the signature over them. */
function certify(authority: { issuer: string; key: KeyObject }, content: Content): string {
  const algorithm = sequence(oid(EC_P256_SHA256))
  const body = sequence(
    tagged(0xa0, integer(Buffer.from([2]))),
    integer(Buffer.concat([Buffer.from([0x40]), randomBytes(15)])),
    algorithm,
    distinguishedName(authority.issuer),
    sequence(time(content.from), time(content.to)),
    distinguishedName(content.subject),
    content.publicKey.export({ type: 'spki', format: 'der' }),
    ...(content.extensions.length > 0 ? [tagged(0xa3, sequence(...content.extensions))] : []),
  )
  const der = sequence(body, algorithm, bitString(sign('sha256', body, authority.key)))
  const lines = der.toString('base64').match(/.{1,64}/g) ?? []
  return `-----BEGIN CERTIFICATE-----\n${lines.join('\n')}\n-----END CERTIFICATE-----\n`
}

function tagged(tag: number, content: Buffer): Buffer {
  const { length } = content
  const size = length < 0x80 ? [length] : length < 0x100 ? [0x81, length] : [0x82, length >> 8, length & 0xff]
  return Buffer.concat([Buffer.from([tag, ...size]), content])
}

const sequence = (...parts: readonly Buffer[]) => tagged(0x30, Buffer.concat(parts))
const integer = (bytes: Buffer) => tagged(0x02, bytes)
const bitString = (bytes: Buffer) => tagged(0x03, Buffer.concat([Buffer.from([0]), bytes]))

function oid(text: string): Buffer {
  const [first = 0, second = 0, ...rest] = text.split('.').map(Number)
  const bytes = rest.flatMap((part) => {
    const groups = [part & 0x7f]
    for (let left = part >> 7; left > 0; left >>= 7) groups.unshift((left & 0x7f) | 0x80)
    return groups
  })
  return tagged(0x06, Buffer.from([first * 40 + second, ...bytes]))
}

/** `CN=zk,O=Example` is written from the general to the special part, as certificates have it. */
function distinguishedName(text: string): Buffer {
  const parts = text.split(',').reverse()
  return sequence(
    ...parts.map((part) => {
      const [type = '', value = ''] = part.split('=')
      return tagged(0x31, sequence(oid(ATTRIBUTES[type] ?? ''), tagged(0x0c, Buffer.from(value, 'utf8'))))
    }),
  )
}

function time(date: Date): Buffer {
  return tagged(0x18, Buffer.from(`${date.toISOString().replace(/[-:T]/g, '').slice(0, 14)}Z`))
}

function extension(id: string, critical: boolean, value: Buffer): Buffer {
  const flag = critical ? [Buffer.from([0x01, 0x01, 0xff])] : []
  return sequence(oid(id), ...flag, tagged(0x04, value))
}

function generalName(name: string): Buffer {
  return isIPv4(name) ? tagged(0x87, Buffer.from(name.split('.').map(Number))) : tagged(0x82, Buffer.from(name))
}
