import { throwIfAborted } from '../../../base/errors.ts'
import { type AclTable, RecordCursor } from '../../../domain/snapshot/record.ts'
import { RecordBatch } from '../../../domain/snapshot/record-batch.ts'
import { comparePathBytes } from '../../../domain/snapshot/sort-records.ts'
import type { RecordRun, RunFile } from './record-runs.ts'

const BATCH_BYTES = 256 << 10

/** The records of all runs in path order. Holds a piece of each run and one batch. */
export async function* mergeRuns(
  file: RunFile,
  acls: AclTable,
  signal?: AbortSignal,
): AsyncGenerator<RecordBatch, void, void> {
  // Kept in the order of their next paths, least last.
  const waiting: RunCursor[] = []
  for (const run of file.runs) {
    const cursor = new RunCursor(file, run)
    if (await cursor.load()) putInOrder(waiting, cursor)
  }
  let out = Buffer.allocUnsafeSlow(BATCH_BYTES)
  let length = 0
  let lastAt = 0
  for (let least = waiting.pop(); least !== undefined; ) {
    const bound = waiting.at(-1) ?? null
    // A run holds whole subtrees as they came, mostly: what lies before the next path of all others is taken at once.
    const from = least.start
    const last = least.passUpTo(bound)
    const size = least.start - from
    if (length + size > out.length && length > 0) {
      throwIfAborted(signal)
      yield new RecordBatch(out.subarray(0, length), lastAt, acls)
      out = Buffer.allocUnsafeSlow(Math.max(BATCH_BYTES, size))
      length = 0
    } else if (size > out.length) out = Buffer.allocUnsafeSlow(size)
    least.bytes.copy(out, length, from, from + size)
    lastAt = length + last - from
    length += size
    if (least.isDone && !(await least.load())) {
      least = waiting.pop()
    } else if (bound !== null && isBehind(least, bound)) {
      putInOrder(waiting, least)
      least = waiting.pop()
    }
  }
  if (length > 0) yield new RecordBatch(out.subarray(0, length), lastAt, acls)
}

/** Every record once, in no order; the cursor is valid during the call. */
export async function visitRuns(file: RunFile, visit: (record: RecordCursor) => void, signal?: AbortSignal) {
  for (const run of file.runs) {
    const cursor = new RunCursor(file, run)
    while (await cursor.load()) {
      throwIfAborted(signal)
      cursor.visit(visit)
    }
  }
}

function isBehind(a: RunCursor, b: RunCursor): boolean {
  return comparePathBytes(a.bytes, a.path, b.bytes, b.path) > 0
}

function putInOrder(waiting: RunCursor[], cursor: RunCursor): void {
  let low = 0
  let high = waiting.length
  while (low < high) {
    const middle = (low + high) >> 1
    if (isBehind(waiting[middle]!, cursor)) low = middle + 1
    else high = middle
  }
  waiting.splice(low, 0, cursor)
}

/** Stands on the next record of a run; a piece of it lies in memory. */
class RunCursor {
  bytes: Buffer = Buffer.alloc(0)
  readonly #file: RunFile
  readonly #run: RecordRun
  readonly #record = new RecordCursor()
  #next = 0
  #end = 0
  #lastAt = 0
  start = 0

  constructor(file: RunFile, run: RecordRun) {
    this.#file = file
    this.#run = run
  }

  get path(): readonly [start: number, end: number] {
    return [this.#record.pathStart, this.#record.pathEnd]
  }

  get isDone(): boolean {
    return this.start === this.#end
  }

  /** Steps into the next piece; false at the end of the run. */
  async load(): Promise<boolean> {
    const piece = this.#run.pieces[this.#next++]
    if (piece === undefined) {
      this.bytes = Buffer.alloc(0)
      return false
    }
    if (this.bytes.length < piece.length) this.bytes = Buffer.allocUnsafeSlow(piece.length)
    await this.#file.read(piece, this.bytes)
    this.#end = piece.length
    this.#lastAt = piece.lastAt
    this.start = 0
    this.#record.read(this.bytes, 0, this.#end)
    return true
  }

  visit(visitor: (record: RecordCursor) => void): void {
    const record = this.#record
    for (let at = 0; at < this.#end && record.read(this.bytes, at, this.#end) === 'record'; at = record.end) {
      visitor(record)
    }
  }

  /** Goes to the first record that does not lie before the other's, or behind the piece; at least one on. Gives where the last passed one begins. */
  passUpTo(bound: RunCursor | null): number {
    const record = this.#record
    if (bound === null || this.#lastLiesBefore(bound)) {
      this.start = this.#end
      return this.#lastAt
    }
    let last = this.start
    for (;;) {
      last = this.start
      this.start = record.end
      if (this.start === this.#end) return last
      record.read(this.bytes, this.start, this.#end)
      if (comparePathBytes(this.bytes, this.path, bound.bytes, bound.path) >= 0) return last
    }
  }

  #lastLiesBefore(bound: RunCursor): boolean {
    const start = this.#lastAt + 4
    const end = start + this.bytes.readInt32BE(this.#lastAt)
    return comparePathBytes(this.bytes, [start, end], bound.bytes, bound.path) < 0
  }
}
