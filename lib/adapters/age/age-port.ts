import type { AgeIdentity } from './identities.ts'

/** Keys, as services see them. Archives are encrypted and opened by the archive port. */
export interface AgePort {
  /** Each once. Throws AgeError RECIPIENT_INVALID with what it is instead. */
  parseRecipients(texts: readonly string[]): string[]
  /** The private keys in a text. Throws AgeError IDENTITY_INVALID, which quotes nothing of it. */
  parseIdentities(text: string): Promise<AgeIdentity[]>
  /** Of the files that this machine was given, each once; empty without any. Throws IDENTITY_INVALID. */
  machineIdentities(): Promise<readonly AgeIdentity[]>
  /** Encrypts something new to the public key and opens it with the private one. */
  opens(recipient: string, identity: AgeIdentity): Promise<boolean>
}
