import { ADLER_START, adler32 } from '../snapshot/adler32.ts'
import { FRAME_HEAD_BYTES } from './entry.ts'
import { END_OF_ENTRY, LOG_HEAD_BYTES, LOG_MAGIC, LOG_VERSION } from './read-log.ts'

/** What a log begins with. */
export function encodeLogHead(): Buffer {
  const head = Buffer.alloc(LOG_HEAD_BYTES)
  head.writeUInt32BE(LOG_MAGIC, 0)
  head.writeInt32BE(LOG_VERSION, 4)
  return head
}

/** An entry's bytes (header, record, digest: also what INFORM packets carry) as a log holds them. */
export function frameEntry(bytes: Uint8Array): Buffer {
  const frame = Buffer.allocUnsafe(FRAME_HEAD_BYTES + bytes.length + 1)
  frame.writeBigInt64BE(BigInt(adler32(ADLER_START, bytes)), 0)
  frame.writeInt32BE(bytes.length, 8)
  frame.set(bytes, FRAME_HEAD_BYTES)
  frame[frame.length - 1] = END_OF_ENTRY
  return frame
}
