import { ArkeeperError } from '../../base/errors.ts'

export type EngineErrorCode =
  | 'BAD_SOURCE'
  | 'RESTORE_DIR_INVALID'
  | 'RESTORE_DIR_IN_USE'
  | 'PLAN_DAMAGED'
  | 'NOTHING_TO_UNDO'
  | 'LEASE_LOST'

export class EngineError extends ArkeeperError<EngineErrorCode> {
  static override readonly family: string = 'engine'
}
