import { formatServer, type ServerAddress } from '../../adapters/zookeeper/connect-string.ts'
import { SnapshotError } from '../../domain/snapshot/errors.ts'
import { EngineError } from './errors.ts'

/** What no server holds, whatever it sends. Other faults of a snapshot are those of our own disk. */
const FAULTS_OF_SENDERS: ReadonlySet<string> = new Set([
  'BAD_LENGTH',
  'BAD_PATH',
  'DUPLICATE_PATH',
  'MISSING_PARENT',
  'UNKNOWN_ACL',
])

/** To catch with. */
export function blame(peer: ServerAddress): (error: unknown) => never {
  return (error) => {
    throw notATree(error, peer)
  }
}

/** Who sent it, and what that means, in place of where in a file it is; any other error as it is. */
export function notATree(error: unknown, peer: ServerAddress): unknown {
  if (!(error instanceof SnapshotError) || !FAULTS_OF_SENDERS.has(error.code)) return error
  return new EngineError(
    'BAD_SOURCE',
    `What ${formatServer(peer)} sent is not the tree of a server: ${error.message}`,
    {
      unaffected: 'nothing was made of it, and the ensemble was not touched',
      remedy:
        'look whether that member is sound (its log, its disk, digest_mismatches_count), and whether it is a member at all; take the backup from another source meanwhile',
      cause: error,
    },
  )
}
