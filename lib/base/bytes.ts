/**
 * Growable big-endian writer of jute primitives (every ZooKeeper format: no alignment, no tags).
 * `bytes()` is a view of what was written; it is valid until the next write or `reset()`.
 */
export class ByteWriter {
  #buffer: Buffer
  #length = 0

  constructor(capacityBytes = 1024) {
    this.#buffer = Buffer.allocUnsafe(Math.max(capacityBytes, 16))
  }

  get length(): number {
    return this.#length
  }

  bytes(): Buffer {
    return this.#buffer.subarray(0, this.#length)
  }

  reset(): void {
    this.#length = 0
  }

  int32(value: number): void {
    this.#reserve(4)
    this.#length = this.#buffer.writeInt32BE(value | 0, this.#length)
  }

  int64(value: bigint): void {
    this.#reserve(8)
    this.#length = this.#buffer.writeBigInt64BE(BigInt.asIntN(64, value), this.#length)
  }

  raw(bytes: Uint8Array): void {
    this.#reserve(bytes.length)
    this.#buffer.set(bytes, this.#length)
    this.#length += bytes.length
  }

  /** Length in bytes, then UTF-8. A lone surrogate becomes U+FFFD, as in any UTF-8 encoder. */
  string(text: string): void {
    this.#reserve(4 + text.length * 3)
    const written = this.#buffer.write(text, this.#length + 4, 'utf8')
    this.#buffer.writeInt32BE(written, this.#length)
    this.#length += 4 + written
  }

  /** Length, then bytes; null is length -1 and differs from empty. */
  buffer(bytes: Uint8Array | null): void {
    this.int32(bytes === null ? -1 : bytes.length)
    if (bytes !== null) this.raw(bytes)
  }

  #reserve(bytes: number): void {
    if (this.#length + bytes <= this.#buffer.length) return
    const grown = Buffer.allocUnsafe(Math.max(this.#buffer.length * 2, this.#length + bytes))
    this.#buffer.copy(grown, 0, 0, this.#length)
    this.#buffer = grown
  }
}

const SURROGATE_TRIPLET_LEAD = 0xed

/**
 * UTF-8 to text as ZooKeeper's files need it: surrogates that a Java writer stored as two 3-byte groups (CESU-8) come out as the
 * character they mean; other invalid bytes become U+FFFD, as for the server's own reader. Never throws.
 */
export function decodeJuteText(buffer: Buffer, start: number, end: number): string {
  const text = buffer.toString('utf8', start, end)
  if (!text.includes('\ufffd')) return text
  let repaired = ''
  let from = start
  for (let i = start; i + 2 < end; i++) {
    if (buffer[i] !== SURROGATE_TRIPLET_LEAD || buffer[i + 1]! < 0xa0) continue
    repaired += buffer.toString('utf8', from, i)
    repaired += String.fromCharCode(0xd000 | ((buffer[i + 1]! & 0x3f) << 6) | (buffer[i + 2]! & 0x3f))
    from = i + 3
    i += 2
  }
  return repaired + buffer.toString('utf8', from, end)
}
