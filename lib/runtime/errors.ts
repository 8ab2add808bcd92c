import { ArkeeperError } from '../base/errors.ts'

export class RuntimeError extends ArkeeperError<'ENVIRONMENT_INVALID' | 'DATA_DIR_UNUSABLE' | 'KEYS_DIFFER'> {
  static override readonly family: string = 'runtime'
}
