import { ByteWriter } from '../../../base/bytes.ts'
import { TreeDigest } from '../../../domain/snapshot/digest.ts'
import { snapshotFault } from '../../../domain/snapshot/errors.ts'
import {
  HEADER_BYTES,
  SNAPSHOT_MAGIC,
  SNAPSHOT_VERSION,
  type SnapshotHead,
  SnapshotReader,
} from '../../../domain/snapshot/read-snapshot.ts'
import { RecordCursor } from '../../../domain/snapshot/record.ts'
import { sortRecords } from '../../../domain/snapshot/sort-records.ts'
import type { MomentStream, ReceivedRecords, ReceivingEvents, StreamMomentInput } from '../store.ts'
import { findHeadEnd } from './find-head-end.ts'
import { visitRuns } from './merge-runs.ts'
import { RunFile } from './record-runs.ts'
import { endOfRecord } from './run-buffer.ts'
import { streamReceived } from './stream-received.ts'

/** Bytes of a run, which lies in memory until it is sorted and written. */
const RUN_BYTES = 16 << 20
const NON_ASCII = 0x80
/** czxid, mzxid and pzxid of StatPersisted. */
const ZXIDS_OF_STAT = [0, 8, 52]

/**
 * Takes a leader's tree as it comes (sessions, ACL table, nodes, end of nodes) and puts it in order on the way: sorted runs in one file, so that all
 * that is left to do is to merge them. Its digest is summed, too. Memory: three runs while it comes, later a piece of each: 8 MB for each GB.
 */
export class TreeIntake implements ReceivedRecords {
  readonly file: RunFile
  readonly digest = new TreeDigest()
  readonly #events: ReceivingEvents
  readonly #runBytes: number
  readonly #cursor = new RecordCursor()
  #head: SnapshotHead | null = null
  /** What came of the head so far; null once it is whole. */
  #headParts: Buffer[] | null = [encodeHeader()]
  #headBytes: Buffer = Buffer.alloc(0)
  #buffer: Buffer
  #filled = 0
  /** Where the whole records end. */
  #parsed = 0
  #starts = new Int32Array(1 << 15)
  #count = 0
  #isAscii = true
  #ended = false
  #bytes = 0
  #spare: Buffer | null = null
  #writing: Promise<void> = Promise.resolve()
  /** Runs that are not on the disk yet. */
  #waiting = 0
  #isPaused = false
  #error: unknown = null
  #failed = false

  constructor(path: string, events: ReceivingEvents, options: { readonly runBytes?: number } = {}) {
    this.file = new RunFile(path)
    this.#events = events
    this.#runBytes = options.runBytes ?? RUN_BYTES
    this.#buffer = Buffer.allocUnsafeSlow(this.#runBytes)
  }

  get path(): string {
    return this.file.path
  }

  get bytes(): number {
    return this.#bytes
  }

  /** Known once `finish` has returned. */
  get head(): SnapshotHead {
    if (this.#head === null) throw new Error('a tree is asked for its tables before it is there')
    return this.#head
  }

  /** Takes bytes without waiting. Throws SnapshotError for what is no tree. */
  add(bytes: Buffer): void {
    if (bytes.length === 0 || this.#failed) return
    this.#bytes += bytes.length
    if (this.#headParts === null) {
      this.#take(bytes)
      return
    }
    this.#headParts.push(bytes)
    const all = Buffer.concat(this.#headParts)
    const end = findHeadEnd(all, HEADER_BYTES)
    this.#headParts = end === null ? [all] : null
    if (end === null) return
    this.#headBytes = all.subarray(0, end)
    this.#take(all.subarray(end))
  }

  /** Resolves when all of it lies on the disk, in runs; throws what `fail` was told as well, or SnapshotError for a tree that is not whole. */
  async finish(): Promise<void> {
    if (!this.#failed) this.#turn()
    await this.#writing
    if (this.#failed) throw this.#error
    this.#buffer = Buffer.alloc(0)
    this.#spare = null
    if (!this.#ended || this.#filled > 0) {
      const found = this.#ended ? 'more bytes' : 'the end of the stream'
      throw snapshotFault('TRUNCATED', { offset: this.#bytes, expected: 'the end of the znodes', found })
    }
    const headBytes = this.#headBytes
    async function* once() {
      yield headBytes
    }
    this.#head = await new SnapshotReader(once()).readHead()
  }

  streamMoment(input: StreamMomentInput): Promise<MomentStream | null> {
    return streamReceived({ file: this.file, head: this.head, digest: this.digest }, input)
  }

  async findLastChange(signal?: AbortSignal): Promise<bigint> {
    let last = 0n
    const see = ({ bytes, statAt }: RecordCursor) => {
      for (const at of ZXIDS_OF_STAT) {
        const zxid = bytes.readBigInt64BE(statAt + at)
        if (zxid > last) last = zxid
      }
    }
    await visitRuns(this.file, see, signal)
    return last
  }

  async discard(): Promise<void> {
    this.#failed = true
    await this.#writing
    await this.file.remove()
  }

  #take(bytes: Buffer): void {
    for (let at = 0; at < bytes.length; ) {
      if (this.#filled === this.#buffer.length) this.#turn()
      const taken = Math.min(this.#buffer.length - this.#filled, bytes.length - at)
      bytes.copy(this.#buffer, this.#filled, at, at + taken)
      this.#filled += taken
      at += taken
      this.#parse()
    }
  }

  #parse(): void {
    const cursor = this.#cursor
    const buffer = this.#buffer
    const filled = this.#filled
    while (!this.#ended) {
      const reading = cursor.read(buffer, this.#parsed, filled)
      if (typeof reading === 'number') return
      this.#parsed = cursor.end
      if (reading === 'end') {
        this.#ended = true
        return
      }
      this.digest.add(buffer, cursor)
      if (this.#isAscii) {
        let all = 0
        for (let i = cursor.pathStart; i < cursor.pathEnd; i++) all |= buffer[i]!
        this.#isAscii = all < NON_ASCII
      }
      if (this.#count === this.#starts.length) {
        const more = new Int32Array(this.#count * 2)
        more.set(this.#starts)
        this.#starts = more
      }
      this.#starts[this.#count++] = cursor.start
    }
  }

  /** The whole records become a run; what has come of the next one begins the next buffer. */
  #turn(): void {
    const full = this.#buffer
    const rest = full.subarray(this.#parsed, this.#filled)
    if (this.#count === 0) {
      // One record fills it all, or nothing is there.
      if (rest.length === full.length) {
        this.#buffer = Buffer.allocUnsafeSlow(full.length * 2)
        rest.copy(this.#buffer)
      } else if (this.#ended) this.#filled -= this.#parsed
      return
    }
    const starts = sortRecords(full, this.#starts, this.#count, this.#isAscii)
    const isAscii = this.#isAscii
    this.#buffer = this.#spare ?? Buffer.allocUnsafeSlow(this.#runBytes)
    this.#spare = null
    if (rest.length >= this.#buffer.length) this.#buffer = Buffer.allocUnsafeSlow(rest.length * 2)
    rest.copy(this.#buffer)
    this.#filled = rest.length
    this.#parsed = 0
    this.#count = 0
    this.#isAscii = true
    this.#waiting++
    if (this.#waiting > 1 && !this.#isPaused) {
      this.#isPaused = true
      this.#events.pause()
    }
    this.#writing = this.#writing.then(() => this.#write(full, starts, isAscii))
  }

  async #write(bytes: Buffer, starts: Int32Array, isAscii: boolean): Promise<void> {
    if (this.#failed) return
    try {
      await this.file.write(bytes, starts, { endOf: (start) => endOfRecord(bytes, start), isAscii })
    } catch (error) {
      this.#failed = true
      this.#error = error
      this.#events.fail(error)
      return
    }
    if (bytes.length === this.#runBytes) this.#spare = bytes
    this.#waiting--
    if (!this.#isPaused || this.#waiting > 1) return
    this.#isPaused = false
    this.#events.resume()
  }
}

/** The header of a file, which a leader leaves out. */
function encodeHeader(): Buffer {
  const header = new ByteWriter(HEADER_BYTES)
  header.int32(SNAPSHOT_MAGIC)
  header.int32(SNAPSHOT_VERSION)
  header.int64(-1n)
  return header.bytes()
}
