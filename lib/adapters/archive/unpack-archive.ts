import { createHash } from 'node:crypto'
import { join } from 'node:path'
import { throwIfAborted } from '../../base/errors.ts'
import { SnapshotReader } from '../../domain/snapshot/read-snapshot.ts'
import { type AgeKeys, NO_KEYS } from '../age/age-keys.ts'
import { toArchiveError } from './errors.ts'
import { readManifest, readWholeManifest, snapshotFileOf } from './read-manifest.ts'
import { detectCompression, readSnapshotBytes } from './snapshot-file.ts'
import type { UnpackedSnapshot } from './store.ts'

export async function measureUnpacked(
  dir: string,
  options: { readonly signal?: AbortSignal; onProgress?: (znodes: number) => void; readonly keys?: AgeKeys } = {},
): Promise<UnpackedSnapshot> {
  const { keys = NO_KEYS } = options
  const { manifest } = await readWholeManifest(dir, keys)
  const hash = createHash('sha256')
  let bytes = 0
  async function* hashed() {
    for await (const chunk of readUnpacked(dir, keys)) {
      hash.update(chunk)
      bytes += chunk.length
      yield chunk
    }
  }
  const reader = new SnapshotReader(hashed(), { order: 'path', signal: options.signal })
  const byKind = { persistent: 0, ephemeral: 0, container: 0, ttl: 0 }
  let largestDataBytes = 0
  let largestPath = '/'
  try {
    const head = await reader.readHead()
    const visit: Parameters<SnapshotReader['visitRecords']>[0] = (record, path) => {
      byKind[record.kind()]++
      if (record.dataBytes <= largestDataBytes) return
      largestDataBytes = record.dataBytes
      largestPath = path
    }
    while (await reader.visitRecords(visit)) {
      throwIfAborted(options.signal)
      options.onProgress?.(reader.records)
    }
    await reader.readTail()
    const sha256 = hash.digest('hex')
    return { manifest, bytes, sha256, largestDataBytes, largestPath, sessions: head.sessions.size, byKind }
  } catch (error) {
    throw toArchiveError(error, `unpacking the snapshot of ${dir}`)
  } finally {
    await reader.close()
  }
}

export async function* readUnpacked(dir: string, keys: AgeKeys = NO_KEYS): AsyncGenerator<Uint8Array> {
  const { manifest } = await readManifest(dir)
  const path = join(dir, snapshotFileOf(manifest, dir).name)
  yield* readSnapshotBytes(path, await detectCompression(path, keys), keys)
}
