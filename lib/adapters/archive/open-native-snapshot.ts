import { checkSnapshot } from './check-snapshot.ts'
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
    const { head, tail, znodes, digest } = await checkSnapshot(readSnapshotBytes(path, compression), {
      digest: true,
      signal: options.signal,
      onProgress: options.onProgress,
    })
    const stored = tail.digest
    // Zxid 0 with digest 0 is what a server writes while it knows none.
    const known = stored && digest && !(stored.zxid === 0n && stored.value === 0n) ? { stored, digest } : null
    return {
      reader: await openSnapshotFile(path, compression, options.signal),
      sessions: head.sessions,
      lastZxid: tail.lastZxid,
      digest: known && {
        zxid: known.stored.zxid,
        stored: known.stored.value,
        computed: known.stored.value === known.digest.ascii ? known.digest.ascii : known.digest.value,
      },
      znodes,
    }
  } catch (error) {
    throw toArchiveError(error, `reading the snapshot ${path}`)
  }
}
