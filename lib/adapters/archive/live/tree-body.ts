import { throwIfAborted } from '../../../base/errors.ts'
import { TreeDigest } from '../../../domain/snapshot/digest.ts'
import { RecordCursor } from '../../../domain/snapshot/record.ts'
import { EphemeralBook } from '../../../domain/txnlog/ephemeral-book.ts'
import { comparePaths } from '../../../domain/znode/order.ts'
import { isWithin, ROOT } from '../../../domain/znode/path.ts'
import { type ByteSource, FileBytes } from '../byte-source.ts'
import { letGo } from '../let-go.ts'
import { BodyIndex, type RecordBlocks } from './body-index.ts'

/** Runs that are read at the same time. */
const READS_AT_ONCE = 8

/** The records of a plain snapshot in path order, found by path. */
export class TreeBody {
  readonly source: ByteSource
  readonly index: BodyIndex
  readonly znodes: number

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
    for (let at = 0; at < runs.length; at += READS_AT_ONCE) {
      await Promise.all(runs.slice(at, at + READS_AT_ONCE).map(([run, wanted]) => this.#findIn(run, wanted, found)))
    }
  }

  async #findIn(
    run: number,
    wanted: readonly string[],
    found: (record: RecordCursor, path: string) => void,
  ): Promise<void> {
    const { offset, length } = this.index.spanOf(run)
    const bytes = await this.source.read(offset, length)
    const left = new Map<number, { readonly bytes: Buffer; readonly path: string }[]>()
    for (const path of wanted) {
      // The root's is empty.
      const encoded = Buffer.from(path === ROOT ? '' : path)
      const same = left.get(encoded.length)
      if (same) same.push({ bytes: encoded, path })
      else left.set(encoded.length, [{ bytes: encoded, path }])
    }
    const cursor = new RecordCursor()
    for (let at = 0; cursor.read(bytes, at, bytes.length) === 'record'; at = cursor.end) {
      const { pathStart, pathEnd } = cursor
      for (const one of left.get(pathEnd - pathStart) ?? []) {
        if (one.bytes.compare(bytes, pathStart, pathEnd) !== 0) continue
        found(cursor, one.path)
        break
      }
    }
    release(this.source, bytes)
  }

  /** Every record at and below a path. */
  async visitSubtree(root: string, visit: (record: RecordCursor, path: string) => void): Promise<void> {
    const cursor = new RecordCursor()
    for (const { offset, length } of this.index.stretches(Math.max(this.index.runOf(root), 0))) {
      const bytes = await this.source.read(offset, length)
      for (let at = 0; cursor.read(bytes, at, bytes.length) === 'record'; at = cursor.end) {
        const path = cursor.path()
        if (isWithin(path, root)) visit(cursor, path)
        else if (comparePaths(path, root) > 0) return
      }
      release(this.source, bytes)
    }
  }

  close(): Promise<void> {
    return this.source.close()
  }
}

/** What came from a file is ours alone; what lies in memory is shared. */
export function release(source: ByteSource, bytes: Buffer): void {
  if (source instanceof FileBytes) letGo(bytes)
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
  for (const block of blocks) {
    throwIfAborted(signal)
    const bytes = await source.read(block.offset, block.length)
    for (let at = 0; cursor.read(bytes, at, bytes.length) === 'record'; at = cursor.end) {
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
    end = block.offset + block.length
    release(source, bytes)
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
