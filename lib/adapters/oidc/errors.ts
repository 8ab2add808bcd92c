import { ArkeeperError } from '../../base/errors.ts'

export type OidcErrorCode =
  | 'SINGLE_SIGN_ON_INVALID'
  | 'PROVIDER_UNREACHABLE'
  /** Whoever was asked there said no. */
  | 'PROVIDER_DENIED'
  /** It said that it cannot do it. */
  | 'PROVIDER_FAILED'
  /** What came back is not what was asked for, or is not from the provider. */
  | 'PROVIDER_ANSWER_INVALID'

export class OidcError extends ArkeeperError<OidcErrorCode> {
  static override readonly family: string = 'oidc'
}
