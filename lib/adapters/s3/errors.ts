import { ArkeeperError } from '../../base/errors.ts'

export type S3ErrorCode =
  /** Nothing answers there, or not in time. */
  | 'STORE_UNREACHABLE'
  | 'STORE_TLS'
  /** The address is one that must not be asked. */
  | 'STORE_REFUSED'
  /** The key is wrong, or may not do this. */
  | 'STORE_DENIED'
  | 'STORE_CLOCK'
  | 'STORE_NO_BUCKET'
  /** Object lock keeps it. */
  | 'STORE_LOCKED'
  | 'STORE_FAILED'
  | 'OBJECT_MISSING'
  | 'OBJECT_EXISTS'
  /** What lies there is not what was sent, or not what the manifest names. */
  | 'OBJECT_DAMAGED'
  /** The file to be sent is not the one that was meant. */
  | 'FILE_CHANGED'

export class S3Error extends ArkeeperError<S3ErrorCode> {
  static override readonly family: string = 's3'
}
