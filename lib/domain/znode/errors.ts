import { ArkeeperError } from '../../base/errors.ts'

export type ZnodeErrorCode = 'BAD_PATH' | 'NO_NODE' | 'UNREADABLE' | 'OUT_OF_ORDER'

export class ZnodeError extends ArkeeperError<ZnodeErrorCode> {
  static override readonly family: string = 'znode'
}
