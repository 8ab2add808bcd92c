import { isArkeeperError } from '../../base/errors.ts'
import { RestoreCutShort } from '../engine/errors.ts'

/** What says that the cluster is away or has no quorum, and not that anything is wrong with the restore. */
export const AWAY_CODES: readonly string[] = [
  'SESSION_EXPIRED',
  'CONNECTION_LOST',
  'REQUEST_TIMEOUT',
  'CONNECT_REFUSED',
  'CONNECT_TIMEOUT',
  'NOT_SERVING',
  'ANSWERS_LOST',
  'TARGET_READ_ONLY',
]

/**
 * Whether a run that failed may go on from its journal by itself: it had begun, and its cluster was lost on the way. One that could not
 * even begin fails at once, for whoever has just confirmed it to see.
 */
export function goesOnLater(error: unknown, attempt: number): boolean {
  if (!isArkeeperError(error) || !AWAY_CODES.includes(error.code)) return false
  return attempt > 1 || error instanceof RestoreCutShort || error.code === 'ANSWERS_LOST'
}
