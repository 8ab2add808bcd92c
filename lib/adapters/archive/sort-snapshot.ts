import { type FileHandle, mkdtemp, open, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { throwIfAborted } from '../../base/errors.ts'
import { type SnapshotHead, SnapshotReader, type SnapshotTail } from '../../domain/snapshot/read-snapshot.ts'
import { RecordCursor } from '../../domain/snapshot/record.ts'
import { BLOCK_BYTES } from '../../domain/snapshot/write-snapshot.ts'
import { comparePaths } from '../../domain/znode/order.ts'
import { type ByteSource, FileBytes, MemoryBytes } from './byte-source.ts'
import { toArchiveError } from './errors.ts'
import { IndexBuilder } from './index-snapshot.ts'
import type { SnapshotBlock, SnapshotIndex } from './snapshot-index.ts'

/** Up to this size the ordered records stay in memory; beyond, they go through temporary files. */
const MEMORY_BYTES_MAX = 16 << 20
/** Cost of one sorted run in memory: raw bytes plus an estimate for the objects. */
const RUN_COST_MAX = 32 << 20
const ENTRY_COST = 240
const MERGE_READ_BYTES = 256 << 10

export interface SortedSnapshot {
  readonly source: ByteSource
  readonly index: SnapshotIndex
  readonly head: SnapshotHead
  readonly tail: SnapshotTail
}

interface Entry {
  readonly path: string
  readonly bytes: Buffer
}

/**
 * Puts the znodes of a snapshot in path order: an external merge sort with bounded memory. Servers write siblings in the order of a Java
 * hash table, so their files can be neither merged nor searched as they lie. Records are copied byte for byte. The whole file is
 * checked on the way. Temporary space: twice the uncompressed size, below the system's temporary folder.
 */
export async function sortSnapshot(
  bytes: AsyncIterable<Uint8Array>,
  options: { signal?: AbortSignal; memoryBytesMax?: number; runCostMax?: number } = {},
): Promise<SortedSnapshot> {
  const reader = new SnapshotReader(bytes, { order: 'any', signal: options.signal })
  const temp = new TempFiles()
  try {
    const head = await reader.readHead()
    const runs: string[] = []
    let run: Entry[] = []
    let rawBytes = 0
    let cost = 0
    let more = true
    while (more) {
      more = await reader.visitRecords((record, path) => {
        const view = record.bytes.subarray(record.start, record.end)
        run.push({ path, bytes: view })
        rawBytes += view.length
        cost += view.length + ENTRY_COST
      })
      if (cost > (options.runCostMax ?? RUN_COST_MAX)) {
        runs.push(await temp.write(sorted(run)))
        run = []
        cost = 0
      }
    }
    const tail = await reader.readTail()
    if (runs.length === 0 && rawBytes <= (options.memoryBytesMax ?? MEMORY_BYTES_MAX)) {
      return { head, tail, ...buildInMemory(sorted(run)) }
    }
    runs.push(await temp.write(sorted(run)))
    run = []
    return { head, tail, ...(await mergeRuns(runs, temp, options.signal)) }
  } catch (error) {
    throw toArchiveError(error, 'putting the snapshot in order in the temporary folder')
  } finally {
    // The ordered file is open by now and lives on without a name: nothing is left behind, even by a process that is killed later.
    await temp.remove()
    await reader.close()
  }
}

function sorted(run: Entry[]): Entry[] {
  return run.sort((a, b) => comparePaths(a.path, b.path))
}

/** Collects ordered records into blocks and their index. */
class BlockBuilder {
  readonly #blocks: SnapshotBlock[] = []
  readonly #builder = new IndexBuilder()
  #parts: Buffer[] = []
  #length = 0
  #offset = 0
  #firstPath = ''

  /** Gives the bytes of a block when one is full. */
  add(entry: Entry): Buffer | null {
    const full = this.#length > 0 && this.#length + entry.bytes.length > BLOCK_BYTES ? this.#cut() : null
    this.#builder.add(entry.path, this.#length === 0)
    if (this.#length === 0) this.#firstPath = entry.path
    this.#parts.push(entry.bytes)
    this.#length += entry.bytes.length
    return full
  }

  finish(): { last: Buffer | null; index: SnapshotIndex } {
    const last = this.#length > 0 ? this.#cut() : null
    const empty = { offset: 0, length: 0, rawOffset: 0, rawLength: 0 }
    const end = { ...empty, offset: this.#offset, rawOffset: this.#offset }
    const index: SnapshotIndex = {
      compression: 'none',
      head: empty,
      blocks: this.#blocks,
      tail: end,
      parents: this.#builder.finish(),
    }
    return { last, index }
  }

  #cut(): Buffer {
    const bytes = Buffer.concat(this.#parts, this.#length)
    const at = { offset: this.#offset, length: bytes.length, rawOffset: this.#offset, rawLength: bytes.length }
    this.#blocks.push({ ...at, firstPath: this.#firstPath })
    this.#offset += bytes.length
    this.#parts = []
    this.#length = 0
    return bytes
  }
}

function buildInMemory(entries: readonly Entry[]): { source: ByteSource; index: SnapshotIndex } {
  const builder = new BlockBuilder()
  const parts: Buffer[] = []
  for (const entry of entries) {
    const block = builder.add(entry)
    if (block) parts.push(block)
  }
  const { last, index } = builder.finish()
  if (last) parts.push(last)
  return { source: new MemoryBytes(Buffer.concat(parts)), index }
}

async function mergeRuns(runs: readonly string[], temp: TempFiles, signal: AbortSignal | undefined) {
  const readers: RunReader[] = []
  const { path, handle } = await temp.create()
  try {
    for (const run of runs) readers.push(await RunReader.open(run))
    const builder = new BlockBuilder()
    // Kept in the order of their next paths, least last: taking one costs a few comparisons, however many runs there are.
    const waiting: RunReader[] = []
    for (const reader of readers) putInOrder(waiting, reader)
    for (let least = waiting.pop(); least?.current; least = waiting.pop()) {
      const block = builder.add(least.current)
      if (block) {
        throwIfAborted(signal)
        await handle.appendFile(block)
      }
      if (!least.advance()) await least.refill()
      putInOrder(waiting, least)
    }
    const { last, index } = builder.finish()
    if (last) await handle.appendFile(last)
    return { source: await FileBytes.open(path), index }
  } finally {
    await handle.close()
    for (const reader of readers) await reader.close()
    for (const run of runs) await rm(run, { force: true })
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
  current: Entry | null = null
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
class TempFiles {
  #dir: string | null = null
  #count = 0

  async create(): Promise<{ path: string; handle: FileHandle }> {
    this.#dir ??= await mkdtemp(join(tmpdir(), 'arkeeper-'))
    const path = join(this.#dir, String(this.#count++))
    return { path, handle: await open(path, 'wx', 0o600) }
  }

  async write(entries: readonly Entry[]): Promise<string> {
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
