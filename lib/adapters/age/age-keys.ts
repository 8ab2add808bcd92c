import { createHash } from 'node:crypto'
import { AgeError } from './errors.ts'
import type { AgeIdentity } from './identities.ts'
import { unwrapFileKey } from './seal.ts'

/** Whoever can open what is encrypted asks here, and nowhere else. */
export interface AgeKeys {
  /** The key of the file that begins with this header; null where none is at hand that opens it. */
  unwrap(header: Buffer): Promise<Uint8Array | null>
}

/** Where private keys come from: a file, or what a person has unlocked for a while. Asked anew for each file. */
export interface IdentitySource {
  list(): Promise<readonly AgeIdentity[]>
}

export function keysOf(source: IdentitySource): AgeKeys {
  return { unwrap: async (header) => unwrapFileKey(header, await source.list()) }
}

export const NO_KEYS: AgeKeys = { unwrap: async () => null }

/** File keys kept: a log's newest piece each, and the files of archives that are being written. */
const HELD_MAX = 256

/**
 * Keys of files that this process has itself written, in memory only: what it wrote it can read back and check, and put more behind it,
 * without any private key. The oldest are forgotten.
 */
export class HeldKeys implements AgeKeys {
  readonly #keys = new Map<string, Uint8Array>()
  readonly #other: AgeKeys

  constructor(other: AgeKeys = NO_KEYS) {
    this.#other = other
  }

  hold(header: Buffer, fileKey: Uint8Array): void {
    this.#keys.set(hashOf(header), fileKey)
    for (const oldest of this.#keys.keys()) {
      if (this.#keys.size <= HELD_MAX) break
      this.#keys.delete(oldest)
    }
  }

  forget(header: Buffer): void {
    this.#keys.delete(hashOf(header))
  }

  async unwrap(header: Buffer): Promise<Uint8Array | null> {
    return this.#keys.get(hashOf(header)) ?? (await this.#other.unwrap(header))
  }
}

export function keyMissing(what: string, recipients: readonly string[] = []): AgeError {
  const to = recipients.length > 0 ? ` to ${recipients.join(', ')}` : ''
  return new AgeError('KEY_MISSING', `${what} is encrypted${to}, and no private key at hand opens it`, {
    unaffected: 'nothing was changed',
    remedy:
      'unlock it with the private key on the page Encryption of the cluster, name an identity file with ARKEEPER_AGE_IDENTITY_FILE (server and worker), or give --identity FILE on the command line',
  })
}

const hashOf = (header: Buffer) => createHash('sha256').update(header).digest('base64')
