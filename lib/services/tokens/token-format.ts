import { createHash, randomBytes } from 'node:crypto'
import { crc32 } from 'node:zlib'

const PREFIX = 'ark_'
const ALPHABET = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz'
/** 62^43 is more than 2^256, and 62^6 more than 2^32. */
const SECRET_CHARACTERS = 43
const CHECKSUM_CHARACTERS = 6
const SHAPE = new RegExp(`^${PREFIX}[0-9A-Za-z]{${SECRET_CHARACTERS + CHECKSUM_CHARACTERS}}$`)
const HINT_CHARACTERS = 8

/** `ark_`, 256 random bits, and a checksum of both: what scans for leaked secrets knows one without asking. */
export function makeApiToken(): string {
  const secret = toBase62(BigInt(`0x${randomBytes(32).toString('hex')}`), SECRET_CHARACTERS)
  return `${PREFIX}${secret}${checksumOf(secret)}`
}

/** Whether a text can be one of our tokens. Says nothing of whether there is such a token. */
export function isApiToken(text: string): boolean {
  if (!SHAPE.test(text)) return false
  const secret = text.slice(PREFIX.length, -CHECKSUM_CHARACTERS)
  return text.endsWith(checksumOf(secret))
}

/** Nobody guesses 256 bits, so that looking one up by its hash needs no slow hashing. */
export function hashApiToken(token: string): string {
  return createHash('sha256').update(token).digest('hex')
}

/** To tell one from another, too short to be of use. */
export function hintOfApiToken(token: string): string {
  return token.slice(0, HINT_CHARACTERS)
}

function checksumOf(secret: string): string {
  return toBase62(BigInt(crc32(PREFIX + secret)), CHECKSUM_CHARACTERS)
}

function toBase62(value: bigint, characters: number): string {
  let text = ''
  for (let rest = value; text.length < characters; rest /= 62n) text = ALPHABET.charAt(Number(rest % 62n)) + text
  return text
}
