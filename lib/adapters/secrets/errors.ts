import { ArkeeperError } from '../../base/errors.ts'

export type SecretErrorCode =
  | 'SECRET_UNREADABLE'
  | 'SECRET_KEY_INVALID'
  | 'SECRET_KEY_EXPOSED'
  | 'SECRET_KEY_UNREADABLE'

export class SecretError extends ArkeeperError<SecretErrorCode> {
  static override readonly family: string = 'secrets'
}
