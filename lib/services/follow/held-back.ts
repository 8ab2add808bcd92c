import { ArchiveError } from '../../adapters/archive/errors.ts'
import { ObserverError } from '../../adapters/zookeeper/errors.ts'
import type { ErrorView } from '../error-view.ts'
import { describeFailure } from '../jobs/describe-failure.ts'

/** A disk that had no room may have some again at any time, and what the leader remembers is not much. */
export const HELD_RETRY_MS = 10_000

const OF_THE_DISK: readonly string[] = ['NO_SPACE', 'DENIED', 'IO', 'READ_BACK_FAILED']
const RAW: readonly string[] = ['ENOSPC', 'EDQUOT', 'EFBIG', 'EROFS', 'EACCES', 'EPERM', 'EIO', 'ESTALE', 'ETIMEDOUT']

/** What is heard cannot be written: told as such; null for any other failure. */
export function describeHeldBack(error: unknown, id: string): ErrorView | null {
  if (!isOfTheDisk(error)) return null
  const { code, message, remedy } = describeFailure(error, id)
  return {
    code,
    message: `Cannot write the log: ${message}`,
    unaffected:
      'what was written before is whole. The stream is held, and nothing is lost while the leader remembers what comes meanwhile: its last 500 transactions at least, and more where its own log reaches',
    remedy: `${remedy ?? 'see that the folder of the logs can be written to'}; it is tried again every ${HELD_RETRY_MS / 1000} s`,
    id,
  }
}

function isOfTheDisk(error: unknown): boolean {
  if (error instanceof ArchiveError) return OF_THE_DISK.includes(error.code)
  if (error instanceof ObserverError) return error.code === 'DISK'
  const isRaw = error instanceof Error && 'code' in error && 'syscall' in error && error.syscall !== 'connect'
  return isRaw && RAW.includes(String(error.code))
}
