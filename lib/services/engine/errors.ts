import { ArkeeperError } from '../../base/errors.ts'

export type EngineErrorCode =
  | 'BAD_SOURCE'
  | 'RESTORE_DIR_INVALID'
  | 'RESTORE_DIR_IN_USE'
  | 'PLAN_DAMAGED'
  | 'PREFLIGHT_REFUSED'
  | 'WRONG_TARGET'
  | 'NOTHING_TO_UNDO'
  | 'LEASE_LOST'
  | 'DIGEST_MISMATCH'
  | 'DRILL_NOT_POSSIBLE'
  | 'DRILL_NO_SPACE'
  | 'DRILL_CUT_SHORT'
  | 'DRILL_TIMEOUT'

export class EngineError extends ArkeeperError<EngineErrorCode> {
  static override readonly family: string = 'engine'
}

/** A run that had begun to write did not come to its end. `code` and `message` are those of the cause; the run can be resumed. */
export class RestoreCutShort extends ArkeeperError {
  static override readonly family: string = 'restore-cut-short'
}
