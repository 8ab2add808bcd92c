import { ArkeeperError } from '../base/errors.ts'

export type CommandErrorCode = 'BAD_USAGE' | 'BAD_INPUT'

export class CommandError extends ArkeeperError<CommandErrorCode> {
  static override readonly family: string = 'cli'
}

export function badUsage(message: string): CommandError {
  return new CommandError('BAD_USAGE', message, { remedy: 'see arkeeper --help' })
}
