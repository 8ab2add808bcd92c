import { createReadStream } from 'node:fs'
import { open } from 'node:fs/promises'
import { pipeline } from 'node:stream'
import { createGunzip } from 'node:zlib'
import { parseHex64 } from '../../base/hex64.ts'
import { snapshotFault } from '../../domain/snapshot/errors.ts'
import { SNAPSHOT_MAGIC } from '../../domain/snapshot/read-snapshot.ts'
import { decodeSnappy, SNAPPY_MAGIC } from '../../domain/snapshot/snappy.ts'
import { toArchiveError } from './errors.ts'
import { toCompressionFault } from './gzip-member.ts'

export type Compression = 'none' | 'gzip' | 'snappy'

const CHUNK_BYTES = 1 << 20
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
  const last = name.split('.').at(-1)
  return last === EXTENSION.gzip ? 'gzip' : last === EXTENSION.snappy ? 'snappy' : 'none'
}

/** Told by the first bytes, not by the name. Throws SnapshotError BAD_MAGIC or TRUNCATED. */
export async function detectCompression(path: string): Promise<Compression> {
  const first = Buffer.alloc(8)
  let bytes = 0
  try {
    const handle = await open(path, 'r')
    try {
      bytes = (await handle.read(first, 0, first.length, 0)).bytesRead
    } finally {
      await handle.close()
    }
  } catch (error) {
    throw toArchiveError(error, `reading ${path}`)
  }
  if (bytes < first.length) {
    throw snapshotFault('TRUNCATED', { offset: bytes, expected: 'a snapshot', found: 'the end of the file' })
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

/** The file's bytes as they are, in order. */
export async function* readFileBytes(path: string, start = 0): AsyncGenerator<Buffer> {
  try {
    yield* createReadStream(path, { start, highWaterMark: CHUNK_BYTES })
  } catch (error) {
    throw toArchiveError(error, `reading ${path}`)
  }
}

/** The uncompressed stream of a snapshot file. Faults of the compression are SnapshotErrors with the compressed offset. */
export async function* readSnapshotBytes(path: string, compression: Compression): AsyncGenerator<Buffer> {
  if (compression === 'none') return yield* readFileBytes(path)
  if (compression === 'snappy') return yield* decodeSnappy(readFileBytes(path))
  const gunzip = createGunzip({ chunkSize: CHUNK_BYTES })
  const packed = createReadStream(path, { highWaterMark: CHUNK_BYTES })
  // pipeline ends both streams when either fails; the failure is thrown by the iteration below.
  pipeline(packed, gunzip, () => undefined)
  try {
    yield* gunzip
    // zlib passes over zeros behind the last member; in a plain file they would be damage, too.
    if (gunzip.bytesWritten < packed.bytesRead) {
      const found = `${packed.bytesRead - gunzip.bytesWritten} bytes more`
      throw snapshotFault('BAD_TAIL', { offset: gunzip.bytesWritten, expected: 'the end of the file', found })
    }
  } catch (error) {
    throw toArchiveError(toCompressionFault(error, gunzip.bytesWritten), `reading ${path}`)
  }
}
