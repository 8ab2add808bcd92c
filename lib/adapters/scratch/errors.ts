import { ArkeeperError } from '../../base/errors.ts'

export type ScratchErrorCode =
  | 'SCRATCH_NOT_AVAILABLE'
  | 'SCRATCH_NOT_STARTED'
  | 'SCRATCH_ENDED'
  | 'SCRATCH_OUT_OF_MEMORY'

/** No scratch server can be had, or it came to an end of its own. `details.output` holds its last lines. */
export class ScratchError extends ArkeeperError<ScratchErrorCode> {
  static override readonly family: string = 'scratch'
}
