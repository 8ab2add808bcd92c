import { createReadStream } from 'node:fs'
import { open } from 'node:fs/promises'
import { pipeline } from 'node:stream'
import { createGunzip } from 'node:zlib'
import { importFault } from '../../../domain/imports/errors.ts'
import { isErrnoError, toArchiveError } from '../errors.ts'

const CHUNK_BYTES = 256 << 10
/** Of a packed file: what it is unpacked lies in the temporary folder for a while. */
export const UNPACKED_BYTES_MAX = 64 * 2 ** 30

/** A file's bytes in order, unpacked where it is gzip by its content. Throws ImportError for a broken packing. */
export async function* readUnpackedBytes(path: string): AsyncGenerator<Buffer> {
  const isPacked = await isGzip(path)
  const source = createReadStream(path, { highWaterMark: CHUNK_BYTES })
  if (!isPacked) {
    try {
      yield* source
    } catch (error) {
      throw toArchiveError(error, `reading ${path}`)
    }
    return
  }
  const gunzip = createGunzip({ chunkSize: CHUNK_BYTES })
  // pipeline ends both streams when either fails; the failure is thrown by the iteration below.
  pipeline(source, gunzip, () => undefined)
  let bytes = 0
  try {
    for await (const chunk of gunzip) {
      bytes += chunk.length
      if (bytes > UNPACKED_BYTES_MAX) {
        throw importFault(
          'IMPORT_TOO_LARGE',
          `Unpacked, the file has more than ${UNPACKED_BYTES_MAX / 2 ** 30} GiB`,
          null,
        )
      }
      yield chunk
    }
  } catch (error) {
    if (isErrnoError(error) || !isZlibError(error)) throw toArchiveError(error, `reading ${path}`)
    throw importFault(
      'TRUNCATED',
      'The gzip packing of the file is damaged, or the file is not whole',
      gunzip.bytesWritten,
      'copy it again from where it was',
    )
  }
}

/** The first unpacked bytes, at most `length`. */
export async function readHead(path: string, length: number): Promise<Buffer> {
  const parts: Buffer[] = []
  let bytes = 0
  for await (const chunk of readUnpackedBytes(path)) {
    parts.push(chunk)
    bytes += chunk.length
    if (bytes >= length) break
  }
  return Buffer.concat(parts).subarray(0, length)
}

async function isGzip(path: string): Promise<boolean> {
  try {
    const handle = await open(path, 'r')
    try {
      const first = Buffer.alloc(2)
      const { bytesRead } = await handle.read(first, 0, 2, 0)
      return bytesRead === 2 && first[0] === 0x1f && first[1] === 0x8b
    } finally {
      await handle.close()
    }
  } catch (error) {
    throw toArchiveError(error, `reading ${path}`)
  }
}

function isZlibError(error: unknown): boolean {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' && error.code.startsWith('Z_')
}
