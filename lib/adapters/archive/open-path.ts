import type { Dirent } from 'node:fs'
import { readdir, stat } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { isArkeeperError } from '../../base/errors.ts'
import { SnapshotError } from '../../domain/snapshot/errors.ts'
import type { TreeReader } from '../../domain/znode/ports.ts'
import { ArchiveError, isErrnoError, toArchiveError } from './errors.ts'
import { openArchive, openSnapshotFile } from './open-archive.ts'
import { findFileSize, MANIFEST_FILE } from './read-manifest.ts'
import { detectCompression, findLogZxid, findSnapshotZxid } from './snapshot-file.ts'

const VERSION_DIR = 'version-2'

export interface DataDir {
  /** Folder that holds the files: `version-2`. */
  readonly dir: string
  /** Newest first, as a server tries them. */
  readonly snapshots: readonly { readonly name: string; readonly zxid: bigint }[]
  /** Oldest first. */
  readonly logs: readonly { readonly name: string; readonly zxid: bigint }[]
}

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
    for (const dir of [path, join(path, VERSION_DIR)]) {
      const dataDir = await findDataDir(dir)
      if (dataDir) return { kind: 'datadir', ...dataDir }
    }
  } catch (error) {
    throw toArchiveError(error, `reading ${path}`)
  }
  throw new ArchiveError('NOT_A_SNAPSHOT', `${path} is neither an archive nor a data directory`, {
    remedy: 'give a snapshot file, an archive folder, or a data directory (version-2 or its parent)',
  })
}

async function findDataDir(dir: string): Promise<DataDir | null> {
  let entries: Dirent[]
  try {
    entries = await readdir(dir, { withFileTypes: true })
  } catch (error) {
    if (isErrnoError(error) && (error.code === 'ENOENT' || error.code === 'ENOTDIR')) return null
    throw error
  }
  const named = (find: (name: string) => bigint | null) =>
    entries.flatMap((entry) => {
      const zxid = entry.isFile() ? find(entry.name) : null
      return zxid === null ? [] : [{ name: entry.name, zxid }]
    })
  const byZxid = (a: { zxid: bigint }, b: { zxid: bigint }) => (a.zxid < b.zxid ? -1 : a.zxid > b.zxid ? 1 : 0)
  const snapshots = named(findSnapshotZxid).sort((a, b) => byZxid(b, a))
  const logs = named(findLogZxid).sort(byZxid)
  return snapshots.length + logs.length > 0 || basename(dir) === VERSION_DIR ? { dir, snapshots, logs } : null
}

/**
 * A snapshot file, an archive folder or a data directory as a tree. Of a data directory the newest sound snapshot is taken, without its
 * logs: what changed after it is not in the tree. Throws ArchiveError, or SnapshotError for a damaged file.
 */
export async function openPath(path: string): Promise<TreeReader> {
  const place = await identifyPath(path)
  if (place.kind === 'archive') return openArchive(place.dir)
  if (place.kind === 'file') return openSnapshotFile(place.path, await detectCompression(place.path))
  const faults: string[] = []
  for (const { name } of place.snapshots) {
    const file = join(/* turbopackIgnore: true */ place.dir, name)
    try {
      return await openSnapshotFile(file, await detectCompression(file))
    } catch (error) {
      // As a server does: a damaged snapshot is passed over for the next older one.
      if (!isArkeeperError(error) || !(error instanceof SnapshotError)) throw error
      faults.push(`${name}: ${error.message}`)
    }
  }
  const message = faults.length === 0 ? 'holds no snapshot' : `holds no sound snapshot (${faults.join('; ')})`
  throw new ArchiveError('NO_VALID_SNAPSHOT', `${place.dir} ${message}`)
}
