import { createCipheriv, createDecipheriv, hkdfSync, randomBytes } from 'node:crypto'
import { SecretError } from './errors.ts'
import { SECRET_KEY_BYTES } from './secret-key.ts'

// Envelope of a sealed secret, version 1. The first five bytes are authenticated with the text.
// | offset | bytes | what                                             |
// | 0      | 1     | version                                          |
// | 1      | 4     | key id: tells another key from a damaged secret  |
// | 5      | 12    | nonce                                            |
// | 17     | 16    | tag                                              |
// | 33     | n     | encrypted UTF-8                                  |
const VERSION = 1
const HEADER_BYTES = 5
const NONCE_BYTES = 12
const TAG_BYTES = 16
const TEXT_OFFSET = HEADER_BYTES + NONCE_BYTES + TAG_BYTES
const ALGORITHM = 'aes-256-gcm'

/** AES-256-GCM under a key derived from the installation's key. */
export function createSecretBox(installationKey: Uint8Array): {
  seal(text: string): Uint8Array<ArrayBuffer>
  open(sealed: Uint8Array): string
} {
  const key = deriveKey(installationKey, 'secret-box', SECRET_KEY_BYTES)
  const header = Buffer.concat([Buffer.of(VERSION), deriveKey(installationKey, 'secret-box-key-id', HEADER_BYTES - 1)])

  return {
    seal(text) {
      const nonce = randomBytes(NONCE_BYTES)
      const cipher = createCipheriv(ALGORITHM, key, nonce, { authTagLength: TAG_BYTES })
      cipher.setAAD(header)
      const encrypted = Buffer.concat([cipher.update(text, 'utf8'), cipher.final()])
      return new Uint8Array(Buffer.concat([header, nonce, cipher.getAuthTag(), encrypted]))
    },

    open(sealed) {
      if (sealed.length < TEXT_OFFSET || sealed[0] !== VERSION) throw unreadable('it is damaged')
      const bytes = Buffer.from(sealed.buffer, sealed.byteOffset, sealed.byteLength)
      if (!bytes.subarray(0, HEADER_BYTES).equals(header)) throw unreadable('it was sealed with another key')
      const decipher = createDecipheriv(ALGORITHM, key, bytes.subarray(HEADER_BYTES, HEADER_BYTES + NONCE_BYTES), {
        authTagLength: TAG_BYTES,
      })
      decipher.setAAD(header)
      decipher.setAuthTag(bytes.subarray(HEADER_BYTES + NONCE_BYTES, TEXT_OFFSET))
      try {
        return Buffer.concat([decipher.update(bytes.subarray(TEXT_OFFSET)), decipher.final()]).toString('utf8')
      } catch (cause) {
        throw unreadable('it is damaged', cause)
      }
    },
  }
}

/** Independent keys for independent purposes from the one installation key (HKDF-SHA-256). */
export function deriveKey(installationKey: Uint8Array, purpose: string, bytes: number): Buffer {
  return Buffer.from(hkdfSync('sha256', installationKey, 'arkeeper', purpose, bytes))
}

function unreadable(why: string, cause?: unknown): SecretError {
  return new SecretError('SECRET_UNREADABLE', `A stored secret cannot be read: ${why}`, {
    cause,
    remedy: "bring back the installation's key (ARKEEPER_SECRET_KEY or secret.key), or enter the credentials again",
  })
}
