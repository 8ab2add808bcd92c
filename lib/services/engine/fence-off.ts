import type { ClusterTarget } from '../../adapters/zookeeper/connection.ts'
import type { JournalState } from '../../domain/restore/journal.ts'
import type { EngineContext } from '../context.ts'
import type { RestoreDirectory } from './restore-directory.ts'

/**
 * What the journal of a run says, with nobody left who could still add to what it did. A process that was killed, or that sleeps, may have
 * writes on their way that a server carries out after everything that we read: its sessions are ended, and the journal is read again.
 */
export async function fenceOff(
  context: Pick<EngineContext, 'zookeeper'>,
  target: ClusterTarget,
  directory: RestoreDirectory,
): Promise<JournalState | null> {
  const journal = await directory.readJournal()
  if (journal === null || journal.sessions.length === 0) return journal
  // The last line of a run that came to its end was written when nothing was on its way any more, but for answers that were lost.
  if (journal.result !== null && journal.doubtful.count() === 0) return journal
  for (const session of new Set(journal.sessions)) await context.zookeeper.endSession(target, session)
  return directory.readJournal()
}
