import { stat } from 'node:fs/promises'
import { join } from 'node:path'
import type { TreeReader } from '../../domain/znode/ports.ts'
import { type DataDir, findDataDir } from './data-dir.ts'
import { ArchiveError, toArchiveError } from './errors.ts'
import { openArchive, openSnapshotFile } from './open-archive.ts'
import { openDataDir } from './open-data-dir.ts'
import { findFileSize, MANIFEST_FILE } from './read-manifest.ts'
import { detectCompression } from './snapshot-file.ts'

export type LocalPath =
  | { readonly kind: 'file'; readonly path: string }
  | { readonly kind: 'archive'; readonly dir: string }
  | ({ readonly kind: 'datadir' } & DataDir)

/** What a path on this machine is. Throws ArchiveError NOT_FOUND, DENIED or NOT_A_SNAPSHOT. */
export async function identifyPath(path: string): Promise<LocalPath> {
  try {
    const found = await stat(path)
    if (!found.isDirectory()) return { kind: 'file', path }
    if ((await findFileSize(join(path, MANIFEST_FILE))) !== null) return { kind: 'archive', dir: path }
    const dataDir = await findDataDir(path)
    if (dataDir) return { kind: 'datadir', ...dataDir }
  } catch (error) {
    throw toArchiveError(error, `reading ${path}`)
  }
  throw new ArchiveError('NOT_A_SNAPSHOT', `${path} is neither an archive nor a data directory`, {
    remedy: 'give a snapshot file, an archive folder, or a data directory (version-2 or its parent)',
  })
}

/**
 * A snapshot file, an archive folder or a data directory as a tree. A data directory is shown as of the last transaction that its logs prove
 * (`openDataDir`). Throws ArchiveError, or SnapshotError for a damaged file.
 */
export async function openPath(path: string, options: { signal?: AbortSignal } = {}): Promise<TreeReader> {
  const place = await identifyPath(path)
  if (place.kind === 'archive') return openArchive(place.dir)
  if (place.kind === 'file') return openSnapshotFile(place.path, await detectCompression(place.path), options.signal)
  return openDataDir(place.dir, options)
}
