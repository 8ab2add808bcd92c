import { ArkeeperError } from '../../base/errors.ts'

export type PhysicalErrorCode =
  | 'MEMBER_STILL_UP'
  | 'STOP_FAILED'
  | 'NOT_SERVING_AGAIN'
  | 'ZXID_MOVED'
  | 'EPOCH_TOO_LOW'
  | 'MEMBERS_CHANGED'
  | 'BACKUP_CHANGED'
  | 'MARKER_REFUSED'
  | 'NOT_FOLLOWING'

/** A run that replaces files did not come to its end; `unaffected` says what it has not touched. */
export class PhysicalError extends ArkeeperError<PhysicalErrorCode> {
  static override readonly family: string = 'physical'
}
