import { checkSnapshot, findDigests } from './check-snapshot.ts'
import { toArchiveError } from './errors.ts'
import { openSnapshotFile } from './open-archive.ts'
import { detectCompression, readSnapshotBytes } from './snapshot-file.ts'
import type { NativeSnapshot } from './store.ts'

/**
 * A snapshot file that a server wrote, with what the file itself says of its state. Read twice: once to check all of it and to compute
 * the digest, once to put it in path order. Throws SnapshotError for a damaged file, ArchiveError for one that cannot be read.
 */
export async function openNativeSnapshot(
  path: string,
  options: { readonly signal?: AbortSignal; onProgress?: (znodes: number, dataBytes: number) => void } = {},
): Promise<NativeSnapshot> {
  try {
    const compression = await detectCompression(path)
    const checked = await checkSnapshot(readSnapshotBytes(path, compression), {
      digest: true,
      signal: options.signal,
      onProgress: options.onProgress,
    })
    return {
      reader: await openSnapshotFile(path, compression, options.signal),
      sessions: checked.head.sessions,
      lastZxid: checked.tail.lastZxid,
      digest: findDigests(checked),
      znodes: checked.znodes,
    }
  } catch (error) {
    throw toArchiveError(error, `reading the snapshot ${path}`)
  }
}
