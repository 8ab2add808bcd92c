import type { Dirent } from 'node:fs'
import { readdir } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { ArchiveError, isErrnoError, toArchiveError } from './errors.ts'
import { findLogZxid, findSnapshotZxid } from './snapshot-file.ts'

const VERSION_DIR = 'version-2'

export interface NamedFile {
  readonly name: string
  /** What the name says. */
  readonly zxid: bigint
}

/** Snapshots and logs of one server. */
export interface DataDir {
  /** Folder that holds the snapshots: `version-2`. */
  readonly dir: string
  /** Folder that holds the logs; mostly the same (`dataLogDir`). */
  readonly logDir: string
  /** Newest first, as a server tries them. */
  readonly snapshots: readonly NamedFile[]
  /** Oldest first. */
  readonly logs: readonly NamedFile[]
}

/** The data directory at a path, `version-2` or its parent; null when there is none. Logs may lie in another one. */
export async function findDataDir(path: string, logPath: string = path): Promise<DataDir | null> {
  const place = await findPlace(path)
  if (place === null) return null
  const logPlace = logPath === path ? place : await findPlace(logPath)
  if (logPlace === null) return null
  return { dir: place.dir, logDir: logPlace.dir, snapshots: place.snapshots, logs: logPlace.logs }
}

/** As `findDataDir`; throws ArchiveError NOT_A_SNAPSHOT. */
export async function getDataDir(path: string, logPath: string = path): Promise<DataDir> {
  try {
    const found = await findDataDir(path, logPath)
    if (found) return found
  } catch (error) {
    throw toArchiveError(error, `reading ${path}`)
  }
  const where = logPath === path ? path : `${path} with ${logPath}`
  throw new ArchiveError('NOT_A_SNAPSHOT', `${where} is no data directory`, {
    remedy: 'give the folder that holds snapshot.* and log.* (version-2), or its parent',
  })
}

async function findPlace(path: string): Promise<Omit<DataDir, 'logDir'> | null> {
  for (const dir of [path, join(/* turbopackIgnore: true */ path, VERSION_DIR)]) {
    const found = await listFiles(dir)
    if (found) return found
  }
  return null
}

async function listFiles(dir: string): Promise<Omit<DataDir, 'logDir'> | null> {
  let entries: Dirent[]
  try {
    entries = await readdir(dir, { withFileTypes: true })
  } catch (error) {
    if (isErrnoError(error) && (error.code === 'ENOENT' || error.code === 'ENOTDIR')) return null
    throw error
  }
  const named = (find: (name: string) => bigint | null) =>
    entries.flatMap((entry): NamedFile[] => {
      const zxid = entry.isFile() ? find(entry.name) : null
      return zxid === null ? [] : [{ name: entry.name, zxid }]
    })
  const byZxid = (a: NamedFile, b: NamedFile) => (a.zxid < b.zxid ? -1 : a.zxid > b.zxid ? 1 : 0)
  const snapshots = named(findSnapshotZxid).sort((a, b) => byZxid(b, a))
  const logs = named(findLogZxid).sort(byZxid)
  return snapshots.length + logs.length > 0 || basename(dir) === VERSION_DIR ? { dir, snapshots, logs } : null
}

/**
 * Works on a listing of the directory. A running server deletes old files (autopurge) and appends to its log while they are read: what
 * fails by that is tried once more with a fresh listing. Throws ArchiveError FILES_CHANGED when it fails again.
 */
export async function withListing<T>(list: () => Promise<DataDir>, work: (place: DataDir) => Promise<T>): Promise<T> {
  try {
    return await work(await list())
  } catch (error) {
    if (!isChange(error)) throw error
  }
  const place = await list()
  try {
    return await work(place)
  } catch (error) {
    if (!isChange(error)) throw error
    throw new ArchiveError('FILES_CHANGED', `files of ${place.dir} changed or vanished while they were read, twice`, {
      unaffected: 'nothing was written',
      remedy: 'copy the directory and read the copy, or try again when the server does not purge',
      cause: error,
    })
  }
}

function isChange(error: unknown): error is Error {
  return error instanceof Error && 'code' in error && (error.code === 'NOT_FOUND' || error.code === 'LOG_CHANGED')
}
