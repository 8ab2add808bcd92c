import { join } from 'node:path'
import { isArkeeperError } from '../../base/errors.ts'
import { listFolders } from './list-archives.ts'
import type { LogBase } from './log-archive.ts'
import { findArchiveBase } from './moment-bases.ts'
import { readManifest } from './read-manifest.ts'
import { removeArchive } from './remove-archive.ts'

/** Archives like any other, in a folder of their own: what lists the archives of a store does not take them for backups of people. */
export function basesDir(dir: string): string {
  return join(/* turbopackIgnore: true */ dir, 'bases')
}

/** See LogArchivePort. */
export async function listLogBases(dir: string): Promise<LogBase[]> {
  const parent = basesDir(dir)
  const found: LogBase[] = []
  for (const name of await listFolders(parent)) {
    const base = await findLogBase(join(/* turbopackIgnore: true */ parent, name))
    if (base !== null) found.push(base)
  }
  return found.sort((a, b) => (a.zxid < b.zxid ? 1 : a.zxid > b.zxid ? -1 : b.takenAtMs - a.takenAtMs))
}

async function findLogBase(dir: string): Promise<LogBase | null> {
  try {
    const { manifest, bytes } = await readManifest(dir)
    const archiveBytes = manifest.files.reduce((sum, file) => sum + file.bytes, bytes)
    return { ...(await findArchiveBase(dir)), dir, takenAtMs: manifest.takenAtMs, archiveBytes, manifest }
  } catch (error) {
    // Removed meanwhile, or damaged: another base serves, further back.
    if (!isArkeeperError(error)) throw error
    return null
  }
}

export async function removeBases(_dir: string, bases: readonly LogBase[]): Promise<void> {
  for (const base of bases) await removeArchive(base.dir)
}
