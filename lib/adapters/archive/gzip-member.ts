import { promisify } from 'node:util'
import { crc32, deflate, inflateRaw, inflate as inflateZlib, type ZlibOptions } from 'node:zlib'
import { SnapshotError, snapshotFault } from '../../domain/snapshot/errors.ts'
import { letGo } from './let-go.ts'

const deflateAsync = promisify<Buffer, ZlibOptions, Buffer>(deflate)

// Level 1: on znode-like data level 6 is four times slower for about a tenth less size.
const LEVEL = 1
// A larger table of symbols: a quarter less time for 128 KiB more memory, at the same size.
const MEM_LEVEL = 9
// A quarter of the usual window: a third less time, for what stays in the processor's nearest cache, at 0.2 % more size.
const WINDOW_BITS = 13
// Compressed blocks are mostly below this: one round through the thread pool, and no larger buffer than is used.
const CHUNK_BYTES = 256 << 10
const ZLIB_HEADER_BYTES = 2
const ZLIB_TRAILER_BYTES = 4
/** Deflate with a window of 32 KiB, no dictionary (RFC 1950). */
const ZLIB_HEADER = 0x7801
const GZIP_HEADER = Buffer.from([0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 4, 255])
const GZIP_TRAILER_BYTES = 8
const FLAG_EXTRA = 4
const EXTRA_LENGTH_BYTES = 2
const SUBFIELD_HEADER_BYTES = 4
/** Largest raw size of one member that is read in one piece. */
export const MEMBER_RAW_BYTES_MAX = 320 << 20

/**
 * One whole gzip member (no name, no time: equal input gives equal bytes) and the Adler-32 of `raw`. Both are made in the thread pool:
 * the zlib format ends with the Adler-32, and its inside is what gzip holds as well.
 */
export async function compressMember(raw: Buffer): Promise<{ member: Buffer; adler: number }> {
  const packed = await deflateAsync(raw, {
    level: LEVEL,
    memLevel: MEM_LEVEL,
    windowBits: WINDOW_BITS,
    chunkSize: CHUNK_BYTES,
  })
  const trailer = Buffer.allocUnsafe(GZIP_TRAILER_BYTES)
  trailer.writeUInt32LE(crc32(raw), 0)
  trailer.writeUInt32LE(raw.length >>> 0, 4)
  const end = packed.length - ZLIB_TRAILER_BYTES
  const member = Buffer.concat([GZIP_HEADER, packed.subarray(ZLIB_HEADER_BYTES, end), trailer])
  const adler = packed.readUInt32BE(end)
  letGo(packed)
  return { member, adler }
}

/** Largest length by which `stretchMember` can make a member longer. */
export const STRETCH_BYTES_MAX = EXTRA_LENGTH_BYTES + 0xffff

/**
 * The same member, `bytes` long: the rest of the room is an extra field of its header (RFC 1952, 2.3.1.1), which every reader skips.
 * Null when it does not fit.
 */
export function stretchMember(member: Buffer, bytes: number): Buffer | null {
  const added = bytes - member.length
  if (added === 0) return member
  const extra = added - EXTRA_LENGTH_BYTES
  if (extra < SUBFIELD_HEADER_BYTES || added > STRETCH_BYTES_MAX) return null
  const field = Buffer.alloc(added)
  field.writeUInt16LE(extra, 0)
  field.write('AK', EXTRA_LENGTH_BYTES, 'latin1')
  field.writeUInt16LE(extra - SUBFIELD_HEADER_BYTES, EXTRA_LENGTH_BYTES + 2)
  const stretched = Buffer.concat([GZIP_HEADER, field, member.subarray(GZIP_HEADER.length)])
  stretched[3] = FLAG_EXTRA
  return stretched
}

/** The member holds more than the caller wants in one piece. */
export class MemberTooLarge extends Error {}

export interface DecompressedMember {
  readonly raw: Buffer
  /** Compressed length, header and trailer included. */
  readonly bytes: number
}

/**
 * Decompresses the gzip member at the start of `input` in the thread pool and checks its CRC and size. `offset` is where it lies in the
 * file, for faults. Null when `input` ends before the member does. Throws SnapshotError BAD_COMPRESSION, or MemberTooLarge.
 */
export async function decompressMember(
  input: Buffer,
  offset: number,
  limits: { rawBytesHint?: number; rawBytesMax?: number } = {},
): Promise<DecompressedMember | null> {
  const headerBytes = gzipHeaderBytes(input, offset)
  if (headerBytes === null) return null
  const inflated = await inflate(input.subarray(headerBytes), {
    chunkSize: Math.max(64, (limits.rawBytesHint ?? 1 << 20) + 16),
    maxOutputLength: limits.rawBytesMax ?? MEMBER_RAW_BYTES_MAX,
  }).catch((error: unknown) => {
    if (isZlibError(error, 'Z_BUF_ERROR')) return null
    if (isZlibError(error, 'ERR_BUFFER_TOO_LARGE')) throw new MemberTooLarge()
    const cause = error instanceof Error ? error.message : String(error)
    throw snapshotFault('BAD_COMPRESSION', { offset, expected: 'a gzip member', found: cause, cause: error })
  })
  if (inflated === null) return null
  const end = headerBytes + inflated.consumed
  if (end + GZIP_TRAILER_BYTES > input.length) return null
  if (input.readUInt32LE(end) !== crc32(inflated.raw) || input.readUInt32LE(end + 4) !== inflated.raw.length >>> 0) {
    throw snapshotFault('BAD_COMPRESSION', {
      offset: offset + end,
      expected: `CRC ${crc32(inflated.raw).toString(16)} and length ${inflated.raw.length}`,
      found: input.toString('hex', end, end + GZIP_TRAILER_BYTES),
    })
  }
  return { raw: inflated.raw, bytes: end + GZIP_TRAILER_BYTES }
}

/**
 * Decompresses `packed`, which is one member of `compressMember` (perhaps stretched), and proves that it holds `rawBytes` bytes with this
 * Adler-32 and the CRC-32 of the member: zlib sums while it inflates, much faster than we can. `packed` is changed. Null for anything else.
 */
export async function decompressProven(
  packed: Buffer,
  { rawBytes, adler }: { rawBytes: number; adler: number },
): Promise<Buffer | null> {
  const headerBytes = gzipHeaderBytes(packed, 0)
  const end = packed.length - GZIP_TRAILER_BYTES
  if (headerBytes === null || end <= headerBytes || packed.readUInt32LE(end + 4) !== rawBytes >>> 0) return null
  const crc = packed.readUInt32LE(end)
  // The same bytes between the ends that zlib's own format has, whose sum is the Adler-32.
  const start = headerBytes - ZLIB_HEADER_BYTES
  packed.writeUInt16BE(ZLIB_HEADER, start)
  packed.writeUInt32BE(adler, end)
  const input = packed.subarray(start, end + ZLIB_TRAILER_BYTES)
  const inflated = await new Promise<{ raw: Buffer; consumed: number } | null>((resolve) => {
    const options: ZlibOptions = { chunkSize: Math.max(64, rawBytes + 16), maxOutputLength: Math.max(64, rawBytes) }
    inflateZlib(input, { ...options, info: true }, (error, result) => {
      if (error) return resolve(null)
      const { buffer, engine } = toInfo(result)
      resolve({ raw: buffer, consumed: engine.bytesWritten })
    })
  })
  if (inflated === null || inflated.consumed !== input.length) return null
  return inflated.raw.length === rawBytes && crc32(inflated.raw) === crc ? inflated.raw : null
}

function inflate(input: Buffer, options: ZlibOptions): Promise<{ raw: Buffer; consumed: number }> {
  return new Promise((resolve, reject) => {
    inflateRaw(input, { ...options, info: true }, (error, result) => {
      if (error) return reject(error)
      const { buffer, engine } = toInfo(result)
      resolve({ raw: buffer, consumed: engine.bytesWritten })
    })
  })
}

/** With `info` Node answers { buffer, engine }; its type declarations know only the plain buffer. */
function toInfo(result: unknown): { buffer: Buffer; engine: { bytesWritten: number } } {
  return result as { buffer: Buffer; engine: { bytesWritten: number } }
}

function isZlibError(error: unknown, code: string): boolean {
  return error instanceof Error && 'code' in error && error.code === code
}

/** Length of the member's header (RFC 1952); null when `input` is too short for it. */
function gzipHeaderBytes(input: Buffer, offset: number): number | null {
  if (input.length < 10) return null
  if (input[0] !== 0x1f || input[1] !== 0x8b || input[2] !== 8) {
    throw snapshotFault('BAD_COMPRESSION', { offset, expected: '1f8b08 (gzip)', found: input.toString('hex', 0, 3) })
  }
  const flags = input[3]!
  let at = 10
  if (flags & FLAG_EXTRA) {
    if (at + 2 > input.length) return null
    at += 2 + input.readUInt16LE(at)
  }
  for (const text of [8, 16]) {
    if (!(flags & text)) continue
    const end = input.indexOf(0, at)
    if (end < 0) return null
    at = end + 1
  }
  if (flags & 2) at += 2
  return at > input.length ? null : at
}

/** Faults of zlib's streams as SnapshotErrors. `offset` counts compressed bytes. */
export function toCompressionFault(error: unknown, offset: number): unknown {
  if (!(error instanceof Error) || !('code' in error) || typeof error.code !== 'string') return error
  if (error instanceof SnapshotError || !error.code.startsWith('Z_')) return error
  if (error.code === 'Z_BUF_ERROR') {
    return snapshotFault('TRUNCATED', {
      offset,
      expected: 'more compressed bytes',
      found: 'the end of the file',
      cause: error,
    })
  }
  return snapshotFault('BAD_COMPRESSION', { offset, expected: 'gzip data', found: error.message, cause: error })
}
