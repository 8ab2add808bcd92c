import { deriveKey } from '../adapters/secrets/secret-box.ts'
import type { Env } from './env.ts'
import { isOnlyThisHost } from './trusted-origins.ts'

/** Without 0, 1, i, l, o and u: it is read from one screen and typed on another. */
const LETTERS = '23456789abcdefghjkmnpqrstvwxyz'
const LENGTH = 20

/**
 * What the first administrator is asked for where others than the people of this host can reach the set-up page: it stands on the terminal
 * of whoever has started Arkeeper. Null where only this host can. Made from the installation's key, so that nothing has to be kept.
 */
export function setUpCodeOf(env: Pick<Env, 'host' | 'publicUrl'>, installationKey: Uint8Array): string | null {
  if (isOnlyThisHost(env)) return null
  // Two bytes a letter, so that each is as likely as the next, as good as.
  const bytes = deriveKey(installationKey, 'set-up-code', 2 * LENGTH)
  const letters = Array.from({ length: LENGTH }, (_, i) => LETTERS[bytes.readUInt16BE(2 * i) % LETTERS.length])
  return letters.join('').replace(/(.{5})(?=.)/g, '$1-')
}
