import { ArkeeperError } from '../../base/errors.ts'

export type ZooKeeperErrorCode =
  | 'BAD_CONNECT_STRING'
  | 'RESOLVE_FAILED'
  | 'CONNECT_REFUSED'
  | 'CONNECT_TIMEOUT'
  | 'NOT_SERVING'
  | 'AUTH_FAILED'
  | 'SESSION_EXPIRED'
  | 'CONNECTION_LOST'
  | 'REQUEST_TIMEOUT'
  | 'REQUEST_TOO_LARGE'
  | 'REPLY_MALFORMED'
  | 'NO_AUTH'
  | 'SERVER_ERROR'
  | 'CLOSED'

/** Everything that a cluster can do to us. `details.serverError` holds ZooKeeper's own code where there is one. */
export class ZooKeeperError extends ArkeeperError<ZooKeeperErrorCode> {
  static override readonly family: string = 'zookeeper'
}
