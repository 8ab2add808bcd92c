import { ADLER_START, adler32 } from './adler32.ts'
import { snapshotFault } from './errors.ts'

/**
 * A sliding window over a stream of chunks, with the running Adler-32 of everything before `position`. Buffers are never reused, so
 * views of `bytes` stay valid. Memory: one chunk and the record that straddles it; a length that lies costs no more than the stream has.
 */
export class ByteWindow {
  bytes: Buffer = Buffer.alloc(0)
  /** Next byte to read, in `bytes`. */
  position = 0
  /** Offset in the stream of bytes[0]. */
  base = 0
  readonly #source: AsyncIterator<Uint8Array>
  #summed = 0
  #adler = ADLER_START
  #ended = false

  constructor(source: AsyncIterable<Uint8Array>) {
    this.#source = source[Symbol.asyncIterator]()
  }

  get offset(): number {
    return this.base + this.position
  }

  get available(): number {
    return this.bytes.length - this.position
  }

  /** Makes `count` bytes from `position` available; false when the stream ends before. */
  async fill(count: number): Promise<boolean> {
    if (this.available >= count) return true
    const parts: Buffer[] = []
    let available = this.available
    while (available < count && !this.#ended) {
      const next = await this.#source.next()
      if (next.done) {
        this.#ended = true
        break
      }
      if (next.value.length === 0) continue
      parts.push(toBuffer(next.value))
      available += next.value.length
    }
    if (parts.length > 0) this.#replace(parts, available)
    return available >= count
  }

  /** As `fill`, but the end of the stream is an error: TRUNCATED, saying what was being read. */
  async need(count: number, what: string): Promise<void> {
    if (await this.fill(count)) return
    throw snapshotFault('TRUNCATED', {
      offset: this.base + this.bytes.length,
      expected: `${count - this.available} more bytes of ${what}`,
      found: 'the end of the file',
    })
  }

  /** Adler-32 of every byte before `position`. */
  checksum(): number {
    this.#adler = adler32(this.#adler, this.bytes, this.#summed, this.position)
    this.#summed = this.position
    return this.#adler
  }

  /** Lets the source go (an open file, a decompressor). Safe to call twice. */
  async close(): Promise<void> {
    this.#ended = true
    await this.#source.return?.()
  }

  #replace(parts: readonly Buffer[], available: number): void {
    this.checksum()
    const rest = this.bytes.subarray(this.position)
    this.base += this.position
    const first = parts[0]
    this.bytes = parts.length === 1 && rest.length === 0 && first ? first : Buffer.concat([rest, ...parts], available)
    this.position = 0
    this.#summed = 0
  }
}

function toBuffer(chunk: Uint8Array): Buffer {
  return Buffer.isBuffer(chunk) ? chunk : Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength)
}
