import { ArkeeperError } from '../../base/errors.ts'

/** `NOTIFY_REFUSED`: by us or by the receiver, and trying again without a change is useless; `NOTIFY_FAILED`: it may go another time. */
export class NotifyError extends ArkeeperError<'NOTIFY_FAILED' | 'NOTIFY_REFUSED'> {
  static override readonly family: string = 'notify'
}
