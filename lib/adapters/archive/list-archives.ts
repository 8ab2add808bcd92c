import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { isArkeeperError } from '../../base/errors.ts'
import { isErrnoError, toArchiveError } from './errors.ts'
import { plainName } from './file-form.ts'
import { ARCHIVE_NAME, findFileSize, readManifest } from './read-manifest.ts'
import { INDEX_FILE } from './snapshot-index.ts'
import type { ListedArchive } from './store.ts'
import { isTempName } from './temp-dir.ts'

/** Names of the folders in a folder, sorted; empty where there is no such folder. Temporaries and hidden ones are left out. */
export async function listFolders(dir: string): Promise<string[]> {
  try {
    const entries = await readdir(dir, { withFileTypes: true })
    return entries
      .filter((entry) => entry.isDirectory() && !isTempName(entry.name) && !entry.name.startsWith('.'))
      .map((entry) => entry.name)
      .sort()
  } catch (error) {
    if (isErrnoError(error) && error.code === 'ENOENT') return []
    throw toArchiveError(error, `listing ${dir}`)
  }
}

/**
 * Archives of a store by cluster and time, told by manifest and file sizes alone: cheap enough for a rescan, no proof (that is `verify`).
 * A folder that is named like an archive but has no sound manifest, or lacks a file of it, is listed as damaged.
 */
export async function* listArchives(storeDir: string): AsyncGenerator<ListedArchive> {
  for (const cluster of await listFolders(storeDir)) {
    for (const name of await listFolders(join(storeDir, cluster))) {
      const listed = await inspectFolder(join(storeDir, cluster, name), name)
      if (listed) yield listed
    }
  }
}

async function inspectFolder(dir: string, name: string): Promise<ListedArchive | null> {
  try {
    const { manifest, bytes } = await readManifest(dir)
    let archiveBytes = bytes
    for (const file of manifest.files) {
      const found = await findFileSize(join(dir, file.name))
      archiveBytes += found ?? 0
      if (plainName(file.name) === INDEX_FILE) continue
      if (found === null) return { kind: 'damaged', dir, message: `${file.name} is missing` }
      if (found !== file.bytes) {
        return { kind: 'damaged', dir, message: `${file.name} has ${found} bytes, the manifest says ${file.bytes}` }
      }
    }
    return { kind: 'archive', dir, manifest, archiveBytes }
  } catch (error) {
    if (!isArkeeperError(error)) throw error
    // Another tool's folder in the store is none of our business.
    if (error.code === 'MANIFEST_MISSING' && !ARCHIVE_NAME.test(name)) return null
    if (error.code === 'NOT_FOUND') return null
    return { kind: 'damaged', dir, message: error.message }
  }
}
