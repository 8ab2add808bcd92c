import { snapshotFault } from './errors.ts'

const HEADER_BYTES = 16
/** snappy-java writes 32 KiB blocks by default and lets users choose up to 512 MiB; nobody does. */
const BLOCK_BYTES_MAX = 64 << 20
/** A copy of three bytes gives at most 64: a block that claims more than this factor lies, and nothing is allocated for it. */
const EXPANSION_MAX = 22
export const SNAPPY_MAGIC = Buffer.from('82534e4150505900', 'hex')

/**
 * Decodes the framing of snappy-java, which ZooKeeper uses for `snapshot.*.snappy` (not the official framing): 16 bytes of header, then
 * int length and one raw snappy block, until the end. Faults are SnapshotError BAD_COMPRESSION or TRUNCATED with the compressed offset.
 */
export async function* decodeSnappy(source: AsyncIterable<Uint8Array>): AsyncGenerator<Buffer> {
  let rest = Buffer.alloc(0)
  let offset = 0
  let wanted = HEADER_BYTES
  let state: 'header' | 'length' | 'block' = 'header'
  for await (const chunk of source) {
    rest = Buffer.concat([rest, chunk])
    while (rest.length >= wanted) {
      const part = rest.subarray(0, wanted)
      if (state === 'header') {
        if (!part.subarray(0, 8).equals(SNAPPY_MAGIC))
          throw bad(0, 'the magic of snappy-java', part.toString('hex', 0, 8))
        // Version, and the oldest version that can read it: only 1 was ever written.
        const compatible = part.readInt32BE(12)
        if (compatible !== 1) throw bad(12, 'a stream that version 1 of snappy-java can read', `version ${compatible}`)
      } else if (state === 'block') {
        yield decodeBlock(part, offset)
      }
      rest = rest.subarray(wanted)
      offset += wanted
      if (state === 'length') {
        wanted = part.readInt32BE(0)
        if (wanted <= 0 || wanted > BLOCK_BYTES_MAX) {
          throw bad(offset - 4, `a block of 1 to ${BLOCK_BYTES_MAX} bytes`, String(wanted))
        }
        state = 'block'
      } else {
        wanted = 4
        state = 'length'
      }
    }
  }
  if (state !== 'length' || rest.length > 0) {
    throw snapshotFault('TRUNCATED', {
      offset: offset + rest.length,
      expected: `${wanted - rest.length} more compressed bytes`,
      found: 'the end of the file',
    })
  }
}

/** One raw snappy block: varint of the decoded length, then literals and copies. */
function decodeBlock(input: Buffer, at: number): Buffer {
  let size = 0
  let i = 0
  for (let shift = 0; ; shift += 7) {
    const byte = input[i++]
    if (byte === undefined || shift > 28) throw bad(at + i, 'the length of a block', 'no number')
    size += (byte & 0x7f) * 2 ** shift
    if (byte < 0x80) break
  }
  const sizeMax = Math.min(BLOCK_BYTES_MAX, input.length * EXPANSION_MAX)
  if (size > sizeMax) throw bad(at, `at most ${sizeMax} bytes in a block of ${input.length}`, String(size))
  const output = Buffer.allocUnsafe(size)
  let written = 0
  while (i < input.length) {
    const tag = input[i++]!
    if ((tag & 3) === 0) {
      let length = tag >>> 2
      if (length >= 60) {
        const bytes = length - 59
        if (i + bytes > input.length) throw bad(at + i, 'a literal', 'the end of the block')
        length = input.readUIntLE(i, bytes)
        i += bytes
      }
      length++
      if (i + length > input.length || written + length > size)
        throw bad(at + i, 'a literal inside the block', `${length} bytes`)
      input.copy(output, written, i, i + length)
      i += length
      written += length
      continue
    }
    const copy = readCopy(input, i, tag, at)
    i = copy.next
    if (copy.distance === 0 || copy.distance > written || written + copy.length > size) {
      throw bad(at + i, 'a copy inside the block', `${copy.length} bytes from ${copy.distance} back`)
    }
    // Byte by byte: source and target may overlap, which is how snappy writes runs.
    for (let k = 0; k < copy.length; k++, written++) output[written] = output[written - copy.distance]!
  }
  if (written !== size) throw bad(at, `${size} bytes in a block`, String(written))
  return output
}

function readCopy(input: Buffer, at: number, tag: number, offset: number) {
  const bytes = (tag & 3) === 1 ? 1 : (tag & 3) === 2 ? 2 : 4
  if (at + bytes > input.length) throw bad(offset + at, 'a copy', 'the end of the block')
  const next = at + bytes
  if (bytes === 1) return { next, length: ((tag >>> 2) & 7) + 4, distance: ((tag >>> 5) << 8) | input[at]! }
  return { next, length: (tag >>> 2) + 1, distance: input.readUIntLE(at, bytes) }
}

function bad(offset: number, expected: string, found: string) {
  return snapshotFault('BAD_COMPRESSION', { offset, expected, found })
}
