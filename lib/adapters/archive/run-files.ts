import { type FileHandle, open, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { RecordCursor } from '../../domain/snapshot/record.ts'
import { BLOCK_BYTES } from '../../domain/snapshot/write-snapshot.ts'
import { comparePaths } from '../../domain/znode/order.ts'
import { FileBytes } from './byte-source.ts'
import { makeSystemTempDir } from './temp-dir.ts'

const MERGE_READ_BYTES = 256 << 10
const MERGE_BATCH = 1000
const MERGE_BATCH_BYTES = 1 << 20

/** One record of a native snapshot, byte for byte, under its path. */
export interface RunEntry {
  readonly path: string
  readonly bytes: Buffer
}

export function sortRun(run: RunEntry[]): RunEntry[] {
  return run.sort((a, b) => comparePaths(a.path, b.path))
}

/** The records of all runs in path order; the buffers of a batch are its own. */
export async function* mergeRunFiles(runs: readonly string[]): AsyncGenerator<RunEntry[]> {
  const readers: RunReader[] = []
  try {
    for (const run of runs) readers.push(await RunReader.open(run))
    // Kept in the order of their next paths, least last: taking one costs a few comparisons, however many runs there are.
    const waiting: RunReader[] = []
    for (const reader of readers) putInOrder(waiting, reader)
    let batch: RunEntry[] = []
    let bytes = 0
    for (let least = waiting.pop(); least?.current; least = waiting.pop()) {
      batch.push(least.current)
      bytes += least.current.bytes.length
      if (batch.length >= MERGE_BATCH || bytes >= MERGE_BATCH_BYTES) {
        yield batch
        batch = []
        bytes = 0
      }
      if (!least.advance()) await least.refill()
      putInOrder(waiting, least)
    }
    if (batch.length > 0) yield batch
  } finally {
    for (const reader of readers) await reader.close()
  }
}

/** Puts a run that has a next record in its place among those that wait, greatest path first. */
function putInOrder(waiting: RunReader[], reader: RunReader): void {
  const path = reader.current?.path
  if (path === undefined) return
  let low = 0
  let high = waiting.length
  while (low < high) {
    const middle = (low + high) >> 1
    if (comparePaths(waiting[middle]!.current!.path, path) > 0) low = middle + 1
    else high = middle
  }
  waiting.splice(low, 0, reader)
}

/** Records of one sorted run, a buffer at a time. */
class RunReader {
  current: RunEntry | null = null
  readonly #source: FileBytes
  readonly #cursor = new RecordCursor()
  #buffer: Buffer = Buffer.alloc(0)
  #at = 0
  #offset = 0

  private constructor(source: FileBytes) {
    this.#source = source
  }

  static async open(path: string): Promise<RunReader> {
    const reader = new RunReader(await FileBytes.open(path))
    await reader.refill()
    return reader
  }

  /** Steps to the next record in the buffer; false when the buffer has none left. */
  advance(): boolean {
    if (this.#cursor.read(this.#buffer, this.#at, this.#buffer.length) !== 'record') return false
    this.current = { path: this.#cursor.path(), bytes: this.#buffer.subarray(this.#cursor.start, this.#cursor.end) }
    this.#at = this.#cursor.end
    return true
  }

  /** Reads on; leaves `current` null at the end of the run. */
  async refill(): Promise<void> {
    this.current = null
    for (
      let bytes = MERGE_READ_BYTES;
      this.#offset < this.#source.bytes || this.#at < this.#buffer.length;
      bytes *= 2
    ) {
      const length = Math.min(bytes, this.#source.bytes - this.#offset)
      const read = await this.#source.read(this.#offset, length)
      this.#buffer = Buffer.concat([this.#buffer.subarray(this.#at), read])
      this.#offset += length
      this.#at = 0
      if (this.advance()) return
    }
  }

  close(): Promise<void> {
    return this.#source.close()
  }
}

/** Files in a temporary folder of their own, made when the first is needed. */
export class TempFiles {
  #dir: string | null = null
  #count = 0

  async newPath(): Promise<string> {
    this.#dir ??= await makeSystemTempDir()
    return join(this.#dir, String(this.#count++))
  }

  async create(): Promise<{ path: string; handle: FileHandle }> {
    const path = await this.newPath()
    return { path, handle: await open(path, 'wx', 0o600) }
  }

  async write(entries: readonly RunEntry[]): Promise<string> {
    const { path, handle } = await this.create()
    try {
      let parts: Buffer[] = []
      let length = 0
      for (const { bytes } of entries) {
        parts.push(bytes)
        length += bytes.length
        if (length < BLOCK_BYTES) continue
        await handle.appendFile(Buffer.concat(parts, length))
        parts = []
        length = 0
      }
      await handle.appendFile(Buffer.concat(parts, length))
    } finally {
      await handle.close()
    }
    return path
  }

  async remove(): Promise<void> {
    if (this.#dir !== null) await rm(this.#dir, { recursive: true, force: true })
    this.#dir = null
  }
}
