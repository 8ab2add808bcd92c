import { ArkeeperError } from '../../base/errors.ts'

export type AgeErrorCode = 'RECIPIENT_INVALID' | 'IDENTITY_INVALID' | 'KEY_MISSING' | 'CIPHERTEXT_DAMAGED'

export class AgeError extends ArkeeperError<AgeErrorCode> {
  static override readonly family: string = 'age'
}
