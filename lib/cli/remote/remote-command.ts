import type { Command, CommandInput, ExitStatus } from '../command.ts'
import type { Terminal } from '../terminal.ts'
import type { ApiClient } from './client.ts'

export interface RemoteInput extends Pick<CommandInput, 'values' | 'positionals'> {
  readonly client: ApiClient
  readonly terminal: Terminal
  readonly signal: AbortSignal
}

export interface RemoteCommand extends Omit<Command, 'run'> {
  run(input: RemoteInput): Promise<ExitStatus>
}
