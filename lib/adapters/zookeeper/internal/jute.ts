import { ZooKeeperError } from '../errors.ts'

/** Writes ZooKeeper's wire encoding (big-endian, length-prefixed) into one growing buffer. `toBuffer` copies, so a writer can be reused. */
export class JuteWriter {
  private buffer = Buffer.allocUnsafe(4096)
  private position = 0

  get length(): number {
    return this.position
  }

  reset(): this {
    // One huge request must not keep its memory for ever.
    if (this.buffer.length > 1 << 20) this.buffer = Buffer.allocUnsafe(4096)
    this.position = 0
    return this
  }

  int(value: number): this {
    this.reserve(4)
    this.position = this.buffer.writeInt32BE(value | 0, this.position)
    return this
  }

  long(value: bigint): this {
    this.reserve(8)
    this.position = this.buffer.writeBigInt64BE(BigInt.asIntN(64, value), this.position)
    return this
  }

  bool(value: boolean): this {
    this.reserve(1)
    this.buffer[this.position++] = value ? 1 : 0
    return this
  }

  string(value: string): this {
    this.reserve(4 + value.length * 3)
    const length = this.buffer.write(value, this.position + 4, 'utf8')
    this.buffer.writeInt32BE(length, this.position)
    this.position += 4 + length
    return this
  }

  /** Null and empty differ on the wire: length -1 and length 0. */
  bytes(value: Uint8Array | null): this {
    if (value === null) return this.int(-1)
    this.reserve(4 + value.length)
    this.buffer.writeInt32BE(value.length, this.position)
    this.buffer.set(value, this.position + 4)
    this.position += 4 + value.length
    return this
  }

  raw(value: Uint8Array): this {
    this.reserve(value.length)
    this.buffer.set(value, this.position)
    this.position += value.length
    return this
  }

  /** Overwrites four bytes written before, for lengths known only afterwards. */
  patchInt(offset: number, value: number): this {
    this.buffer.writeInt32BE(value | 0, offset)
    return this
  }

  /** Sets the leading int, written as a place holder, to the number of bytes that follow it. */
  patchFrameLength(): this {
    return this.patchInt(0, this.position - 4)
  }

  toBuffer(): Buffer {
    return Buffer.from(this.buffer.subarray(0, this.position))
  }

  private reserve(size: number): void {
    const needed = this.position + size
    if (needed <= this.buffer.length) return
    const grown = Buffer.allocUnsafe(Math.max(needed, this.buffer.length * 2))
    this.buffer.copy(grown, 0, 0, this.position)
    this.buffer = grown
  }
}

const scratch = new JuteWriter()

/** Bytes of one record. The writer is shared: it is not to be kept, and `write` must not call this again. */
export function encodeRecord(write: (writer: JuteWriter) => void): Buffer {
  write(scratch.reset())
  return scratch.toBuffer()
}

const EMPTY = Buffer.alloc(0)

/** Hundreds of replies lie in one receive buffer: the view of the last one is kept, unless it is so large that it should be let go. */
const KEPT_VIEW_BYTES_MAX = 1 << 20
let viewedBuffer: Buffer = EMPTY
let view: DataView = new DataView(EMPTY.buffer, EMPTY.byteOffset, EMPTY.length)

function viewOf(buffer: Buffer): DataView {
  if (buffer === viewedBuffer) return view
  const made = new DataView(buffer.buffer, buffer.byteOffset, buffer.length)
  if (buffer.length <= KEPT_VIEW_BYTES_MAX) {
    viewedBuffer = buffer
    view = made
  }
  return made
}

/** Reads the wire encoding in place. Nothing is read past the end: a short or lying reply raises REPLY_MALFORMED. */
export class JuteReader {
  readonly buffer: Buffer
  private readonly view: DataView
  position: number
  readonly end: number

  constructor(buffer: Buffer, start = 0, end = buffer.length) {
    this.buffer = buffer
    this.view = viewOf(buffer)
    this.position = start
    this.end = end
  }

  get remaining(): number {
    return this.end - this.position
  }

  int(): number {
    const at = this.advance(4)
    return this.view.getInt32(at)
  }

  long(): bigint {
    const at = this.advance(8)
    return this.view.getBigInt64(at)
  }

  /** A long that is a time in milliseconds: exact as a number for the next 285,000 years. */
  time(): number {
    const at = this.advance(8)
    return this.view.getInt32(at) * 0x1_0000_0000 + this.view.getUint32(at + 4)
  }

  bool(): boolean {
    return this.buffer[this.advance(1)] !== 0
  }

  string(): string {
    const length = this.int()
    if (length <= 0) return ''
    const at = this.advance(length)
    return this.buffer.toString('utf8', at, at + length)
  }

  /**
   * A string in which characters above U+FFFF may be stored as two three-byte surrogates, as ZooKeeper's Java writer does it.
   * Only ACL ids can hold them.
   */
  lenientString(): string {
    const start = this.position + 4
    const text = this.string()
    return text.includes('\ufffd') ? decodeSurrogateTriplets(this.buffer.subarray(start, this.position)) : text
  }

  /** A copy, so that a few kept bytes do not keep a whole receive buffer alive. */
  bytes(): Buffer | null {
    const length = this.int()
    if (length < 0) return null
    if (length === 0) return EMPTY
    const at = this.advance(length)
    return Buffer.from(this.buffer.subarray(at, at + length))
  }

  skip(length: number): void {
    this.advance(length)
  }

  /** Passes over a string or a buffer. */
  skipBytes(): void {
    const length = this.int()
    if (length > 0) this.advance(length)
  }

  /** Element count of a vector; a null vector counts as empty. Bounded by the bytes that are left. */
  count(elementSizeMin: number): number {
    const count = this.int()
    if (count <= 0) return 0
    if (count * elementSizeMin > this.remaining) throw this.malformed(`a list of ${count} elements`)
    return count
  }

  private advance(size: number): number {
    const at = this.position
    if (size < 0 || at + size > this.end) throw this.malformed(`${size} bytes`)
    this.position = at + size
    return at
  }

  private malformed(expected: string): ZooKeeperError {
    return new ZooKeeperError(
      'REPLY_MALFORMED',
      `The server's answer ends early: ${expected} expected at byte ${this.position} of ${this.end}`,
    )
  }
}

/** UTF-8 in which each surrogate is its own three bytes (CESU-8), mixed with ordinary UTF-8; anything else becomes U+FFFD. */
function decodeSurrogateTriplets(bytes: Buffer): string {
  const decoder = new TextDecoder('utf-8')
  let text = ''
  let plainFrom = 0
  for (let i = 0; i + 5 < bytes.length; i++) {
    const high = readSurrogate(bytes, i, 0xa0)
    const low = high === null ? null : readSurrogate(bytes, i + 3, 0xb0)
    if (high === null || low === null) continue
    text += decoder.decode(bytes.subarray(plainFrom, i)) + String.fromCharCode(high, low)
    plainFrom = i + 6
    i += 5
  }
  return text + decoder.decode(bytes.subarray(plainFrom))
}

/** The surrogate encoded at `at` when its second byte is in the sixteen that follow `secondFrom`; else null. */
function readSurrogate(bytes: Buffer, at: number, secondFrom: number): number | null {
  const [first, second, third] = [bytes[at], bytes[at + 1], bytes[at + 2]]
  if (first !== 0xed || second === undefined || third === undefined) return null
  if (second < secondFrom || second > secondFrom + 15 || (third & 0xc0) !== 0x80) return null
  return 0xd000 | ((second & 0x3f) << 6) | (third & 0x3f)
}
