import { RecordCursor } from '../../../domain/snapshot/record.ts'
import { sortRecords } from '../../../domain/snapshot/sort-records.ts'
import type { RunFile } from './record-runs.ts'

const NON_ASCII = 0x80
const STARTS = 1 << 12

/** Copies of records that are to be sorted. */
export class RunBuffer {
  #buffer: Buffer
  #length = 0
  #starts = new Int32Array(STARTS)
  #count = 0
  #isAscii = true

  /** What it holds at first; it grows. */
  constructor(bytes: number) {
    this.#buffer = Buffer.allocUnsafeSlow(Math.max(bytes, 1024))
  }

  get bytes(): number {
    return this.#length
  }

  /** Gives how many bytes it holds then. */
  add({ bytes, start, end, pathStart, pathEnd }: RecordCursor): number {
    const size = end - start
    if (this.#length + size > this.#buffer.length) {
      const more = Buffer.allocUnsafeSlow(Math.max(this.#buffer.length * 2, this.#length + size))
      this.#buffer.copy(more, 0, 0, this.#length)
      this.#buffer = more
    }
    if (this.#count === this.#starts.length) {
      const more = new Int32Array(this.#count * 2)
      more.set(this.#starts)
      this.#starts = more
    }
    let all = 0
    for (let i = pathStart; i < pathEnd; i++) all |= bytes[i]!
    if (all >= NON_ASCII) this.#isAscii = false
    bytes.copy(this.#buffer, this.#length, start, end)
    this.#starts[this.#count++] = this.#length
    this.#length += size
    return this.#length
  }

  /** Each record in path order; the cursor is valid until the next. */
  *inOrder(): Generator<RecordCursor> {
    const record = new RecordCursor()
    for (const start of this.#sort()) {
      record.read(this.#buffer, start, this.#length)
      yield record
    }
  }

  /** Writes them as a run, and is empty then. */
  async write(file: RunFile): Promise<void> {
    const buffer = this.#buffer
    await file.write(buffer, this.#sort(), { endOf: (start) => endOfRecord(buffer, start), isAscii: this.#isAscii })
    this.#length = 0
    this.#count = 0
    this.#isAscii = true
  }

  #sort(): Int32Array {
    return sortRecords(this.#buffer, this.#starts, this.#count, this.#isAscii)
  }
}

const ACL_AND_STAT_BYTES = 68

export function endOfRecord(bytes: Buffer, start: number): number {
  const dataAt = start + 4 + bytes.readInt32BE(start)
  return dataAt + 4 + Math.max(bytes.readInt32BE(dataAt), 0) + ACL_AND_STAT_BYTES
}
