import { ArkeeperError } from '../../base/errors.ts'

export type MemberFilesErrorCode =
  | 'MEMBER_DIR_MISSING'
  | 'MEMBER_DIR_DENIED'
  | 'MEMBER_DIR_UNREADABLE'
  | 'MEMBER_DIR_TOO_FULL'

/** The directory of a member cannot be looked into. `details.dir` names it. */
export class MemberFilesError extends ArkeeperError<MemberFilesErrorCode> {
  static override readonly family: string = 'member-files'
}
