import { rm } from 'node:fs/promises'
import { throwIfAborted } from '../../base/errors.ts'
import { type SnapshotHead, SnapshotReader, type SnapshotTail } from '../../domain/snapshot/read-snapshot.ts'
import { BLOCK_BYTES } from '../../domain/snapshot/write-snapshot.ts'
import { type ByteSource, FileBytes, MemoryBytes } from './byte-source.ts'
import { toArchiveError } from './errors.ts'
import { IndexBuilder } from './index-snapshot.ts'
import { mergeRunFiles, type RunEntry, sortRun, TempFiles } from './run-files.ts'
import type { SnapshotBlock, SnapshotIndex } from './snapshot-index.ts'

/** Up to this size the ordered records stay in memory; beyond, they go through temporary files. */
const MEMORY_BYTES_MAX = 16 << 20
/** Cost of one sorted run in memory: raw bytes plus an estimate for the objects. */
const RUN_COST_MAX = 32 << 20
const ENTRY_COST = 240

export interface SortedSnapshot {
  readonly source: ByteSource
  readonly index: SnapshotIndex
  readonly head: SnapshotHead
  readonly tail: SnapshotTail
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
    let run: RunEntry[] = []
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
        runs.push(await temp.write(sortRun(run)))
        run = []
        cost = 0
      }
    }
    const tail = await reader.readTail()
    if (runs.length === 0 && rawBytes <= (options.memoryBytesMax ?? MEMORY_BYTES_MAX)) {
      return { head, tail, ...buildInMemory(sortRun(run)) }
    }
    runs.push(await temp.write(sortRun(run)))
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

/** Collects ordered records into blocks and their index. */
class BlockBuilder {
  readonly #blocks: SnapshotBlock[] = []
  readonly #builder = new IndexBuilder()
  #parts: Buffer[] = []
  #length = 0
  #offset = 0
  #firstPath = ''

  /** Gives the bytes of a block when one is full. */
  add(entry: RunEntry): Buffer | null {
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

function buildInMemory(entries: readonly RunEntry[]): { source: ByteSource; index: SnapshotIndex } {
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
  const { path, handle } = await temp.create()
  try {
    const builder = new BlockBuilder()
    for await (const entries of mergeRunFiles(runs)) {
      for (const entry of entries) {
        const block = builder.add(entry)
        if (!block) continue
        throwIfAborted(signal)
        await handle.appendFile(block)
      }
    }
    const { last, index } = builder.finish()
    if (last) await handle.appendFile(last)
    return { source: await FileBytes.open(path), index }
  } finally {
    await handle.close()
    for (const run of runs) await rm(run, { force: true })
  }
}
