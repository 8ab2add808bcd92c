import { join } from 'node:path'
import { CancelledError, isArkeeperError } from '../../base/errors.ts'
import type { DataDir } from './data-dir.ts'
import type { SnapshotFacts } from './inspect-path.ts'
import { logSourcesOf } from './log-file.ts'
import { openHistory } from './open-history.ts'

/**
 * A server notes a transaction as its last one after it has changed the tree (3.6 to 3.9): a snapshot that it writes right then already shows the
 * one behind its name and digest. That its digest differs is no fault then, and the logs tell: from the next transaction on all digests match.
 * Seen on 3.8.0.
 */
export async function clearEdge(place: DataDir, facts: SnapshotFacts, signal?: AbortSignal): Promise<SnapshotFacts> {
  const others = facts.problems.filter(({ code }) => code !== 'DIGEST_MISMATCH')
  if (others.length > 0 || facts.problems.length === 0 || place.logs.length === 0) return facts
  const named = place.snapshots.find(({ name }) => name === facts.file)
  if (named === undefined) return facts
  const base = { ...named, path: join(/* turbopackIgnore: true */ place.dir, named.name) }
  try {
    const logs = logSourcesOf(place)
    const tree = await openHistory({ name: place.dir, logsName: place.logDir, bases: [base], logs }, { signal })
    const { digest, firstMismatch, compared } = tree.proof
    await tree.close()
    const isProven = digest?.match === true && firstMismatch === null && compared > 1
    return isProven ? { ...facts, problems: others } : facts
  } catch (error) {
    if (error instanceof CancelledError || !isArkeeperError(error)) throw error
    return facts
  }
}
