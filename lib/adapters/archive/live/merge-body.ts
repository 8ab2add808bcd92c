import { type FileHandle, open } from 'node:fs/promises'
import { throwIfAborted } from '../../../base/errors.ts'
import { ADLER_START, adler32 } from '../../../domain/snapshot/adler32.ts'
import { TreeDigest } from '../../../domain/snapshot/digest.ts'
import { SnapshotError } from '../../../domain/snapshot/errors.ts'
import { RecordCursor, STAT_BYTES } from '../../../domain/snapshot/record.ts'
import { encodeSnapshotHead, encodeSnapshotTail } from '../../../domain/snapshot/write-snapshot.ts'
import type { TouchedNodes } from '../../../domain/txnlog/live-overlay.ts'
import type { OverlayNode } from '../../../domain/txnlog/node-store.ts'
import { comparePaths } from '../../../domain/znode/order.ts'
import { ROOT } from '../../../domain/znode/path.ts'
import { FileBytes } from '../byte-source.ts'
import type { AclBook } from './acl-book.ts'
import { BodyIndex } from './body-index.ts'
import { release, TreeBody, UsedAcls } from './tree-body.ts'

const OUT_BYTES = 1 << 20
const RECORD_OVERHEAD_BYTES = 4 + 4 + 8 + STAT_BYTES
const SLASH = 47

export interface MergeInput {
  readonly body: TreeBody
  readonly usedAcls: ReadonlySet<bigint>
  readonly touched: TouchedNodes
  readonly acls: AclBook
  readonly sessions: ReadonlyMap<bigint, number>
  readonly owners: Iterable<bigint>
  /** Of a new file. */
  readonly path: string
  readonly signal?: AbortSignal
}

export interface MergedBody {
  readonly body: TreeBody
  readonly usedAcls: ReadonlySet<bigint>
  /** Of what was written, over all of its records. */
  readonly digest: bigint
  /** Of the whole file. */
  readonly bytes: number
}

/**
 * Writes a tree with what was touched since as a native snapshot, without blocks behind its seal: records are copied as they lie, a MiB at a time, and
 * between two of those everything else runs.
 */
export async function mergeBody(input: MergeInput): Promise<MergedBody> {
  const changes = [...input.touched].map(toChange).sort((a, b) => comparePaths(a.path, b.path))
  const listed = new Set(input.usedAcls)
  for (const { node } of changes) if (node !== null) listed.add(input.acls.idOf(node.acl))
  const { sessions, owners, path, signal } = input
  const head = encodeSnapshotHead({ sessions, owners, acls: input.acls.entries(listed) })
  const file = await open(path, 'wx', 0o640)
  try {
    const out = new BodyWriter(file, head, input.acls)
    let next = 0
    const cursor = new RecordCursor()
    for (const { offset, length } of input.body.index.stretches()) {
      throwIfAborted(signal)
      const bytes = await input.body.source.read(offset, length)
      let from = 0
      for (let at = 0; cursor.read(bytes, at, bytes.length) === 'record'; at = cursor.end) {
        let change = changes[next]
        let order = change === undefined ? 1 : compareBytes(change.encoded, bytes, cursor)
        while (change !== undefined && order <= 0) {
          out.copyRun(bytes, from, cursor.start)
          from = order === 0 ? cursor.end : cursor.start
          if (change.node !== null) out.addNode(change.encoded, change.node)
          change = changes[++next]
          if (order === 0) break
          order = change === undefined ? 1 : compareBytes(change.encoded, bytes, cursor)
        }
        if (from <= cursor.start) out.see(bytes, cursor, cursor.start - from)
      }
      out.copyRun(bytes, from, bytes.length)
      await out.flush(OUT_BYTES)
      release(input.body.source, bytes)
    }
    for (; next < changes.length; next++) {
      const { encoded, node } = changes[next]!
      if (node !== null) out.addNode(encoded, node)
      await out.flush(OUT_BYTES)
    }
    const { index, znodes, digest, used, bytes } = await out.finish()
    await file.datasync()
    await file.close()
    return { body: new TreeBody(await FileBytes.open(path), index, znodes), usedAcls: used, digest, bytes }
  } catch (error) {
    await file.close()
    throw error
  }
}

interface Change {
  readonly path: string
  readonly encoded: Buffer
  readonly node: OverlayNode | null
}

function toChange([path, node]: [string, OverlayNode | null]): Change {
  return { path, encoded: Buffer.from(path === ROOT ? '' : path), node }
}

/** As comparePaths, of a path's bytes and those of a record: a slash comes before every other byte. */
function compareBytes(path: Buffer, bytes: Buffer, { pathStart, pathEnd }: RecordCursor): number {
  const shared = Math.min(path.length, pathEnd - pathStart)
  for (let i = 0; i < shared; i++) {
    const a = path[i]!
    const b = bytes[pathStart + i]!
    if (a !== b) return a === SLASH ? -1 : b === SLASH ? 1 : a - b
  }
  return path.length - (pathEnd - pathStart)
}

/** Gathers records into buffers of about a MiB, and what the new file's index and proof are made of. */
class BodyWriter {
  readonly #file: FileHandle
  readonly #acls: AclBook
  readonly #index = new BodyIndex()
  readonly #digest = new TreeDigest()
  readonly #used = new UsedAcls()
  readonly #cursor = new RecordCursor()
  #buffer = Buffer.allocUnsafeSlow(2 * OUT_BYTES)
  #length = 0
  /** Of what is in the file already. */
  #written = 0
  #adler = ADLER_START
  #znodes = 0

  constructor(file: FileHandle, head: Buffer, acls: AclBook) {
    this.#file = file
    this.#acls = acls
    this.#reserve(head.length)
    this.#append(head, 0, head.length)
  }

  /** Takes note of a record that lies `pending` bytes behind what was gathered, and is copied with its run. */
  see(bytes: Buffer, record: RecordCursor, pending: number): void {
    const offset = this.#written + this.#length + pending
    if (this.#index.isDue(offset)) this.#index.begin(offset, record.path())
    this.#digest.add(bytes, record)
    this.#used.add(bytes, record.aclAt)
    this.#znodes++
  }

  copyRun(bytes: Buffer, from: number, to: number): void {
    if (to <= from) return
    this.#reserve(to - from)
    this.#append(bytes, from, to)
  }

  addNode(path: Buffer, node: OverlayNode): void {
    const size = RECORD_OVERHEAD_BYTES + path.length + node.dataBytes
    this.#reserve(size)
    const { data, stat } = node
    const buffer = this.#buffer
    const start = this.#length
    let at = buffer.writeInt32BE(path.length, start)
    at += path.copy(buffer, at)
    at = buffer.writeInt32BE(data === null ? -1 : data.length, at)
    if (data !== null) {
      buffer.set(data, at)
      at += data.length
    }
    at = buffer.writeBigInt64BE(this.#acls.idOf(node.acl), at)
    at = buffer.writeBigInt64BE(stat.czxid, at)
    at = buffer.writeBigInt64BE(stat.mzxid, at)
    at = buffer.writeBigInt64BE(BigInt(stat.ctime), at)
    at = buffer.writeBigInt64BE(BigInt(stat.mtime), at)
    at = buffer.writeInt32BE(stat.version, at)
    at = buffer.writeInt32BE(stat.cversion, at)
    at = buffer.writeInt32BE(stat.aversion, at)
    at = buffer.writeBigInt64BE(stat.ephemeralOwner, at)
    at = buffer.writeBigInt64BE(stat.pzxid, at)
    this.#cursor.read(buffer, start, at)
    this.see(buffer, this.#cursor, 0)
    this.#length = at
  }

  /** Writes out what was gathered, when it is that much. */
  async flush(from: number): Promise<void> {
    if (this.#length < from) return
    this.#adler = adler32(this.#adler, this.#buffer, 0, this.#length)
    for (let at = 0; at < this.#length; ) {
      const { bytesWritten } = await this.#file.write(this.#buffer, at, this.#length - at, this.#written + at)
      at += bytesWritten
    }
    this.#written += this.#length
    this.#length = 0
  }

  async finish() {
    await this.flush(0)
    this.#index.finish(this.#written)
    for (const id of this.#used.ids) this.#assertKnown(id)
    const { tail } = encodeSnapshotTail(this.#adler)
    this.#reserve(tail.length)
    this.#append(tail, 0, tail.length)
    await this.flush(0)
    return {
      index: this.#index,
      znodes: this.#znodes,
      digest: this.#digest.value(),
      used: this.#used.ids,
      bytes: this.#written,
    }
  }

  #assertKnown(id: bigint): void {
    if (this.#acls.has(id)) return
    throw new SnapshotError('UNKNOWN_ACL', `znodes have the ACL ${id}, which neither snapshot nor transactions tell`)
  }

  #reserve(bytes: number): void {
    if (this.#length + bytes <= this.#buffer.length) return
    const grown = Buffer.allocUnsafeSlow(Math.max(this.#length + bytes, this.#buffer.length * 2))
    this.#buffer.copy(grown, 0, 0, this.#length)
    this.#buffer = grown
  }

  #append(bytes: Buffer, from: number, to: number): void {
    bytes.copy(this.#buffer, this.#length, from, to)
    this.#length += to - from
  }
}
