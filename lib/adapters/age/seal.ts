import { createCipheriv, createDecipheriv, hkdfSync, randomBytes } from 'node:crypto'
import { Decrypter, Encrypter } from 'age-encryption'
import { invariant } from '../../base/invariant.ts'
import { AgeError } from './errors.ts'
import type { AgeIdentity } from './identities.ts'

// The payload of age (C2SP age, STREAM): 64 KiB of plain text each, sealed with ChaCha20-Poly1305 under a nonce of counter and "last" flag.
export const CHUNK_BYTES = 64 << 10
const TAG_BYTES = 16
export const SEALED_CHUNK_BYTES = CHUNK_BYTES + TAG_BYTES
export const PAYLOAD_NONCE_BYTES = 16
/** Longest header that is read: some hundred recipients. */
export const HEADER_BYTES_MAX = 64 << 10
const HEADER_END = /\n--- [A-Za-z0-9+/]{43}\n/

/**
 * A new header for these recipients and the file key that it wraps. The library makes it with an empty payload, of which a recipient of
 * our own hears the file key; no part of that payload is used.
 */
export async function makeHeader(recipients: readonly string[]): Promise<{ header: Buffer; fileKey: Uint8Array }> {
  invariant(recipients.length > 0, 'something is encrypted to somebody')
  const encrypter = new Encrypter()
  for (const recipient of recipients) encrypter.addRecipient(recipient)
  let fileKey: Uint8Array | null = null
  encrypter.addRecipient({
    wrapFileKey: (key) => {
      fileKey = Uint8Array.from(key)
      return []
    },
  })
  const empty = Buffer.from(await encrypter.encrypt(new Uint8Array()))
  const bytes = findHeaderBytes(empty)
  invariant(fileKey !== null && bytes !== null, 'the library makes a header')
  return { header: Buffer.from(empty.subarray(0, bytes)), fileKey }
}

/** Length of the header that a file begins with; null where it is not there, or not whole in what was given. */
export function findHeaderBytes(start: Buffer): number | null {
  const text = start.toString('latin1', 0, Math.min(start.length, HEADER_BYTES_MAX))
  if (!text.startsWith('age-encryption.org/v1\n')) return null
  const end = HEADER_END.exec(text)
  return end === null ? null : end.index + end[0].length
}

/** Null when none of the identities is a recipient. Throws CIPHERTEXT_DAMAGED for a header that was changed. */
export async function unwrapFileKey(header: Buffer, identities: readonly AgeIdentity[]): Promise<Uint8Array | null> {
  for (const { secret } of identities) {
    const decrypter = new Decrypter()
    decrypter.addIdentity(secret)
    try {
      return await decrypter.decryptHeader(header)
    } catch (cause) {
      if (cause instanceof Error && cause.message.startsWith('no identity matched')) continue
      const why = cause instanceof Error ? cause.message : String(cause)
      throw new AgeError('CIPHERTEXT_DAMAGED', `The header of the encrypted file is damaged: ${why}`, { cause })
    }
  }
  return null
}

/** Seals and opens the chunks of one file, in any order. The same chunk must never be sealed twice with different content. */
export class ChunkSeal {
  readonly nonce: Buffer
  readonly #key: Uint8Array

  constructor(fileKey: Uint8Array, nonce: Buffer) {
    this.nonce = nonce
    this.#key = new Uint8Array(hkdfSync('sha256', fileKey, nonce, 'payload', 32))
  }

  static forNewFile(fileKey: Uint8Array): ChunkSeal {
    return new ChunkSeal(fileKey, randomBytes(PAYLOAD_NONCE_BYTES))
  }

  seal(chunk: number, plain: Uint8Array, isLast: boolean): Buffer {
    const cipher = createCipheriv('chacha20-poly1305', this.#key, nonceOf(chunk, isLast), { authTagLength: TAG_BYTES })
    const sealed = cipher.update(plain)
    return Buffer.concat([sealed, cipher.final(), cipher.getAuthTag()])
  }

  /** Null when it is not what was sealed. */
  open(chunk: number, sealed: Buffer, isLast: boolean): Buffer | null {
    if (sealed.length < TAG_BYTES) return null
    const nonce = nonceOf(chunk, isLast)
    const decipher = createDecipheriv('chacha20-poly1305', this.#key, nonce, { authTagLength: TAG_BYTES })
    decipher.setAuthTag(sealed.subarray(sealed.length - TAG_BYTES))
    const plain = decipher.update(sealed.subarray(0, sealed.length - TAG_BYTES))
    try {
      decipher.final()
      return plain
    } catch {
      return null
    }
  }
}

function nonceOf(chunk: number, isLast: boolean): Buffer {
  const nonce = Buffer.alloc(12)
  nonce.writeUIntBE(chunk, 5, 6)
  nonce[11] = isLast ? 1 : 0
  return nonce
}

/** Length of what is sealed in a payload of this length; null for a length that no payload has. */
export function plainBytesOf(payloadBytes: number): number | null {
  const whole = Math.floor(payloadBytes / SEALED_CHUNK_BYTES)
  const rest = payloadBytes % SEALED_CHUNK_BYTES
  if (rest === 0) return whole === 0 ? null : whole * CHUNK_BYTES
  // An empty last chunk is allowed only where there is no other.
  if (rest < TAG_BYTES || (rest === TAG_BYTES && whole > 0)) return null
  return whole * CHUNK_BYTES + rest - TAG_BYTES
}
