import { randomBytes } from 'node:crypto'
import { readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { createPrivateFile } from './create-private-file.ts'
import { SecretError } from './errors.ts'

export const SECRET_KEY_BYTES = 32
const KEY_FILE = 'secret.key'

/** 32 bytes in base64 (43 or 44 characters, also the URL-safe alphabet) or hex (64 characters). `what` names the source in the error. */
export function parseSecretKey(text: string, what: string): Uint8Array {
  const trimmed = text.trim()
  if (/^[0-9a-f]{64}$/i.test(trimmed)) return Buffer.from(trimmed, 'hex')
  if (/^[A-Za-z0-9+/_-]{43}=?$/.test(trimmed)) return Buffer.from(trimmed, 'base64')
  throw new SecretError('SECRET_KEY_INVALID', `${what} does not hold ${SECRET_KEY_BYTES} bytes in base64 or hex`, {
    remedy: 'make one with `openssl rand -base64 32`',
  })
}

/** The key of `<dataDir>/secret.key`, which is made on first use, whole or not at all, with mode 0600. The folder must exist. */
export function loadOrCreateSecretKey(dataDir: string): Uint8Array {
  const file = join(dataDir, KEY_FILE)
  return readKeyFile(file) ?? createKeyFile(file)
}

function readKeyFile(file: string): Uint8Array | null {
  let mode: number
  let text: string
  try {
    mode = statSync(file).mode
    text = readFileSync(file, 'utf8')
  } catch (cause) {
    if (cause instanceof Error && 'code' in cause && cause.code === 'ENOENT') return null
    throw new SecretError('SECRET_KEY_UNREADABLE', `The key file ${file} cannot be read`, {
      cause,
      remedy: 'run Arkeeper as the user who owns it',
    })
  }
  // Windows has no such bits; there the folder's own rights count.
  if (process.platform !== 'win32' && (mode & 0o077) !== 0) {
    const shown = (mode & 0o777).toString(8).padStart(4, '0')
    throw new SecretError('SECRET_KEY_EXPOSED', `The key file ${file} can be read by others (mode ${shown})`, {
      remedy: `chmod 600 ${file}, and enter the stored credentials anew if others may have read it`,
    })
  }
  return parseSecretKey(text, `The key file ${file}`)
}

function createKeyFile(file: string): Uint8Array {
  createPrivateFile(file, `${randomBytes(SECRET_KEY_BYTES).toString('base64')}\n`)
  const key = readKeyFile(file)
  if (!key) throw new SecretError('SECRET_KEY_UNREADABLE', `The key file ${file} vanished while it was made`)
  return key
}
