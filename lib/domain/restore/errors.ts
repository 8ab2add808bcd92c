import { ArkeeperError } from '../../base/errors.ts'

export type RestoreErrorCode =
  /** A plan line that does not decode, or steps that no plan of ours holds. `details.line` where known. */
  | 'BAD_STEP'
  /** A journal that is damaged elsewhere than in its last line. */
  | 'BAD_JOURNAL'
  /** The journal belongs to another plan. */
  | 'JOURNAL_MISMATCH'
  /** The steps do not give the hash that was confirmed. */
  | 'PLAN_MISMATCH'
  /** Mirroring an empty source would delete everything. */
  | 'EMPTY_SOURCE'
  /** The server accepts no writes at all (it lost its quorum). The run can be resumed. */
  | 'TARGET_READ_ONLY'
  /** The connection was lost again and again while the same writes were on their way. The run can be resumed. */
  | 'ANSWERS_LOST'

/** Everything that planning, applying, verifying and undoing a restore can raise by itself. */
export class RestoreError extends ArkeeperError<RestoreErrorCode> {
  static override readonly family: string = 'restore'
}
