import { promisify } from 'node:util'
import { gunzip, zstdDecompress } from 'node:zlib'
import { invariant } from '../../base/invariant.ts'
import { findPacking, type Packing } from '../../domain/value/packing.ts'

/** Enough for everything that fits into a znode in earnest; a bomb ends here. */
export const UNPACKED_BYTES_MAX = 16 * 1024 * 1024

export type Unpacked =
  | { readonly kind: 'unpacked'; readonly packing: Packing; readonly data: Uint8Array }
  /** `message`: why, one sentence without full stop. */
  | { readonly kind: 'failed'; readonly packing: Packing; readonly message: string }

/** What a gzip or zstd value holds; null for any other value. One layer: what is packed twice comes out packed once. */
export async function unpackValue(data: Uint8Array | null): Promise<Unpacked | null> {
  const packing = findPacking(data)
  if (packing === null || data === null) return null
  try {
    const unpacked = await (packing === 'gzip' ? unpackGzip(data) : unpackZstd(data))
    if (unpacked === null) return { kind: 'failed', packing, message: 'other bytes follow the packed data' }
    return { kind: 'unpacked', packing, data: unpacked }
  } catch (error) {
    return { kind: 'failed', packing, message: describe(error) }
  }
}

const unpackGzip = (data: Uint8Array): Promise<Uint8Array> =>
  promisify(gunzip)(data, { maxOutputLength: UNPACKED_BYTES_MAX })

interface ZstdResult {
  readonly buffer: Buffer
  readonly engine: { readonly bytesWritten: number }
}

/** zlib takes one frame and is silent about what follows it; a value may be several frames one after the other (RFC 8878, 3). Null: something else follows. */
async function unpackZstd(data: Uint8Array): Promise<Uint8Array | null> {
  const frames: Buffer[] = []
  let left = UNPACKED_BYTES_MAX
  for (let at = 0; at < data.length; ) {
    const rest = data.subarray(at)
    if (at > 0 && findPacking(rest) !== 'zstd') return null
    const { buffer, engine } = await new Promise<ZstdResult>((resolve, reject) => {
      // With `info` the result is an object of both, which the types of Node do not say.
      const done = (error: Error | null, result: unknown) => (error ? reject(error) : resolve(result as ZstdResult))
      zstdDecompress(rest, { maxOutputLength: Math.max(left, 1), info: true }, done)
    })
    invariant(engine.bytesWritten > 0, 'a frame has bytes')
    frames.push(buffer)
    left -= buffer.length
    at += engine.bytesWritten
  }
  return frames.length === 1 && frames[0] ? frames[0] : Buffer.concat(frames)
}

function describe(error: unknown): string {
  const code = error instanceof Error && 'code' in error ? error.code : null
  if (code === 'ERR_BUFFER_TOO_LARGE') {
    return `it unpacks to more than ${UNPACKED_BYTES_MAX / 1024 / 1024} MiB, which is not shown here`
  }
  if (code === 'Z_BUF_ERROR') return 'it ends before the packed data does'
  return `it is damaged or only looks packed: ${error instanceof Error ? error.message : String(error)}`
}
