import { logFault } from './errors.ts'
import { findTypeName } from './txn.ts'

export const TXN_HEADER_BYTES = 32
/** Checksum and length in front of an entry's bytes. */
export const FRAME_HEAD_BYTES = 12
const TWO_32 = 0x1_0000_0000

/**
 * One transaction in place: its header is decoded field by field when asked, its record by `decodeTxn`. The same bytes come in the
 * quorum protocol's INFORM and PROPOSAL packets. Holds the buffer that it lies in: copy what is kept for long.
 *
 * | offset | 0 | 8 | 12 | 20 | 28 | 32 |
 * | --- | --- | --- | --- | --- | --- | --- |
 * | field | session | cxid | zxid | time | type | record, then 12 bytes of digest or none |
 */
export class TxnEntry {
  readonly buffer: Buffer
  readonly start: number
  readonly end: number
  /** Offset in the log of the first byte of the header; 0 outside a log. */
  readonly offset: number
  /** Adler-32 of the bytes as stored; 0 outside a log. */
  readonly checksum: number

  constructor(buffer: Buffer, place: { start: number; end: number; offset: number; checksum: number }) {
    this.buffer = buffer
    this.start = place.start
    this.end = place.end
    this.offset = place.offset
    this.checksum = place.checksum
  }

  /** Bytes that did not come framed, from the quorum port. Throws TxnLogError BAD_LENGTH or UNKNOWN_TYPE. */
  static fromBytes(bytes: Buffer): TxnEntry {
    if (bytes.length < TXN_HEADER_BYTES) {
      throw logFault('BAD_LENGTH', {
        offset: 0,
        expected: `at least ${TXN_HEADER_BYTES} bytes`,
        found: String(bytes.length),
      })
    }
    const entry = new TxnEntry(bytes, { start: 0, end: bytes.length, offset: 0, checksum: 0 })
    entry.assertKnownType()
    return entry
  }

  /** Where the entry's frame begins and ends in the log: [checksum, length, bytes, 0x42]. */
  get frame(): { readonly from: number; readonly to: number } {
    return { from: this.offset - FRAME_HEAD_BYTES, to: this.offset + this.end - this.start + 1 }
  }

  get session(): bigint {
    return this.buffer.readBigInt64BE(this.start)
  }
  get cxid(): number {
    return this.buffer.readInt32BE(this.start + 8)
  }
  get zxid(): bigint {
    return this.buffer.readBigInt64BE(this.start + 12)
  }
  /** Milliseconds since 1970 by the leader's clock, which may go back. */
  get timeMs(): number {
    return this.buffer.readInt32BE(this.start + 20) * TWO_32 + this.buffer.readUInt32BE(this.start + 24)
  }
  get type(): number {
    return this.buffer.readInt32BE(this.start + 28)
  }

  assertKnownType(): void {
    if (findTypeName(this.type) !== null) return
    throw logFault('UNKNOWN_TYPE', {
      offset: this.offset + 28,
      expected: 'a type of transaction that servers write',
      found: `type ${this.type}`,
      details: { zxid: this.zxid },
    })
  }
}
