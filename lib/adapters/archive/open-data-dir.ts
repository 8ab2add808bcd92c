import { join } from 'node:path'
import { type DataDir, getDataDir, withListing } from './data-dir.ts'
import { readExactBases } from './exact-bases.ts'
import { missedBelowOf, readFollowedGaps } from './followed-gaps.ts'
import { logSourcesOf } from './log-file.ts'
import { type DataDirTree, openHistory } from './open-history.ts'
import type { OpenDataDirOptions } from './store.ts'

/**
 * The tree of a data directory (`version-2` or its parent) at a zxid: the newest snapshot that can serve it, with its logs replayed. Without `to`
 * it is the last one that the logs prove; where they prove none, the newest sound snapshot as it lies (`proof.exact` is false). The directory is
 * only read. Throws ArchiveError NO_VALID_SNAPSHOT or FILES_CHANGED, TxnLogError LOG_GAP, LOG_TOO_SHORT or SNAPSHOT_TOO_NEW for a `to` out of reach.
 */
export async function openDataDir(path: string, options: OpenDataDirOptions = {}): Promise<DataDirTree> {
  return withListing(
    () => getDataDir(path, options.logDir),
    (place) => openListed(place, options),
  )
}

/** As `openDataDir`, of files that were listed before. */
export async function openListed(place: DataDir, options: OpenDataDirOptions): Promise<DataDirTree> {
  const exact = await readExactBases(place.dir)
  const bases = place.snapshots.map(({ name, zxid }) => ({
    name,
    zxid,
    isExact: exact.has(name),
    path: join(/* turbopackIgnore: true */ place.dir, name),
  }))
  const missedBelow = missedBelowOf((await readFollowedGaps(place)) ?? [], { perhaps: false })
  const logs = logSourcesOf(place).map((log) => ({ ...log, missedBelow }))
  return openHistory({ name: place.dir, logsName: place.logDir, bases, logs }, options)
}

/** A snapshot file by itself, as it lies. `zxid` of its name, where it still has one. */
export async function openSnapshotAlone(
  path: string,
  named: { readonly name: string; readonly zxid: bigint | null },
  signal?: AbortSignal,
): Promise<DataDirTree> {
  const { name, zxid } = named
  return openHistory({ name, logsName: name, bases: [{ name, path, zxid: zxid ?? 0n }], logs: [] }, { signal })
}
