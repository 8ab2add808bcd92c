import { isSameData } from '../../domain/diff/compare-znodes.ts'
import { isSameAcl } from '../../domain/znode/acl.ts'
import type { PatchEntry } from '../../domain/znode/patch-stream.ts'
import type { TreeReader, ZnodeReading } from '../../domain/znode/ports.ts'
import type { Znode, ZnodeStat } from '../../domain/znode/znode.ts'

/**
 * The entries that say something else than the archive does. A write during a walk often comes before the walk does, and quota counters are
 * read again whether or not they changed: where no entry is left, there is no reason to write the whole archive once more.
 * `patch` in path order, so that each block of the archive is read at most once.
 */
export async function findStaleEntries(
  archive: Pick<TreeReader, 'get'>,
  patch: readonly PatchEntry[],
  options: { readonly signal?: AbortSignal } = {},
): Promise<PatchEntry[]> {
  const stale: PatchEntry[] = []
  for (const entry of patch) {
    if (!isAsRead(await archive.get(entry.path, options), entry.znode)) stale.push(entry)
  }
  return stale
}

function isAsRead(written: ZnodeReading, now: Znode | null): boolean {
  if (now === null) return written.kind === 'missing'
  if (written.kind !== 'found') return false
  const { znode } = written
  return isSameData(znode.data, now.data) && isSameAcl(znode.acl, now.acl) && isSameStat(znode.stat, now.stat)
}

function isSameStat(a: ZnodeStat, b: ZnodeStat): boolean {
  return (
    a.czxid === b.czxid &&
    a.mzxid === b.mzxid &&
    a.pzxid === b.pzxid &&
    a.ctime === b.ctime &&
    a.mtime === b.mtime &&
    a.version === b.version &&
    a.cversion === b.cversion &&
    a.aversion === b.aversion &&
    a.ephemeralOwner === b.ephemeralOwner
  )
}
