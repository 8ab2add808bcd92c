import { readFile } from 'node:fs/promises'
import { Decrypter, identityToRecipient } from 'age-encryption'
import { AgeError } from './errors.ts'

/** A private key and its public one. Never logged, never shown. */
export interface AgeIdentity {
  readonly secret: string
  readonly recipient: string
}

/**
 * The private keys of an identity file as age-keygen writes it: keys, comments and empty lines. Throws AgeError IDENTITY_INVALID with the
 * number of the line, and never what stands there.
 */
export async function parseIdentities(text: string): Promise<AgeIdentity[]> {
  const identities: AgeIdentity[] = []
  for (const [at, line] of text.split('\n').entries()) {
    const secret = line.trim()
    if (secret === '' || secret.startsWith('#')) continue
    const where = `Line ${at + 1} of the identities`
    if (secret.startsWith('age1'))
      throw invalid(`${where} is a public key; the private one begins with AGE-SECRET-KEY-`)
    if (secret.startsWith('age-encryption.org/') || secret.startsWith('-----BEGIN AGE')) {
      throw invalid('The identities are protected by a passphrase, which is not supported: decrypt them with age first')
    }
    if (!/^AGE-SECRET-KEY-(PQ-)?1/.test(secret)) throw invalid(`${where} is not a private key of age`)
    try {
      new Decrypter().addIdentity(secret)
      identities.push({ secret, recipient: await identityToRecipient(secret) })
    } catch {
      // Without a cause: the words of the library may quote what it was given.
      throw invalid(`${where} is not a whole private key of age: a letter is wrong or missing`)
    }
  }
  if (identities.length === 0) throw invalid('There is no private key of age in it')
  return identities
}

/** Read anew by each call: a key that was put there or taken away counts at once. */
export async function readIdentityFile(path: string): Promise<AgeIdentity[]> {
  let text: string
  try {
    text = await readFile(path, 'utf8')
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause)
    throw invalid(`The identity file ${path} cannot be read: ${why}`, cause)
  }
  return parseIdentities(text)
}

function invalid(message: string, cause?: unknown): AgeError {
  return new AgeError('IDENTITY_INVALID', message, {
    cause,
    unaffected: 'nothing was read',
    remedy: 'give what age-keygen wrote: lines that begin with AGE-SECRET-KEY-1',
  })
}
