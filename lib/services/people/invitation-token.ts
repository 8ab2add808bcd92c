import { createHash, randomBytes } from 'node:crypto'

/** 256 random bits: nobody guesses one, so that looking it up by its hash needs no slow hashing. */
export function makeToken(): string {
  return randomBytes(32).toString('base64url')
}

export function hashToken(token: string): string {
  return createHash('sha256').update(token).digest('hex')
}
