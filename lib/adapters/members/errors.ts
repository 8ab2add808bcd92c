import { ArkeeperError } from '../../base/errors.ts'

/** The server's configuration file cannot be read or understood. */
export class MembersError extends ArkeeperError<'CONFIG_INVALID' | 'CONFIG_UNREADABLE'> {
  static override readonly family: string = 'members'
}
