import { isDatabaseAway } from '../../adapters/database/errors.ts'
import { isArkeeperError } from '../../base/errors.ts'
import { RestoreCutShort } from '../engine/errors.ts'
import type { ErrorView } from '../error-view.ts'

/**
 * Any failure as people see it. What is not one of our errors gets a generic line and `id`, under which the caller logs it.
 */
export function describeFailure(error: unknown, id: string): ErrorView {
  const system = describeSystemError(findSystemError(error))
  if (system && error instanceof RestoreCutShort) {
    // The cluster is not as it was, whatever is usual for a full disk.
    return { code: system.code, message: system.message, unaffected: error.unaffected, remedy: error.remedy, id }
  }
  if (system) return { ...system, id }
  if (isArkeeperError(error) && error.code !== 'INTERNAL') {
    return {
      code: error.code,
      message: error.message,
      ...(error.unaffected ? { unaffected: error.unaffected } : {}),
      ...(error.remedy ? { remedy: error.remedy } : {}),
      id,
    }
  }
  const unknown = isDatabaseAway(error)
    ? {
        code: 'DATABASE_AWAY',
        message: 'the database could not be used, and no attempt is left',
        unaffected: 'nothing unfinished is in the catalog',
        remedy: 'see that the database answers, then retry',
        id,
      }
    : { code: 'INTERNAL', message: 'an unexpected failure; its cause is in the log', id }
  return error instanceof RestoreCutShort ? { ...unknown, unaffected: error.unaffected, remedy: error.remedy } : unknown
}

interface SystemError {
  readonly code: string
  readonly message: string
  readonly path?: string
}

/** The operating system's own error at the bottom of a chain of causes. */
function findSystemError(error: unknown): SystemError | null {
  for (let at = error, depth = 0; at instanceof Error && depth < 10; at = at.cause, depth++) {
    if ('code' in at && typeof at.code === 'string' && 'syscall' in at) {
      return {
        code: at.code,
        message: at.message,
        ...('path' in at && typeof at.path === 'string' ? { path: at.path } : {}),
      }
    }
  }
  return null
}

function describeSystemError(error: SystemError | null): ErrorView | null {
  if (!error) return null
  const where = error.path ? ` (${error.path})` : ''
  switch (error.code) {
    case 'ENOSPC':
    case 'EDQUOT':
    case 'EFBIG':
      return {
        code: 'NO_SPACE',
        message: `the disk is full${where}`,
        unaffected: 'what was half-written was removed; the catalog and the cluster are as they were',
        remedy: 'make room on the disk of the store, then retry',
      }
    case 'EROFS':
    case 'EACCES':
    case 'EPERM':
      return {
        code: 'NOT_WRITABLE',
        message: `the folder or file cannot be used: ${error.message}`,
        unaffected: 'the catalog and the cluster are as they were',
        remedy: 'check the rights of the data directory and of the user that runs Arkeeper',
      }
    case 'EMFILE':
    case 'ENFILE':
      return {
        code: 'TOO_MANY_FILES',
        message: 'the limit of open files is reached',
        unaffected: 'the catalog and the cluster are as they were',
        remedy: 'raise the limit of open files of the process',
      }
    default:
      return null
  }
}
