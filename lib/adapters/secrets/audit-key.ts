import { createHash, createPrivateKey, createPublicKey, generateKeyPairSync, type KeyObject, sign } from 'node:crypto'
import { appendFileSync, chmodSync, existsSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { createPrivateFile } from './create-private-file.ts'
import { SecretError } from './errors.ts'
import { deriveKey } from './secret-box.ts'

/** What the audit is signed with (Ed25519). `publicKeys` are all that this installation has had, its own last. */
export interface AuditKey {
  readonly keyId: string
  readonly publicKey: string
  readonly publicKeys: readonly string[]
  /** Base64. */
  sign(text: string): string
}

const PRIVATE_FILE = 'audit.key'
/** Beside the private one, for whoever checks: one PEM block after the other. */
export const PUBLIC_FILE = 'audit.pub'

export interface GivenAuditKey {
  /** 32 bytes that say what the key is. */
  readonly auditKey: Uint8Array | null
  /** The installation's key where it was given too, so that several hosts have the same: then the audit's is made of it. */
  readonly secretKey: Uint8Array | null
}

/**
 * The key that is given; else that of `<dataDir>/audit.key`; else one that is made of the installation's key, where this was given; else a
 * new one in that file, with mode 0600. The folder must exist.
 */
export function loadAuditKey(dataDir: string, { auditKey, secretKey }: GivenAuditKey): AuditKey {
  const publicFile = join(dataDir, PUBLIC_FILE)
  if (auditKey !== null) return toAuditKey(keyOfSeed(auditKey), publicFile)
  if (secretKey === null || existsSync(join(dataDir, PRIVATE_FILE))) return readOrCreateKeyFile(dataDir)
  return toAuditKey(keyOfSeed(deriveKey(secretKey, 'audit-key', SEED_BYTES)), publicFile)
}

const SEED_BYTES = 32
/** What stands before the 32 bytes of an Ed25519 key in PKCS #8 (RFC 8410, section 7). */
const PKCS8_HEAD = Buffer.from('302e020100300506032b657004220420', 'hex')

function keyOfSeed(seed: Uint8Array): KeyObject {
  return createPrivateKey({ key: Buffer.concat([PKCS8_HEAD, seed]), format: 'der', type: 'pkcs8' })
}

function readOrCreateKeyFile(dataDir: string): AuditKey {
  const file = join(dataDir, PRIVATE_FILE)
  if (!existsSync(file)) {
    createPrivateFile(file, generateKeyPairSync('ed25519').privateKey.export({ type: 'pkcs8', format: 'pem' }))
  }
  if (process.platform !== 'win32' && (statSync(file).mode & 0o077) !== 0) {
    throw new SecretError('SECRET_KEY_EXPOSED', `The key file ${file} can be read by others`, {
      remedy: `chmod 600 ${file}; if others may have read it, remove it: a new one is made, and the old public key stays known`,
    })
  }
  let key: KeyObject
  try {
    key = createPrivateKey(readFileSync(file))
  } catch (cause) {
    throw new SecretError('SECRET_KEY_INVALID', `The key file ${file} does not hold a private key`, { cause })
  }
  return toAuditKey(key, join(dataDir, PUBLIC_FILE))
}

/** One that no file holds, for tests. */
export function createAuditKey(): AuditKey {
  return toAuditKey(generateKeyPairSync('ed25519').privateKey, null)
}

function toAuditKey(key: KeyObject, publicFile: string | null): AuditKey {
  const publicKey = createPublicKey(key).export({ type: 'spki', format: 'pem' }).toString()
  const known = publicFile !== null && existsSync(publicFile) ? splitPem(readFileSync(publicFile, 'utf8')) : []
  const others = known.filter((pem) => pem !== publicKey)
  if (publicFile !== null && others.length === known.length) {
    appendFileSync(publicFile, publicKey)
    chmodSync(publicFile, 0o644)
  }
  return {
    keyId: keyIdOf(publicKey),
    publicKey,
    publicKeys: [...others, publicKey],
    sign: (text) => sign(null, Buffer.from(text, 'utf8'), key).toString('base64'),
  }
}

export function splitPem(text: string): string[] {
  return [...text.matchAll(/-----BEGIN PUBLIC KEY-----[\s\S]*?-----END PUBLIC KEY-----/g)].map(([pem]) => `${pem}\n`)
}

/** The first 16 hex digits of the SHA-256 of the key's DER. */
export function keyIdOf(publicKey: string): string {
  const der = createPublicKey(publicKey).export({ type: 'spki', format: 'der' })
  return createHash('sha256').update(der).digest('hex').slice(0, 16)
}
