import { createReadStream } from 'node:fs'
import { pipeline, Readable } from 'node:stream'
import { createGunzip } from 'node:zlib'
import { parseHex64 } from '../../base/hex64.ts'
import { snapshotFault } from '../../domain/snapshot/errors.ts'
import { SNAPSHOT_MAGIC } from '../../domain/snapshot/read-snapshot.ts'
import { decodeSnappy, SNAPPY_MAGIC } from '../../domain/snapshot/snappy.ts'
import { type AgeKeys, NO_KEYS } from '../age/age-keys.ts'
import { toArchiveError } from './errors.ts'
import { AGE_SUFFIX, openContent, plainName, streamSealed } from './file-form.ts'
import { toCompressionFault } from './gzip-member.ts'

export type Compression = 'none' | 'gzip' | 'snappy'

const CHUNK_BYTES = 1 << 20
/** What a format is told by. */
const FIRST_BYTES = 8
const EXTENSION: Readonly<Record<Compression, string>> = { none: '', gzip: 'gz', snappy: 'snappy' }

/** zxid in a name like `snapshot.1a.gz`; null for any other name. Files that only look parked (`snapshot.1a.bak`) count, as for a server. */
export function findSnapshotZxid(name: string): bigint | null {
  const [prefix, zxid] = name.split('.')
  return prefix === 'snapshot' && zxid ? parseHex64(zxid) : null
}

/** zxid in a name like `log.1a`; null for any other name. */
export function findLogZxid(name: string): bigint | null {
  const [prefix, zxid] = name.split('.')
  return prefix === 'log' && zxid ? parseHex64(zxid) : null
}

/** How a server would read a file of this name: by its last extension alone; anything unknown counts as uncompressed. */
export function compressionOfName(name: string): Compression {
  const last = plainName(name).split('.').at(-1)
  return last === EXTENSION.gzip ? 'gzip' : last === EXTENSION.snappy ? 'snappy' : 'none'
}

/** Told by the first bytes, not by the name. Throws SnapshotError BAD_MAGIC or TRUNCATED. */
export async function detectCompression(path: string, keys?: AgeKeys): Promise<Compression> {
  const source = await openContent(path, keys)
  let first: Buffer
  try {
    first = await source.read(0, Math.min(FIRST_BYTES, source.bytes))
  } finally {
    await source.close()
  }
  if (first.length < FIRST_BYTES) {
    throw snapshotFault('TRUNCATED', { offset: first.length, expected: 'a snapshot', found: 'the end of the file' })
  }
  if (first.readInt32BE(0) === SNAPSHOT_MAGIC) return 'none'
  if (first[0] === 0x1f && first[1] === 0x8b) return 'gzip'
  if (first.equals(SNAPPY_MAGIC)) return 'snappy'
  throw snapshotFault('BAD_MAGIC', {
    offset: 0,
    expected: 'ZKSN, gzip or snappy-java',
    found: first.toString('hex', 0, 4),
  })
}

/** The file's bytes as they are, in order; with keys those of its content, where it is encrypted. */
export async function* readFileBytes(path: string, start = 0, keys?: AgeKeys): AsyncGenerator<Buffer> {
  if (keys !== undefined && path.endsWith(AGE_SUFFIX)) return yield* streamSealed(path, keys, start)
  try {
    yield* createReadStream(path, { start, highWaterMark: CHUNK_BYTES })
  } catch (error) {
    throw toArchiveError(error, `reading ${path}`)
  }
}

/** The uncompressed stream of a snapshot file. Faults of the compression are SnapshotErrors with the compressed offset. */
export async function* readSnapshotBytes(
  path: string,
  compression: Compression,
  keys: AgeKeys = NO_KEYS,
): AsyncGenerator<Buffer> {
  if (compression === 'none') return yield* readFileBytes(path, 0, keys)
  if (compression === 'snappy') return yield* decodeSnappy(readFileBytes(path, 0, keys))
  const gunzip = createGunzip({ chunkSize: CHUNK_BYTES })
  let packedBytes = 0
  async function* count() {
    for await (const chunk of readFileBytes(path, 0, keys)) {
      packedBytes += chunk.length
      yield chunk
    }
  }
  const packed = Readable.from(count(), { objectMode: false, highWaterMark: CHUNK_BYTES })
  // pipeline ends both streams when either fails; the failure is thrown by the iteration below.
  pipeline(packed, gunzip, () => undefined)
  try {
    yield* gunzip
    // zlib passes over zeros behind the last member; in a plain file they would be damage, too.
    if (gunzip.bytesWritten < packedBytes) {
      const found = `${packedBytes - gunzip.bytesWritten} bytes more`
      throw snapshotFault('BAD_TAIL', { offset: gunzip.bytesWritten, expected: 'the end of the file', found })
    }
  } catch (error) {
    throw toArchiveError(toCompressionFault(error, gunzip.bytesWritten), `reading ${path}`)
  }
}
