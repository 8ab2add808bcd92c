import { ArkeeperError } from '../base/errors.ts'

export type ServiceErrorCode =
  | 'NOT_FOUND'
  | 'INVALID_INPUT'
  | 'FORBIDDEN'
  | 'SIGNED_OUT'
  | 'NAME_TAKEN'
  | 'CLUSTER_READ_ONLY'
  | 'CONFIRMATION_MISMATCH'
  | 'PLAN_CHANGED'
  | 'APPROVAL_NEEDED'
  | 'WRONG_STATE'
  | 'LAST_GOOD_BACKUP'
  | 'BACKUP_PINNED'
  | 'ARCHIVE_DAMAGED'
  | 'STORE_LOCKED'
  | 'STORE_IN_USE'
  | 'BACKUP_HELD'
  | 'REMOVAL_UNFINISHED'
  | 'SECRET_UNREADABLE'
  | 'WRITE_REFUSED'
  | 'OUTCOME_UNKNOWN'
  | 'TOO_MANY'
  | 'NO_SOURCE'
  | 'FORWARD_FAILED'

/** `details.fields` maps input field → message for INVALID_INPUT. */
export class ServiceError extends ArkeeperError<ServiceErrorCode> {
  static override readonly family: string = 'services'
}
