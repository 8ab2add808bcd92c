import { ArkeeperError } from '../../base/errors.ts'

export class ForwardError extends ArkeeperError<'FORWARD_FAILED' | 'FORWARD_REFUSED'> {
  static override readonly family: string = 'forward'
}
