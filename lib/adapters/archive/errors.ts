import { ArkeeperError, type ArkeeperErrorOptions, isArkeeperError } from '../../base/errors.ts'

export type ArchiveErrorCode =
  | 'NOT_FOUND'
  | 'NOT_AN_ARCHIVE'
  | 'NOT_A_SNAPSHOT'
  | 'NO_VALID_SNAPSHOT'
  | 'MANIFEST_MISSING'
  | 'MANIFEST_INVALID'
  | 'FILE_MISSING'
  | 'FILES_CHANGED'
  | 'SIZE_MISMATCH'
  | 'READ_BACK_FAILED'
  /** Another process writes there. */
  | 'IN_USE'
  | 'UNSUPPORTED'
  | 'CLOSED'
  | 'NO_SPACE'
  | 'DENIED'
  | 'IO'

export class ArchiveError extends ArkeeperError<ArchiveErrorCode> {
  static override readonly family: string = 'archive'
}

const CODE_OF: Readonly<Record<string, ArchiveErrorCode>> = {
  ENOENT: 'NOT_FOUND',
  ENOTDIR: 'NOT_FOUND',
  ENOSPC: 'NO_SPACE',
  EDQUOT: 'NO_SPACE',
  EFBIG: 'NO_SPACE',
  EACCES: 'DENIED',
  EPERM: 'DENIED',
  EROFS: 'DENIED',
}

const REMEDY_OF: Partial<Record<ArchiveErrorCode, string>> = {
  NO_SPACE: 'free space on the volume of the store, then run it again',
  DENIED: 'give the user that runs Arkeeper read and write rights there',
}

/** Ours as it is; a failure of the file system as an ArchiveError that says what was being done; anything else (a bug) as it is. */
export function toArchiveError(error: unknown, doing: string, options: ArkeeperErrorOptions = {}): unknown {
  if (isArkeeperError(error) || !isErrnoError(error)) return error
  const code = CODE_OF[error.code] ?? 'IO'
  return new ArchiveError(code, `${doing} failed: ${error.message}`, {
    remedy: REMEDY_OF[code],
    ...options,
    details: { ...options.details, errno: error.code },
    cause: error,
  })
}

export function isErrnoError(error: unknown): error is Error & { code: string; syscall: string } {
  return (
    error instanceof Error &&
    'code' in error &&
    typeof error.code === 'string' &&
    'syscall' in error &&
    typeof error.syscall === 'string'
  )
}
