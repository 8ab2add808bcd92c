import { ArkeeperError } from '../../base/errors.ts'

export type MomentErrorCode = 'OUT_OF_REACH' | 'NOT_PREPARED' | 'NO_HISTORY'

/** A moment of a cluster that cannot be shown, or not yet. */
export class MomentError extends ArkeeperError<MomentErrorCode> {
  static override readonly family: string = 'moments'
}
