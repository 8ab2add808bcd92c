import { SNAPPY_MAGIC } from './snappy.ts'

/** What snappy-java's SnappyOutputStream takes by default; a copy reaches back within its block only. */
const BLOCK_BYTES = 32 << 10
const HASH_BITS = 14
const MATCH_BYTES_MIN = 4
const COPY_BYTES_MAX = 64

/** The 16 bytes that a `.snappy` file begins with: magic, version 1, readable by version 1. */
export function encodeSnappyHead(): Buffer {
  const head = Buffer.alloc(16)
  SNAPPY_MAGIC.copy(head)
  head.writeInt32BE(1, 8)
  head.writeInt32BE(1, 12)
  return head
}

/** Bytes as they follow the head in snappy-java's stream: int length and one raw snappy block for each 32 KiB. */
export function encodeSnappy(bytes: Uint8Array): Buffer {
  const parts: Buffer[] = []
  for (let at = 0; at < bytes.length; at += BLOCK_BYTES) {
    const block = encodeBlock(bytes.subarray(at, at + BLOCK_BYTES))
    const length = Buffer.allocUnsafe(4)
    length.writeInt32BE(block.length)
    parts.push(length, block)
  }
  return Buffer.concat(parts)
}

/** One raw block: varint of the length, then literals, and copies of what came at least four bytes long before. */
function encodeBlock(bytes: Uint8Array): Buffer {
  const input = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length)
  // Literals cost at most three bytes each on top, and there is one between two copies that save at least one.
  const output = Buffer.allocUnsafe(16 + input.length + (input.length >> 3))
  const seen = new Int32Array(1 << HASH_BITS).fill(-1)
  let at = writeVarint(output, input.length)
  let literalFrom = 0
  let i = 0
  while (i + MATCH_BYTES_MIN <= input.length) {
    const slot = Math.imul(input.readInt32LE(i), 0x1e35a7bd) >>> (32 - HASH_BITS)
    const candidate = seen[slot]!
    seen[slot] = i
    if (candidate < 0 || input.readInt32LE(candidate) !== input.readInt32LE(i)) {
      i++
      continue
    }
    let end = i + MATCH_BYTES_MIN
    while (end < input.length && input[end] === input[candidate + end - i]) end++
    at = writeLiteral(output, at, input.subarray(literalFrom, i))
    at = writeCopies(output, at, { distance: i - candidate, length: end - i })
    i = end
    literalFrom = end
  }
  at = writeLiteral(output, at, input.subarray(literalFrom))
  return output.subarray(0, at)
}

function writeVarint(output: Buffer, value: number): number {
  let at = 0
  let rest = value
  for (; rest >= 0x80; rest >>>= 7) output[at++] = (rest & 0x7f) | 0x80
  output[at++] = rest
  return at
}

function writeLiteral(output: Buffer, start: number, literal: Buffer): number {
  if (literal.length === 0) return start
  const last = literal.length - 1
  let at = start
  if (last < 60) output[at++] = last << 2
  else if (last < 256) {
    output[at++] = 60 << 2
    output[at++] = last
  } else {
    output[at++] = 61 << 2
    at = output.writeUInt16LE(last, at)
  }
  literal.copy(output, at)
  return at + literal.length
}

/** Copies with a distance of two bytes: up to 64 bytes each. */
function writeCopies(output: Buffer, start: number, copy: { distance: number; length: number }): number {
  let at = start
  for (let rest = copy.length; rest > 0; rest -= COPY_BYTES_MAX) {
    output[at++] = ((Math.min(rest, COPY_BYTES_MAX) - 1) << 2) | 2
    at = output.writeUInt16LE(copy.distance, at)
  }
  return at
}
