import { formatHex64 } from '../../base/hex64.ts'
import type { OwnerSession } from '../../domain/restore/fidelity.ts'
import type { TreeReader } from '../../domain/znode/ports.ts'
import { isArchiveReader } from './read-scope.ts'

/**
 * Whether the sessions that own ephemerals were alive in a source. A server's own files say which sessions there were, and so do backups
 * that were made of them. A walk over the client port does not; the ephemerals of a live cluster belong to sessions that are alive.
 */
export function ownerSessionsOf(reader: TreeReader): (owner: bigint) => OwnerSession {
  if (isArchiveReader(reader)) {
    const { source, fidelity } = reader.manifest
    if (source === 'client' || fidelity.deadOwners === undefined) return () => 'unknown'
    const dead = new Set(fidelity.deadOwners)
    return (owner) => (dead.has(formatHex64(owner)) ? 'dead' : 'alive')
  }
  if (hasSessions(reader)) return (owner) => (reader.sessions.has(owner) ? 'alive' : 'dead')
  return 'sessionId' in reader ? () => 'alive' : () => 'unknown'
}

function hasSessions(reader: TreeReader): reader is TreeReader & { readonly sessions: ReadonlyMap<bigint, number> } {
  return 'sessions' in reader && reader.sessions instanceof Map
}
