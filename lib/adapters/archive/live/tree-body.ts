import { throwIfAborted } from '../../../base/errors.ts'
import { TreeDigest } from '../../../domain/snapshot/digest.ts'
import { RecordCursor } from '../../../domain/snapshot/record.ts'
import { EphemeralBook } from '../../../domain/txnlog/ephemeral-book.ts'
import { comparePaths } from '../../../domain/znode/order.ts'
import { isWithin, ROOT } from '../../../domain/znode/path.ts'
import type { ByteSource } from '../byte-source.ts'
import { BodyIndex, type RecordBlocks, RUN_BYTES, STRETCH_BYTES } from './body-index.ts'
import { ReadBuffers } from './read-buffers.ts'

/** Runs that are read at the same time. */
const READS_AT_ONCE = 8

/** The records of a plain snapshot in path order, found by path. */
export class TreeBody {
  readonly source: ByteSource
  readonly index: BodyIndex
  readonly znodes: number
  readonly #buffers = new ReadBuffers(2 * RUN_BYTES)

  constructor(source: ByteSource, index: BodyIndex, znodes: number) {
    this.source = source
    this.index = index
    this.znodes = znodes
  }

  /** Calls `found` for each of the paths that has a record, in any order; the cursor is valid during the call. */
  async find(paths: readonly string[], found: (record: RecordCursor, path: string) => void): Promise<void> {
    const byRun = new Map<number, string[]>()
    for (const path of paths) {
      const run = this.index.runOf(path)
      const wanted = byRun.get(run)
      if (wanted) wanted.push(path)
      else if (run >= 0) byRun.set(run, [path])
    }
    const runs = [...byRun]
    let next = 0
    const work = async () => {
      for (let one = runs[next++]; one !== undefined; one = runs[next++]) {
        const [run, wanted] = one
        const span = this.index.spanOf(run)
        await this.#buffers.read(this.source, span, (bytes) => findIn(bytes, span.length, wanted, found))
      }
    }
    await Promise.all(Array.from({ length: Math.min(READS_AT_ONCE, runs.length) }, work))
  }

  /** Every record at and below a path. */
  async visitSubtree(root: string, visit: (record: RecordCursor, path: string) => void): Promise<void> {
    const cursor = new RecordCursor()
    const buffers = new ReadBuffers(2 * STRETCH_BYTES)
    for (const span of this.index.stretches(Math.max(this.index.runOf(root), 0))) {
      const isOver = await buffers.read(this.source, span, (bytes) => {
        for (let at = 0; cursor.read(bytes, at, span.length) === 'record'; at = cursor.end) {
          const path = cursor.path()
          if (isWithin(path, root)) visit(cursor, path)
          else if (comparePaths(path, root) > 0) return true
        }
        return false
      })
      if (isOver) return
    }
  }

  close(): Promise<void> {
    return this.source.close()
  }
}

function findIn(
  bytes: Buffer,
  length: number,
  wanted: readonly string[],
  found: (record: RecordCursor, path: string) => void,
): void {
  const left = wanted.map((path) => ({ path, bytes: Buffer.from(path === ROOT ? '' : path) }))
  const cursor = new RecordCursor()
  for (let at = 0; cursor.read(bytes, at, length) === 'record'; at = cursor.end) {
    const { pathStart, pathEnd } = cursor
    for (const one of left) {
      if (one.bytes.length !== pathEnd - pathStart || one.bytes.compare(bytes, pathStart, pathEnd) !== 0) continue
      found(cursor, one.path)
      break
    }
  }
}

/** What a tree is, beside its records. */
export interface BodyFacts {
  readonly body: TreeBody
  readonly digest: bigint
  readonly asciiDigest: bigint
  readonly ephemerals: EphemeralBook
  /** Ids of ACL lists that records hold. */
  readonly usedAcls: ReadonlySet<bigint>
  /** The latest change that any record shows. */
  readonly lastChange: bigint
}

/** Goes once through the records of a file, which lie in blocks of whole ones. */
export async function surveyBody(
  source: ByteSource,
  blocks: RecordBlocks,
  visit: (record: RecordCursor, path: string) => void,
  signal?: AbortSignal,
): Promise<BodyFacts> {
  const index = new BodyIndex()
  const digest = new TreeDigest()
  const ephemerals = new EphemeralBook()
  const used = new UsedAcls()
  const cursor = new RecordCursor()
  let znodes = 0
  let lastChange = 0n
  let end = 0
  const buffers = new ReadBuffers(2 * STRETCH_BYTES)
  const survey = (bytes: Buffer, block: { readonly offset: number; readonly length: number }) => {
    for (let at = 0; cursor.read(bytes, at, block.length) === 'record'; at = cursor.end) {
      const path = cursor.path()
      if (index.isDue(block.offset + at)) index.begin(block.offset + at, path)
      digest.add(bytes, cursor)
      used.add(bytes, cursor.aclAt)
      if (bytes.readInt32BE(cursor.statAt + 44) !== 0 || bytes.readInt32BE(cursor.statAt + 48) !== 0) {
        ephemerals.add(bytes.readBigInt64BE(cursor.statAt + 44), path)
      }
      for (const field of [cursor.statAt, cursor.statAt + 8, cursor.statAt + 52]) {
        const zxid = bytes.readBigInt64BE(field)
        if (zxid > lastChange) lastChange = zxid
      }
      znodes++
      visit(cursor, path)
    }
  }
  for (const block of blocks) {
    throwIfAborted(signal)
    await buffers.read(source, block, (bytes) => survey(bytes, block))
    end = block.offset + block.length
  }
  index.finish(end)
  const body = new TreeBody(source, index, znodes)
  const [value, ascii] = [digest.value(), digest.asciiValue()]
  return { body, digest: value, asciiDigest: ascii, ephemerals, usedAcls: used.ids, lastChange }
}

/** Ids as they come by; neighbours mostly share one. */
export class UsedAcls {
  readonly ids = new Set<bigint>()
  #high = 0
  #low = 0

  add(bytes: Buffer, at: number): void {
    const high = bytes.readInt32BE(at)
    const low = bytes.readInt32BE(at + 4)
    if (high === this.#high && low === this.#low && this.ids.size > 0) return
    this.#high = high
    this.#low = low
    this.ids.add(bytes.readBigInt64BE(at))
  }
}
