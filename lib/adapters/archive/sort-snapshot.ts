import { throwIfAborted } from '../../base/errors.ts'
import { type SnapshotHead, SnapshotReader, type SnapshotTail } from '../../domain/snapshot/read-snapshot.ts'
import { type AclTable, RecordCursor } from '../../domain/snapshot/record.ts'
import { BLOCK_BYTES } from '../../domain/snapshot/write-snapshot.ts'
import { type ByteSource, FileBytes, MemoryBytes } from './byte-source.ts'
import { toArchiveError } from './errors.ts'
import { IndexBuilder } from './index-snapshot.ts'
import { mergeRuns } from './intake/merge-runs.ts'
import { RunFile } from './intake/record-runs.ts'
import { RunBuffer } from './intake/run-buffer.ts'
import { letGo } from './let-go.ts'
import { TempFiles } from './run-files.ts'
import type { SnapshotBlock, SnapshotIndex } from './snapshot-index.ts'

/** Up to this size the ordered records stay in memory; beyond, they go through temporary files. */
const MEMORY_BYTES_MAX = 16 << 20
/** Bytes of one sorted run, which lies in memory until it is written. */
const RUN_BYTES = 16 << 20

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
  options: { signal?: AbortSignal; memoryBytesMax?: number; runBytes?: number } = {},
): Promise<SortedSnapshot> {
  const { signal, memoryBytesMax = MEMORY_BYTES_MAX, runBytes = RUN_BYTES } = options
  const reader = new SnapshotReader(bytes, { order: 'any', signal })
  const temp = new TempFiles()
  let runs = null as RunFile | null
  try {
    const head = await reader.readHead()
    const run = new RunBuffer(runBytes + BLOCK_BYTES)
    const write = async () => {
      runs ??= new RunFile(await temp.newPath())
      await run.write(runs)
    }
    let isFull = false
    const take = (record: RecordCursor) => {
      isFull = run.add(record) >= runBytes
    }
    while (await reader.visitRecords(take)) if (isFull) await write()
    const tail = await reader.readTail()
    if (runs === null && run.bytes <= memoryBytesMax) return { head, tail, ...buildInMemory(run.inOrder()) }
    await write()
    return { head, tail, ...(await mergeSorted(runs!, head.acls, temp, signal)) }
  } catch (error) {
    throw toArchiveError(error, 'putting the snapshot in order in the temporary folder')
  } finally {
    await runs?.remove()
    // The ordered file is open by now and lives on without a name: nothing is left behind, even by a process that is killed later.
    await temp.remove()
    await reader.close()
  }
}

/** Collects ordered records into blocks and their index. */
class BlockBuilder {
  readonly #blocks: SnapshotBlock[] = []
  readonly #builder = new IndexBuilder()
  #buffer: Buffer = Buffer.alloc(0)
  #length = 0
  #offset = 0
  #firstPath = ''

  /** Copies a record; gives the bytes of a block when one is full. */
  add(record: RecordCursor): Buffer | null {
    const { bytes, start, end } = record
    const size = end - start
    const full = this.#length > 0 && this.#length + size > BLOCK_BYTES ? this.#cut() : null
    if (this.#length === 0) {
      this.#firstPath = record.path()
      if (this.#buffer.length < size) this.#buffer = Buffer.allocUnsafeSlow(Math.max(size, BLOCK_BYTES))
    }
    this.#builder.add(record, this.#length === 0)
    bytes.copy(this.#buffer, this.#length, start, end)
    this.#length += size
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
    const bytes = this.#buffer.subarray(0, this.#length)
    this.#buffer = Buffer.alloc(0)
    const at = { offset: this.#offset, length: bytes.length, rawOffset: this.#offset, rawLength: bytes.length }
    this.#blocks.push({ ...at, firstPath: this.#firstPath })
    this.#offset += bytes.length
    this.#length = 0
    return bytes
  }
}

function buildInMemory(records: Iterable<RecordCursor>): { source: ByteSource; index: SnapshotIndex } {
  const builder = new BlockBuilder()
  const parts: Buffer[] = []
  for (const record of records) {
    const block = builder.add(record)
    if (block) parts.push(block)
  }
  const { last, index } = builder.finish()
  if (last) parts.push(last)
  return { source: new MemoryBytes(Buffer.concat(parts)), index }
}

async function mergeSorted(runs: RunFile, acls: AclTable, temp: TempFiles, signal: AbortSignal | undefined) {
  const { path, handle } = await temp.create()
  try {
    const builder = new BlockBuilder()
    const write = async (block: Buffer) => {
      throwIfAborted(signal)
      await handle.appendFile(block)
      letGo(block)
    }
    const record = new RecordCursor()
    for await (const { bytes } of mergeRuns(runs, acls, signal)) {
      for (let at = 0; record.read(bytes, at, bytes.length) === 'record'; at = record.end) {
        const block = builder.add(record)
        if (block) await write(block)
      }
      letGo(bytes)
    }
    const { last, index } = builder.finish()
    if (last) await write(last)
    return { source: await FileBytes.open(path), index }
  } finally {
    await handle.close()
  }
}
