import { ArkeeperError } from '../../base/errors.ts'

export type MembersErrorCode =
  | 'CONFIG_INVALID'
  | 'CONFIG_UNREADABLE'
  | 'MEMBER_UNREADABLE'
  | 'MEMBER_NOT_WRITABLE'
  | 'MEMBER_OCCUPIED'
  | 'MEMBER_FILE_DAMAGED'

/** The configuration file cannot be read or understood, or the directories of a member are not as they must be. */
export class MembersError extends ArkeeperError<MembersErrorCode> {
  static override readonly family: string = 'members'
}
