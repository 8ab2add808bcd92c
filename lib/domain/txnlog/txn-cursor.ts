import { decodeJuteText } from '../../base/bytes.ts'
import { ROOT } from '../znode/path.ts'
import type { TxnEntry } from './entry.ts'
import { logFault, type TxnLogError } from './errors.ts'

/** Reads jute primitives of one record; every length is held against what is left of it before anything is read. */
export class TxnCursor {
  readonly buffer: Buffer
  at: number
  end: number
  readonly #entry: TxnEntry

  constructor(entry: TxnEntry, at: number, end = entry.end) {
    this.buffer = entry.buffer
    this.at = at
    this.end = end
    this.#entry = entry
  }

  get left(): number {
    return this.end - this.at
  }

  int32(what: string): number {
    this.#need(4, what)
    const value = this.buffer.readInt32BE(this.at)
    this.at += 4
    return value
  }

  int64(what: string): bigint {
    this.#need(8, what)
    const value = this.buffer.readBigInt64BE(this.at)
    this.at += 8
    return value
  }

  boolean(what: string): boolean {
    this.#need(1, what)
    return this.buffer[this.at++] !== 0
  }

  /** Null is length -1. The bytes are a view. */
  bytes(what: string): Uint8Array | null {
    const length = this.length(what)
    if (length < 0) return null
    this.at += length
    return this.buffer.subarray(this.at - length, this.at)
  }

  /** Passes over a buffer or a text. */
  skip(what: string): void {
    const length = this.length(what)
    if (length > 0) this.at += length
  }

  text(what: string): string {
    const length = this.length(what)
    if (length <= 0) return ''
    this.at += length
    return decodeJuteText(this.buffer, this.at - length, this.at)
  }

  /** Absolute; both forms of the root come out as `/`. Throws BAD_RECORD for a text that is no path at all. */
  path(): string {
    const at = this.at
    const path = this.text('a path')
    if (path === '') return ROOT
    if (path.charCodeAt(0) !== 47 || (path.length > 1 && (path.endsWith('/') || path.includes('//')))) {
      throw this.fault(at, 'an absolute path', JSON.stringify(path.slice(0, 80)))
    }
    return path
  }

  /** A length of -1 up to what is left. */
  length(what: string): number {
    const length = this.int32(`the length of ${what}`)
    if (length >= -1 && length <= this.left) return length
    throw this.fault(this.at - 4, `${what} of -1 to ${this.left} bytes`, String(length))
  }

  /** Number of elements of a vector; null counts as none. `bytesMin`: the least that one element takes. */
  count(what: string, bytesMin: number): number {
    const count = this.int32(`the number of ${what}`)
    if (count >= -1 && count * bytesMin <= this.left) return Math.max(count, 0)
    throw this.fault(this.at - 4, `-1 to ${Math.floor(this.left / bytesMin)} ${what}`, String(count))
  }

  /** `at` is a place in the buffer. */
  fault(at: number, expected: string, found: string): TxnLogError {
    return logFault('BAD_RECORD', {
      offset: this.#entry.offset + at - this.#entry.start,
      expected,
      found,
      details: { zxid: this.#entry.zxid },
    })
  }

  #need(bytes: number, what: string): void {
    if (this.left < bytes) throw this.fault(this.at, `${bytes} bytes of ${what}`, `${this.left} bytes`)
  }
}
