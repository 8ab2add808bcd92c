import { ArkeeperError } from '../../base/errors.ts'

export type AdminServerErrorCode =
  | 'ADMIN_BAD_URL'
  | 'ADMIN_UNREACHABLE'
  | 'ADMIN_TIMEOUT'
  | 'ADMIN_TLS'
  | 'ADMIN_DENIED'
  | 'ADMIN_RATE_LIMITED'
  | 'ADMIN_DISABLED'
  | 'ADMIN_UNSUPPORTED'
  | 'ADMIN_REFUSED'
  | 'ADMIN_MALFORMED'
  | 'ADMIN_INCOMPLETE'

/** Everything that ZooKeeper's AdminServer can do to us. `details.status` holds the HTTP status where there was one. */
export class AdminServerError extends ArkeeperError<AdminServerErrorCode> {
  static override readonly family: string = 'adminserver'
}
