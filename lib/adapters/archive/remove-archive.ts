import { lstat, readdir, rename, stat } from 'node:fs/promises'
import { basename, dirname, join, resolve } from 'node:path'
import { ArchiveError, isErrnoError, toArchiveError } from './errors.ts'
import { listFolders } from './list-archives.ts'
import { ARCHIVE_NAME, findFileSize, MANIFEST_FILE } from './read-manifest.ts'
import { findTempOwner, isTempName, mayBeAlive, removeTree, syncDir, tempName } from './temp-dir.ts'

const ABANDONED_AFTER_MS = 24 * 3_600_000

/**
 * Deletes an archive, damaged or not: first renamed to a temporary name, so that no half of it is ever listed. Refuses anything that
 * is not the folder of an archive (ArchiveError NOT_AN_ARCHIVE).
 */
export async function removeArchive(dir: string): Promise<void> {
  const target = resolve(dir)
  try {
    const found = await lstat(target)
    const looksRight = found.isDirectory() && !isTempName(basename(target))
    const isArchive = ARCHIVE_NAME.test(basename(target)) || (await findFileSize(join(target, MANIFEST_FILE))) !== null
    if (!looksRight || !isArchive) {
      throw new ArchiveError('NOT_AN_ARCHIVE', `${target} is not the folder of an archive`, {
        unaffected: 'nothing was deleted',
      })
    }
    const parent = dirname(target)
    const aside = join(parent, tempName())
    await rename(target, aside)
    await syncDir(parent)
    await removeTree(aside)
  } catch (error) {
    throw toArchiveError(error, `removing ${target}`)
  }
}

/** Deletes temporaries whose writer is gone from this host, or that nobody touched for a day. Returns how many. */
export async function sweepUnfinished(storeDir: string, now: () => number = Date.now): Promise<number> {
  let swept = 0
  for (const cluster of ['.', ...(await listFolders(storeDir))]) {
    const parent = join(storeDir, cluster)
    for (const name of await listTemporaries(parent)) {
      const owner = findTempOwner(name)
      // Not a name of ours: whatever it is, it is somebody else's.
      if (owner === null) continue
      const dir = join(parent, name)
      try {
        if (mayBeAlive(owner) && now() - (await lastTouched(dir)) < ABANDONED_AFTER_MS) continue
        await removeTree(dir)
        swept++
      } catch (error) {
        // Gone in the meantime: its writer has just published or removed it.
        if (!isErrnoError(error) || error.code !== 'ENOENT') throw toArchiveError(error, `sweeping ${dir}`)
      }
    }
  }
  return swept
}

async function listTemporaries(parent: string): Promise<string[]> {
  try {
    return (await readdir(parent)).filter(isTempName)
  } catch (error) {
    if (isErrnoError(error) && error.code === 'ENOENT') return []
    throw toArchiveError(error, `listing ${parent}`)
  }
}

async function lastTouched(dir: string): Promise<number> {
  let newest = (await stat(dir)).mtimeMs
  for (const name of await readdir(dir)) newest = Math.max(newest, (await stat(join(dir, name))).mtimeMs)
  return newest
}
