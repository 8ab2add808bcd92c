import { join } from 'node:path'
import { areKindsKnown } from '../../domain/snapshot/manifest.ts'
import { getDataDir } from './data-dir.ts'
import { ArchiveError } from './errors.ts'
import { findFileSize, readManifest, snapshotFileOf } from './read-manifest.ts'
import type { BaseFile } from './store.ts'

/** See ArchivePort.memberSnapshots. */
export async function listMemberSnapshots(dataDir: string): Promise<BaseFile[]> {
  const place = await getDataDir(dataDir)
  const found: BaseFile[] = []
  for (const { name, zxid } of place.snapshots) {
    const path = join(/* turbopackIgnore: true */ place.dir, name)
    const bytes = await findFileSize(path)
    // A server purges as it likes.
    if (bytes !== null) found.push({ name, path, zxid, bytes })
  }
  return found
}

/** See ArchivePort.archiveBase. */
export async function findArchiveBase(dir: string): Promise<BaseFile> {
  const { manifest } = await readManifest(dir)
  const { name, bytes } = snapshotFileOf(manifest, dir)
  const path = join(/* turbopackIgnore: true */ dir, name)
  if ((await findFileSize(path)) !== bytes) {
    throw new ArchiveError('SIZE_MISMATCH', `${path} is not the file that the manifest names`)
  }
  const isExact = manifest.consistency.class === 'exact'
  const kindsKnown = areKindsKnown(manifest)
  return { name, path, zxid: BigInt(manifest.zxid), bytes, isExact, kindsKnown }
}
