import { throwIfAborted } from '../../base/errors.ts'
import { ADLER_START, adler32 } from '../snapshot/adler32.ts'
import { FRAME_HEAD_BYTES, TXN_HEADER_BYTES, TxnEntry } from './entry.ts'
import { logFault, type TxnLogError } from './errors.ts'
import { TXN_TYPE } from './txn.ts'

export const LOG_MAGIC = 0x5a4b4c47
export const LOG_VERSION = 2
export const LOG_HEAD_BYTES = 16
export const END_OF_ENTRY = 0x42
/** Servers refuse less (jute.maxbuffer), even when it is raised. */
export const ENTRY_BYTES_MAX = 256 << 20
const BATCH_ENTRIES = 1000
const ZEROS = Buffer.alloc(1 << 16)

/**
 * Why a log stops before its bytes do: `head` the file is shorter than its header; `cut` it ends inside an entry; `unterminated` an entry
 * lacks its last byte; `hole` zeros stand where an entry should, with more behind them.
 */
export type TearKind = 'head' | 'cut' | 'unterminated' | 'hole'

export interface LogTear {
  readonly kind: TearKind
  /** Where the entry that is not whole begins. */
  readonly offset: number
  /** Something other than zeros lies behind: more than a last write is lost, and no server would say so. */
  readonly dataBehind: boolean
}

export interface LogEnd {
  /** Null: the log ends as it should, with its bytes or with preallocated zeros. */
  readonly tear: LogTear | null
  /** Where the next entry would begin. */
  readonly offset: number
}

export interface ReadLogOptions {
  /** The source begins at this offset of the log, which is where an entry begins; its header is taken for granted. */
  readonly from?: number
  /**
   * A `check` outside a multi is a fault (BARE_CHECK): servers before 3.8.5 and 3.9.3 log it and never start again. True lets it through: it
   * changes nothing, and a tree may have to be saved from such a log.
   */
  readonly allowBareCheck?: boolean
  readonly entryBytesMax?: number
  readonly signal?: AbortSignal
}

/** What must be there before the next entry can be taken: so many bytes, nothing (the batch is full); or there is no next. */
type Needed = number | null | 'padding' | 'unterminated'

/**
 * Reads one transaction log front to back. Every fault is a TxnLogError with offset, expected and found; a torn end is none, it is told by
 * `end`. Checked of each entry: length, last byte, Adler-32, type; the record is decoded by who needs it. Buffers are never reused. Memory:
 * one chunk and the entry that straddles it; a length that lies costs no more than the source has.
 */
export class LogReader {
  readonly #source: AsyncIterator<Uint8Array>
  readonly #options: ReadLogOptions
  readonly #entryBytesMax: number
  #bytes: Buffer = Buffer.alloc(0)
  #position = 0
  #base: number
  #sourceEnded = false
  #end: LogEnd | null = null

  constructor(source: AsyncIterable<Uint8Array>, options: ReadLogOptions = {}) {
    this.#source = source[Symbol.asyncIterator]()
    this.#options = options
    this.#entryBytesMax = options.entryBytesMax ?? ENTRY_BYTES_MAX
    this.#base = options.from ?? 0
  }

  /** How the log ends; null before its end was reached. */
  get end(): LogEnd | null {
    return this.#end
  }

  /** Whole entries in file order, in batches of up to a thousand. */
  async *readEntries(): AsyncGenerator<readonly TxnEntry[], void, void> {
    if (this.#options.from === undefined && !(await this.#readHead())) return
    while (this.#end === null) {
      const batch: TxnEntry[] = []
      let needed: Needed = null
      let fault: unknown = null
      try {
        needed = this.#take(batch)
      } catch (error) {
        fault = error
      }
      // What comes before a fault is as good as ever.
      if (batch.length > 0) yield batch
      if (fault !== null) throw fault
      throwIfAborted(this.#options.signal)
      if (needed === 'padding') this.#end = await this.#finish(null)
      else if (needed === 'unterminated') this.#end = await this.#finish('unterminated')
      else if (needed !== null && !(await this.#fill(needed))) {
        // Fewer zeros than the head of an entry takes: padding that was cut.
        this.#end = await this.#finish(isZero(this.#bytes.subarray(this.#position)) ? null : 'cut')
      }
    }
  }

  /** Lets the source go. Call it whenever reading may have stopped before the end. */
  async close(): Promise<void> {
    this.#sourceEnded = true
    await this.#source.return?.()
  }

  get #offset(): number {
    return this.#base + this.#position
  }

  async #readHead(): Promise<boolean> {
    if (!(await this.#fill(LOG_HEAD_BYTES))) {
      this.#end = { tear: { kind: 'head', offset: 0, dataBehind: false }, offset: 0 }
      return false
    }
    const magic = this.#bytes.readUInt32BE(this.#position)
    if (magic !== LOG_MAGIC) {
      throw this.#fault('BAD_MAGIC', '5a4b4c47 ("ZKLG")', magic.toString(16).padStart(8, '0'))
    }
    const version = this.#bytes.readInt32BE(this.#position + 4)
    if (version !== LOG_VERSION) throw this.#fault('BAD_VERSION', `version ${LOG_VERSION}`, String(version))
    this.#position += LOG_HEAD_BYTES
    return true
  }

  /** Takes what is whole in the window. Answers how many bytes from here the next entry needs, or that it is not one. */
  #take(batch: TxnEntry[]): Needed {
    const bytes = this.#bytes
    while (batch.length < BATCH_ENTRIES) {
      const at = this.#position
      const available = bytes.length - at
      if (available < FRAME_HEAD_BYTES) return FRAME_HEAD_BYTES
      const length = bytes.readInt32BE(at + 8)
      if (length === 0) return 'padding'
      if (length < TXN_HEADER_BYTES || length > this.#entryBytesMax) {
        this.#position += 8
        throw this.#fault(
          'BAD_LENGTH',
          `an entry of ${TXN_HEADER_BYTES} to ${this.#entryBytesMax} bytes`,
          String(length),
        )
      }
      const whole = FRAME_HEAD_BYTES + length + 1
      if (available < whole) return whole
      const start = at + FRAME_HEAD_BYTES
      const end = start + length
      // As a server does: without its last byte an entry was never finished, whatever its checksum.
      if (bytes[end] !== END_OF_ENTRY) return 'unterminated'
      const computed = adler32(ADLER_START, bytes, start, end)
      const stored = BigInt.asUintN(64, bytes.readBigInt64BE(at))
      if (stored !== BigInt(computed)) {
        const hex = (value: bigint) => `0x${value.toString(16).padStart(8, '0')}`
        throw this.#fault('CHECKSUM_MISMATCH', `${hex(BigInt(computed))} (computed)`, `${hex(stored)} (stored)`)
      }
      const offset = this.#offset + FRAME_HEAD_BYTES
      const entry = new TxnEntry(bytes, { start, end, offset, checksum: computed })
      entry.assertKnownType()
      if (entry.type === TXN_TYPE.check && !this.#options.allowBareCheck) throw bareCheck(entry)
      this.#position = end + 1
      batch.push(entry)
    }
    return null
  }

  /** Makes `count` bytes from here available; false when the source ends before. */
  async #fill(count: number): Promise<boolean> {
    const parts: Buffer[] = []
    const rest = this.#bytes.subarray(this.#position)
    let available = rest.length
    while (available < count) {
      const chunk = await this.#next()
      if (chunk === null) break
      parts.push(chunk)
      available += chunk.length
    }
    if (parts.length > 0) {
      this.#base += this.#position
      const [first] = parts
      this.#bytes =
        rest.length === 0 && parts.length === 1 && first ? first : Buffer.concat([rest, ...parts], available)
      this.#position = 0
    }
    return available >= count
  }

  async #next(): Promise<Buffer | null> {
    while (!this.#sourceEnded) {
      const next = await this.#source.next()
      if (next.done) this.#sourceEnded = true
      else if (next.value.length > 0) {
        const chunk = next.value
        return Buffer.isBuffer(chunk) ? chunk : Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength)
      }
    }
    return null
  }

  /** Reads on to the end of the file, since what lies behind the last whole entry tells a torn write from a loss. */
  async #finish(tear: 'cut' | 'unterminated' | null): Promise<LogEnd> {
    const offset = this.#offset
    if (tear === 'cut') return { tear: { kind: 'cut', offset, dataBehind: false }, offset }
    let behind = this.#bytes.subarray(this.#position)
    if (tear === 'unterminated') {
      behind = behind.subarray(FRAME_HEAD_BYTES + behind.readInt32BE(8))
    }
    let dataBehind = !isZero(behind)
    for (let chunk = await this.#next(); chunk !== null && !dataBehind; chunk = await this.#next()) {
      dataBehind = !isZero(chunk)
      throwIfAborted(this.#options.signal)
    }
    if (tear === null && !dataBehind) return { tear: null, offset }
    return { tear: { kind: tear ?? 'hole', offset, dataBehind }, offset }
  }

  #fault(code: TxnLogError['code'], expected: string, found: string): TxnLogError {
    return logFault(code, { offset: this.#offset, expected, found })
  }
}

function bareCheck(entry: TxnEntry): TxnLogError {
  return logFault('BARE_CHECK', {
    offset: entry.offset,
    expected: 'a check inside a multi only',
    found: 'one by itself, on which servers before 3.8.5 and 3.9.3 do not start',
    details: { zxid: entry.zxid },
  })
}

function isZero(bytes: Buffer): boolean {
  for (let at = 0; at < bytes.length; at += ZEROS.length) {
    const part = bytes.subarray(at, at + ZEROS.length)
    if (!part.equals(ZEROS.subarray(0, part.length))) return false
  }
  return true
}
