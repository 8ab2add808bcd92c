import { ArkeeperError } from '../../base/errors.ts'

export type ZooKeeperErrorCode =
  | 'BAD_CONNECT_STRING'
  | 'RESOLVE_FAILED'
  | 'CONNECT_REFUSED'
  | 'CONNECT_TIMEOUT'
  | 'NOT_SERVING'
  | 'AUTH_FAILED'
  | 'TLS_BAD_SETTINGS'
  | 'TLS_UNTRUSTED'
  | 'TLS_NAME_MISMATCH'
  | 'TLS_EXPIRED'
  | 'TLS_NOT_OFFERED'
  /** The server speaks TLS and was addressed without. */
  | 'TLS_EXPECTED'
  /** The server wants one and has none, or refuses the one it got. */
  | 'TLS_CLIENT_CERTIFICATE'
  | 'TLS_FAILED'
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

export type ObserverErrorCode =
  | 'BAD_QUORUM_ADDRESS'
  /** Nobody listens: no leader now, or none among the addresses. */
  | 'NO_LEADER'
  /** Somebody listens and does not let us in. */
  | 'REFUSED'
  | 'TLS_FAULT'
  | 'SASL_REQUIRED'
  /** Without a word, and why could not be told. */
  | 'CLOSED'
  /** The leader cannot go on from what we have, and its whole tree was not wanted. */
  | 'NEEDS_SNAPSHOT'
  /** The connection ended or fell silent. */
  | 'LOST'
  /** We dropped it, so that the leader need not queue for us. */
  | 'TOO_SLOW'
  | 'PROTOCOL'
  /** What was received could not be kept. */
  | 'DISK'

/** Everything that happens to whoever listens on a quorum port. No member of the ensemble is touched by any of it. */
export class ObserverError extends ArkeeperError<ObserverErrorCode> {
  static override readonly family: string = 'observer'
}
