import type { ClusterConnection } from '../../adapters/zookeeper/connection.ts'
import { OPEN_ACL } from '../../domain/znode/acl.ts'
import { ZnodeError } from '../../domain/znode/errors.ts'
import type { UnreadableZnode, Znode } from '../../domain/znode/znode.ts'
import type { PatchEntry } from './patch-stream.ts'

/**
 * The ancestors of a scope, so that a stock server loads the snapshot. One that cannot be read is put there empty and open, and reported:
 * the backup is partial then, and a restore of its scope does not touch it.
 */
export async function readScaffolding(
  connection: Pick<ClusterConnection, 'readMany'>,
  paths: readonly string[],
  signal: AbortSignal | undefined,
): Promise<{ entries: PatchEntry[]; unreadable: UnreadableZnode[] }> {
  const entries: PatchEntry[] = []
  const unreadable: UnreadableZnode[] = []
  const readings = await connection.readMany(paths, { signal })
  paths.forEach((path, i) => {
    const reading = readings[i]
    if (reading?.kind === 'found') {
      entries.push({ path, znode: reading.znode })
    } else if (reading?.kind === 'unreadable') {
      entries.push({ path, znode: placeholder(path) })
      unreadable.push({ path, reason: reading.reason, message: reading.message })
    } else {
      throw new ZnodeError('NO_NODE', `${path} was deleted while the tree below it was read`, {
        remedy: 'check the path and try again',
      })
    }
  })
  return { entries, unreadable }
}

function placeholder(path: string): Znode {
  return {
    path,
    data: null,
    acl: OPEN_ACL,
    stat: {
      czxid: 0n,
      mzxid: 0n,
      pzxid: 0n,
      ctime: 0,
      mtime: 0,
      version: 0,
      cversion: 0,
      aversion: 0,
      ephemeralOwner: 0n,
    },
    kind: 'unknown',
    ttlMs: null,
  }
}
